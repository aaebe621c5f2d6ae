// SPDX-License-Identifier: Apache-2.0
// A worker that is stopped (SIGSTOP, a debugger) inside a zone's lock keeps the lock. The others
// serve on: without the limit meanwhile, which the log says, and with it afterwards.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "fleet.h"

namespace sluice::fault {
namespace {

using runner::Io;
using runner::Socket;

class Stopped : public testing::Test
{
protected:
    void start(const std::string& http, const std::string& server)
    {
        std::string stop = fleet.root() + "/stop";
        // As root where we are: a worker removes the file that stops it.
        fleet.configure(::geteuid() == 0 ? "user root; worker_processes 2;" : "worker_processes 2;",
                        server +
                            " location = /m { status prometheus; }"
                            " location /free/ { alias html/; }",
                        http);
        fleet.write("html/a", "a");
        ASSERT_TRUE(fleet.start({}, [&] {
            ::setenv("LD_PRELOAD", ERRNO_SHIM, 1);
            ::setenv("SLUICE_FAULT_STOP", stop.c_str(), 1);
            std::string asan = std::getenv("ASAN_OPTIONS") ? std::getenv("ASAN_OPTIONS") : "";
            ::setenv("ASAN_OPTIONS", (asan + ":verify_asan_link_order=0").c_str(), 1);
        })) << fleet.read("logs/out");
    }
    Socket begin(const std::string& path)
    {
        Socket socket = Socket::connect(std::to_string(fleet.port()));
        socket.write_all("GET " + path + " HTTP/1.0\r\nHost: a\r\n\r\n", in_seconds(5));
        return socket;
    }
    // The worker that gets this request stops with the lock in its hand.
    int stop_one(const std::string& path, Socket& asked)
    {
        fleet.write("stop", "");
        asked = begin(path);
        int stopped = 0;
        EXPECT_TRUE(eventually([&] {
            for (int pid : fleet.workers())
                if (proc_file(pid, "stat").find(") T ") != std::string::npos)
                    stopped = pid;
            return stopped != 0;
        })) << fleet.log();
        return stopped;
    }
    // That many answers, each within half a second.
    void expect_code(const std::string& path, const std::string& wanted, int times)
    {
        for (int i = 0; i < times; ++i) {
            auto began = runner::Clock::now();
            EXPECT_EQ(fleet.ask(path).substr(0, 3), wanted) << i << path;
            EXPECT_LT(runner::Clock::now() - began, std::chrono::milliseconds(500)) << i << path;
        }
    }
    long metric(const std::string& name)
    {
        std::string text = fleet.ask("/m");
        size_t at = text.find("\n" + name + "{");
        at = at == std::string::npos ? at : text.find("} ", at);
        return at == std::string::npos ? -1 : std::atol(text.c_str() + at + 2);
    }
    Fleet fleet;
};

const std::string said = "is locked by a process that does not go on";

TEST_F(Stopped, LimitReqLetsPassUntilItsLockIsFree)
{
    start("limit_req_zone $server_port zone=r:64k rate=1r/m;",
          "location /limited/ { limit_req zone=r; alias html/; }");
    expect_code("/limited/a", "200", 1);
    expect_code("/limited/a", "503", 3);
    Socket asked;
    int stopped = stop_one("/limited/a", asked);
    ASSERT_NE(stopped, 0);
    auto began = runner::Clock::now();
    expect_code("/limited/a", "200", 200);
    expect_code("/free/a", "200", 20);
    double seconds = std::chrono::duration<double>(runner::Clock::now() - began).count();
    std::printf("200 requests without the lock took %.2f s\n", seconds);
    EXPECT_LT(seconds, 5);
    EXPECT_GE(metric("sluice_zone_lock_missed_total"), 200);
    size_t lines = count(fleet.log(), said);
    EXPECT_GE(lines, 1u) << fleet.log();
    EXPECT_LE(static_cast<double>(lines), seconds + 2);
    send(stopped, SIGCONT);
    std::string bytes;
    while (asked.read_some(bytes, in_seconds(5)) == Io::ok) {
    }
    EXPECT_TRUE(bytes.starts_with("HTTP/1.1 503 ")) << bytes;
    EXPECT_TRUE(eventually([&] { return fleet.ask("/limited/a").starts_with("503"); }));
    expect_code("/limited/a", "503", 20);
}

// The dead let go, also of what they were stopped in.
TEST_F(Stopped, AHolderThatIsKilledLetsGo)
{
    start("limit_req_zone $server_port zone=r:64k rate=1r/m;",
          "location /limited/ { limit_req zone=r; alias html/; }");
    expect_code("/limited/a", "200", 1);
    Socket asked;
    int stopped = stop_one("/limited/a", asked);
    ASSERT_NE(stopped, 0);
    expect_code("/limited/a", "200", 5);
    send(stopped, SIGKILL);
    EXPECT_TRUE(eventually([&] { return fleet.ask("/limited/a").starts_with("503"); }));
    EXPECT_EQ(count(fleet.log(), "a process died while it changed zone \"r\""), 1u);
    EXPECT_EQ(fleet.log().find("exited on signal 6"), std::string::npos);
}

// What was counted and ended meanwhile is given back.
TEST_F(Stopped, LimitConnPaysBackWhatItOwes)
{
    Socket silent = Socket::listen(std::to_string(fleet.port(1)));
    start("limit_conn_zone $server_port zone=c:64k;",
          "location /hold { limit_conn c 8; proxy_pass http://127.0.0.1:" +
              std::to_string(fleet.port(1)) +
              "; } location /limited/ { limit_conn c 8; alias html/; }");
    std::vector<Socket> held, upstream;
    for (int i = 0; i < 8; ++i) {
        held.push_back(begin("/hold"));
        upstream.push_back(silent.accept(in_seconds(5)));
        ASSERT_TRUE(upstream.back().open());
    }
    expect_code("/limited/a", "503", 3);
    Socket asked;
    int stopped = stop_one("/limited/a", asked);
    ASSERT_NE(stopped, 0);
    expect_code("/limited/a", "200", 20);
    held.clear();  // of the one that runs they end now, while it cannot count
    sleep_seconds(0.3);
    expect_code("/limited/a", "200", 20);
    send(stopped, SIGCONT);
    EXPECT_TRUE(eventually([&] { return metric("sluice_zone_states") == 0; }, 5))
        << metric("sluice_zone_states");
    expect_code("/limited/a", "200", 3);
}

}  // namespace
}  // namespace sluice::fault
