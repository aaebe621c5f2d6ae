// SPDX-License-Identifier: Apache-2.0
// Ends that take their time: what holds a worker, what ends it, and who is told.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fleet.h"

namespace sluice::fault {
namespace {

using runner::Io;
using runner::Socket;

// A server with a proxy, and an origin that the test plays.
class Drain : public ::testing::Test
{
protected:
    bool begin(const std::string& main)
    {
        origin_ = Socket::listen(std::to_string(fleet.port(1)));
        fleet.configure(
            main, "location / { proxy_pass http://127.0.0.1:" + std::to_string(fleet.port(1)) +
                      "; proxy_http_version 1.1; proxy_set_header Upgrade "
                      "$http_upgrade; proxy_set_header Connection upgrade; }");
        return fleet.start();
    }
    // A request that has reached the origin.
    Socket ask(const std::string& head, Socket& at_origin)
    {
        Socket client = Socket::connect(std::to_string(fleet.port()));
        client.write_all(head + "\r\nHost: a\r\n\r\n", in_seconds(5));
        at_origin = origin_.accept(in_seconds(5));
        std::string bytes;
        EXPECT_EQ(at_origin.read_some(bytes, in_seconds(5)), Io::ok);
        return client;
    }
    // A WebSocket through the proxy; `first` is what the server says at once.
    Socket upgrade(Socket& at_origin, const std::string& protocol, const std::string& first)
    {
        Socket client =
            ask("GET /ws HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: " + protocol, at_origin);
        at_origin.write_all("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: " +
                                protocol + "\r\n\r\n" + first,
                            in_seconds(5));
        std::string bytes;
        while (bytes.find("\r\n\r\n") == std::string::npos || !bytes.ends_with(first))
            if (client.read_some(bytes, in_seconds(5)) != Io::ok) {
                ADD_FAILURE() << bytes;
                break;
            }
        return client;
    }
    std::string rest(Socket& socket)
    {
        std::string bytes;
        while (socket.read_some(bytes, in_seconds(10)) == Io::ok)
            ;
        return bytes;
    }
    Fleet fleet;
    Socket origin_;
};

const std::string hello("\x81\x02hi", 4);
const std::string close_1012("\x88\x02\x03\xf4", 4);

TEST_F(Drain, EndsWithTheTimeoutAndTellsWebSockets)
{
    ASSERT_TRUE(begin("worker_shutdown_timeout 500ms;")) << fleet.read("logs/out");
    Socket origin[4];
    Socket plain = ask("GET /slow HTTP/1.1", origin[0]);
    Socket talking = upgrade(origin[1], "websocket", hello);
    Socket within = upgrade(origin[2], "WebSocket", hello + std::string("\x82\x7e\x01\x00part", 8));
    Socket other = upgrade(origin[3], "x", hello);
    auto begun = runner::Clock::now();
    ASSERT_EQ(fleet.run({"-s", "quit"}).code, 0);
    EXPECT_EQ(rest(talking), close_1012);
    double took = std::chrono::duration<double>(runner::Clock::now() - begun).count();
    EXPECT_GT(took, 0.4);
    EXPECT_LT(took, 3);
    EXPECT_EQ(rest(origin[1]), std::string("\x88\x82\0\0\0\0\x03\xf4", 8));
    EXPECT_EQ(rest(within), "");  // in the middle of a frame there is nothing to say
    EXPECT_EQ(rest(other), "");
    EXPECT_EQ(rest(plain), "");
    EXPECT_EQ(fleet.wait_end(), 0);
    std::string log = fleet.log();
    EXPECT_NE(log.find("waiting for 4 requests: 127.0.0.1 \"GET "), std::string::npos) << log;
    EXPECT_NE(log.find("worker_shutdown_timeout is over, closing what is in flight: 4 requests: "),
              std::string::npos)
        << log;
}

TEST_F(Drain, AReloadTellsThemToo)
{
    ASSERT_TRUE(begin("worker_shutdown_timeout 100ms;")) << fleet.read("logs/out");
    Socket origin;
    Socket client = upgrade(origin, "websocket", "");
    // Both sides talk through it, in pieces.
    std::string bytes;
    client.write_all(std::string("\x81\x82mmmm", 6), in_seconds(5));
    origin.read_some(bytes, in_seconds(5));
    client.write_all("12", in_seconds(5));
    ASSERT_EQ(origin.read_some(bytes, in_seconds(5)), Io::ok);
    ASSERT_EQ(fleet.run({"-s", "reload"}).code, 0);
    EXPECT_EQ(rest(client), close_1012);
}

TEST_F(Drain, WorkersSayTheirGenerationAndThatTheyLeave)
{
    ASSERT_TRUE(begin("")) << fleet.read("logs/out");
    Socket origin;
    Socket client = ask("GET /slow HTTP/1.0", origin);
    int old = fleet.workers().at(0);
    auto title = [](int pid) { return std::string(proc_file(pid, "cmdline").c_str()); };
    EXPECT_EQ(title(old), "nginx: worker process (generation 1)");
    ASSERT_EQ(fleet.run({"-s", "reload"}).code, 0);
    EXPECT_TRUE(eventually([&] {
        return title(old) == "nginx: worker process is shutting down (generation 1)";
    })) << title(old);
    EXPECT_TRUE(eventually([&] { return fleet.workers().size() == 2; }));
    origin.write_all("HTTP/1.0 200 OK\r\n\r\nlate", in_seconds(5));
    origin.close();
    EXPECT_TRUE(rest(client).ends_with("late"));
    EXPECT_TRUE(eventually([&] { return !lives(old); }));
    EXPECT_EQ(title(fleet.workers().at(0)), "nginx: worker process (generation 2)");
}

TEST_F(Drain, TermIsGracefulWhenAskedToBe)
{
    ASSERT_TRUE(begin("graceful_term on;")) << fleet.read("logs/out");
    Socket origin;
    Socket client = ask("GET /slow HTTP/1.0", origin);
    fleet.signal(SIGTERM);
    send(fleet.workers().at(0), SIGTERM);  // as managers do that signal every process
    EXPECT_TRUE(eventually([&] { return fleet.ask().empty(); }));
    EXPECT_EQ(fleet.wait_end(0.3), -1);
    origin.write_all("HTTP/1.0 200 OK\r\n\r\nlate", in_seconds(5));
    origin.close();
    EXPECT_TRUE(rest(client).ends_with("late"));
    EXPECT_EQ(fleet.wait_end(), 0) << fleet.log();
}

TEST_F(Drain, SecondTermAndStopAreNot)
{
    for (bool stop : {false, true}) {
        ASSERT_TRUE(begin("graceful_term on;")) << fleet.read("logs/out");
        Socket origin;
        Socket client = ask("GET /slow HTTP/1.0", origin);
        if (stop) {
            EXPECT_EQ(fleet.run({"-s", "stop"}).code, 0);
        } else {
            fleet.signal(SIGTERM);
            EXPECT_EQ(fleet.wait_end(0.3), -1);
            fleet.signal(SIGTERM);
        }
        EXPECT_EQ(fleet.wait_end(5), 0) << fleet.log();
        EXPECT_EQ(rest(client), "");
        origin_.close();
    }
}

// In a container: PID 1 of a namespace, logs to the standard streams.
TEST_F(Drain, AsProcessOneTermDrainsAndStrangersAreReaped)
{
    ASSERT_NE(fleet.run({"-v"}).code, -1);
    // unshare(CLONE_NEWPID) is for the next child: not of this process, whose others would follow.
    auto in_container = [] {
        if (::unshare(CLONE_NEWPID) != 0)
            ::_exit(77);
        pid_t first = ::fork();
        if (first != 0) {
            int status = 0;
            ::waitpid(first, &status, 0);
            ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
        }
    };
    origin_ = Socket::listen(std::to_string(fleet.port(1)));
    fleet.configure("error_log stderr info;",
                    "access_log /dev/stdout; location / { proxy_pass "
                    "http://127.0.0.1:" +
                        std::to_string(fleet.port(1)) + "; }");
    if (!fleet.start({}, in_container)) {
        if (fleet.read("logs/out").empty())
            GTEST_SKIP() << "no pid namespaces here";
        FAIL() << fleet.read("logs/out");
    }
    EXPECT_EQ(fleet.pid(), 1);
    int init = children(fleet.started()).at(0);
    // An orphan falls to PID 1; here one that we put into its namespace.
    std::string orphan = "nsenter -t " + std::to_string(init) +
                         " -p sh -c 'sh -c \"sleep 0.2; exit 3\" &' >/dev/null 2>&1";
    bool entered = std::system(orphan.c_str()) == 0;
    Socket at_origin;
    Socket client = ask("GET /slow HTTP/1.0", at_origin);
    if (entered) {
        EXPECT_TRUE(eventually([&] {
            return fleet.read("logs/out").find("unknown process") != std::string::npos;
        })) << fleet.read("logs/out");
        EXPECT_EQ(children(init).size(), 1u);  // no zombie: the worker alone
    }
    send(init, SIGTERM);
    EXPECT_EQ(fleet.wait_end(0.3), -1);
    at_origin.write_all("HTTP/1.0 200 OK\r\n\r\nlate", in_seconds(5));
    at_origin.close();
    EXPECT_TRUE(rest(client).ends_with("late"));
    EXPECT_EQ(fleet.wait_end(), 0) << fleet.read("logs/out");
    std::string out = fleet.read("logs/out");
    EXPECT_NE(out.find("\"GET /slow HTTP/1.0\" 200 4"), std::string::npos) << out;
    EXPECT_NE(out.find("gracefully shutting down"), std::string::npos) << out;
}

}  // namespace
}  // namespace sluice::fault
