// SPDX-License-Identifier: Apache-2.0
// Shared zones of the real program, with a master and its workers: what a worker held that was
// killed with -9 is given back, a reload keeps what it must and a refused one changes nothing.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "rig.h"

namespace sluice::fault {
namespace {

using runner::sleep_seconds;

class Crowd
{
public:
    explicit Crowd(int workers) : workers_(workers), silent_(Socket::listen(address(1))) {}
    ~Crowd() { finish(); }

    std::string address(int i = 0) const { return std::to_string(ports_.at(i)); }
    void configure(const std::string& http, const std::string& locations)
    {
        server_.write("conf/nginx.conf",
                      "daemon off; worker_processes " + std::to_string(workers_) +
                          "; pid logs/nginx.pid; error_log logs/error.log info;\n"
                          "events { worker_connections 256; }\n"
                          "http {\n  access_log off;\n" +
                          http + "\n  server {\n    listen 127.0.0.1:" + address() + ";\n" +
                          // Nobody answers there: a request that is held.
                          "    location /hold { proxy_pass http://127.0.0.1:" + address(1) +
                          "; }\n" + locations + "\n  }\n" +
                          // The same zones without their limits.
                          "  server {\n    listen 127.0.0.1:" + address(2) +
                          ";\n    status prometheus;\n  }\n}\n");
    }
    void start()
    {
        ASSERT_TRUE(server_.start(address(), 20)) << log();
        std::ifstream(server_.root() + "/logs/nginx.pid") >> master_;
    }
    /// True: the next workers serve. False: the log says `refused`.
    bool reload(const std::string& refused = "none") const
    {
        size_t before = count("gracefully shutting down");
        ::kill(master_, SIGHUP);
        for (runner::Deadline end = in_seconds(20); runner::Clock::now() < end; sleep_seconds(0.01))
            if (count("gracefully shutting down") == before + static_cast<size_t>(workers_))
                return true;
            else if (count(refused) > 0)
                return false;
        ADD_FAILURE() << log();
        return false;
    }

    std::string code(const std::string& path) const
    {
        Socket socket = Socket::connect(address());
        socket.write_all("GET " + path + " HTTP/1.0\r\n\r\n", in_seconds(5));
        return read_reply(socket).code();
    }
    /// A request that stays: it has come through to the upstream server, which says nothing.
    Socket hold()
    {
        Socket socket = Socket::connect(address());
        socket.write_all("GET /hold HTTP/1.0\r\n\r\n", in_seconds(5));
        held_.push_back(silent_.accept(in_seconds(10)));
        EXPECT_TRUE(held_.back().open()) << "refused";
        return socket;
    }
    /// Until this is the answer, at most 10 s.
    bool eventually(const std::string& path, const std::string& wanted) const
    {
        for (runner::Deadline end = in_seconds(10); runner::Clock::now() < end; sleep_seconds(0.01))
            if (code(path) == wanted)
                return true;
        return false;
    }
    /// Until nothing is counted in any zone, at most 10 s.
    bool empty() const
    {
        for (runner::Deadline end = in_seconds(10); runner::Clock::now() < end;
             sleep_seconds(0.02)) {
            Socket socket = Socket::connect(address(2));
            socket.write_all("GET / HTTP/1.0\r\n\r\n", in_seconds(5));
            std::istringstream page(read_reply(socket).bytes);
            int zones = 0, used = 0;
            for (std::string line; std::getline(page, line);)
                if (line.starts_with("sluice_zone_used_bytes{")) {
                    ++zones;
                    used += !line.ends_with("} 0");
                }
            if (zones > 0 && used == 0)
                return true;
        }
        return false;
    }
    std::vector<int> workers() const
    {
        std::string path = "/proc/" + std::to_string(master_) + "/task/" + std::to_string(master_);
        std::ifstream in(path + "/children");
        std::vector<int> pids;
        for (int pid; in >> pid;)
            pids.push_back(pid);
        return pids;
    }
    std::string log() const { return server_.read("logs/error.log"); }
    size_t count(const std::string& text) const
    {
        std::string all = log();
        size_t n = 0;
        for (size_t at = all.find(text); at != all.npos; at = all.find(text, at + 1))
            ++n;
        return n;
    }

    void finish()
    {
        if (std::exchange(finished_, true))
            return;
        runner::Ended ended = server_.stop();
        EXPECT_FALSE(ended.killed);
        EXPECT_EQ(ended.code, 0);
        std::string err = server_.read("logs/stderr.log");
        EXPECT_EQ(err.find("Sanitizer"), std::string::npos) << err;
        EXPECT_EQ(err.find("runtime error"), std::string::npos) << err;
        if (::testing::Test::HasFailure())
            server_.keep();
    }

private:
    runner::Ports ports_;
    int workers_;
    Socket silent_;
    std::vector<Socket> held_;
    runner::Server server_;
    int master_ = 0;
    bool finished_ = false;
};

const std::string conn_zone = "  limit_conn_zone $server_port zone=c:64k;\n";
const std::string limited = "    limit_conn c 3;\n    location /free { return 204; }\n";

TEST(Zones, WhatAKilledWorkerHeldIsGivenBack)
{
    Crowd crowd(2);
    crowd.configure(conn_zone, limited + "    location /file { alias conf/; }\n");
    crowd.start();
    Socket held[3] = {crowd.hold(), crowd.hold(), crowd.hold()};
    ASSERT_TRUE(crowd.eventually("/file/nginx.conf", "503"));
    for (int pid : crowd.workers())
        ::kill(pid, SIGKILL);
    EXPECT_TRUE(crowd.empty());
    EXPECT_NE(crowd.log().find("states of process"), std::string::npos);
    // All three places are there again, and no more.
    Socket again[3] = {crowd.hold(), crowd.hold(), crowd.hold()};
    EXPECT_TRUE(crowd.eventually("/file/nginx.conf", "503"));
}

TEST(Zones, AReloadKeepsStatesWhoseZoneIsTheSame)
{
    Crowd crowd(2);
    auto req_zone = [](const std::string& key, const std::string& rate) {
        return "  limit_req_zone " + key + " zone=r:64k rate=" + rate + ";\n";
    };
    const std::string page = "    location /file { limit_req zone=r; alias conf/; }\n";
    crowd.configure(req_zone("$server_port", "1r/m"), page);
    crowd.start();
    EXPECT_EQ(crowd.code("/file/nginx.conf"), "200");
    EXPECT_EQ(crowd.code("/file/nginx.conf"), "503");
    ASSERT_TRUE(crowd.reload());
    EXPECT_EQ(crowd.code("/file/nginx.conf"), "503");
    // Another rate is no other zone; a refused configuration is nothing at all.
    crowd.configure(req_zone("$server_port", "2r/m"), page);
    ASSERT_TRUE(crowd.reload());
    EXPECT_EQ(crowd.code("/file/nginx.conf"), "503");
    crowd.configure(req_zone("$server_addr", "2r/m"), page + "    nonsense;\n");
    EXPECT_FALSE(crowd.reload("unknown directive"));
    EXPECT_EQ(crowd.code("/file/nginx.conf"), "503");
    crowd.configure(req_zone("$server_addr", "2r/m"), page);
    ASSERT_TRUE(crowd.reload());
    EXPECT_EQ(crowd.code("/file/nginx.conf"), "200");
    EXPECT_NE(crowd.log().find("zone \"r\" is another now: it begins empty"), std::string::npos);
}

TEST(Zones, AnOldWorkersRequestsCountAcrossAReload)
{
    Crowd crowd(1);
    crowd.configure(conn_zone, "    limit_conn c 1;\n    location /file { alias conf/; }\n");
    crowd.start();
    Socket held = crowd.hold();
    ASSERT_TRUE(crowd.eventually("/file/nginx.conf", "503"));
    ASSERT_TRUE(crowd.reload());
    EXPECT_EQ(crowd.code("/file/nginx.conf"), "503");
    held.close();
    EXPECT_TRUE(crowd.eventually("/file/nginx.conf", "200"));
}

// Workers die all the time while others serve; then nothing is counted any more, no cell is lost.
TEST(Zones, KilledAgainAndAgainUnderLoad)
{
    Crowd crowd(4);
    crowd.configure(
        "  limit_conn_zone $server_port zone=c:64k;\n"
        "  limit_conn_zone $arg_k zone=d:64k;\n",
        "    limit_conn c 3;\n    limit_conn d 2;\n"
        "    location /busy { limit_conn_log_level info; alias conf/; }\n");
    crowd.start();
    std::atomic<bool> stop = false;
    std::atomic<int> answers = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 6; ++i)
        clients.emplace_back([&, i] {
            for (int n = 0; !stop; ++n) {
                std::string key(static_cast<size_t>(1 + (n * 7 + i) % 120), 'k');
                std::string code = crowd.code("/busy/nginx.conf?k=" + key);
                answers += code == "200" || code == "503";
            }
        });
    int kills = 0;
    for (runner::Deadline end = in_seconds(6); runner::Clock::now() < end; ++kills) {
        // The oldest: one that dies young would be replaced late.
        sleep_seconds(0.3);
        std::vector<int> pids = crowd.workers();
        if (!pids.empty())
            ::kill(*std::min_element(pids.begin(), pids.end()), SIGKILL);
    }
    stop = true;
    for (std::thread& client : clients)
        client.join();
    EXPECT_GT(kills, 10);
    EXPECT_GT(answers, 100);
    EXPECT_TRUE(crowd.empty()) << crowd.log().substr(0, 3000);
}

}  // namespace
}  // namespace sluice::fault
