// SPDX-License-Identifier: Apache-2.0
// What the processes hold open: nothing that a program that they execute would inherit, and the
// start-up check that counts it.
#include <gtest/gtest.h>

#include <filesystem>

#include "fleet.h"

namespace sluice::fault {
namespace {

using runner::Io;
using runner::Socket;

// "N → what it is" of each descriptor that exec would keep, but the standard ones.
std::string kept_by_exec(int pid, int& seen)
{
    std::string kept;
    std::error_code none;
    for (const auto& e : std::filesystem::directory_iterator(proc_file_path(pid, "fd"), none)) {
        std::string number = e.path().filename();
        std::string info = proc_file(pid, "fdinfo/" + number);
        size_t at = info.find("flags:");
        if (std::stoi(number) < 3 || at == std::string::npos)
            continue;
        ++seen;
        constexpr unsigned long close_on_exec = 02000000;
        if (!(std::stoul(info.substr(at + 6), nullptr, 8) & close_on_exec))
            kept += number + " → " + std::filesystem::read_symlink(e.path(), none).string() + "\n";
    }
    return kept;
}

// Listeners of each kind, clients that idle, upload and download, connections to a server, files.
TEST(Descriptors, AreAllCloseOnExecAndNobodyForks)
{
    Fleet fleet;
    Socket origin = Socket::listen(std::to_string(fleet.port(1)));
    std::string servers;
    for (int i : {2, 3, 4})
        servers += "server { listen 127.0.0.1:" + std::to_string(fleet.port(i)) +
                   (i == 2   ? " reuseport"
                    : i == 3 ? " accept=mutex"
                             : "") +
                   "; location / { return 200 ok; } }\n";
    fleet.configure("worker_processes 2;",
                    "listen unix:" + fleet.root() +
                        "/socket; access_log logs/access.log; open_file_cache max=10;"
                        "location / { return 200 ok; } location /file { root html; }"
                        "location /up { client_body_buffer_size 1k; proxy_pass http://127.0.0.1:" +
                        std::to_string(fleet.port(1)) + "; }",
                    servers + "limit_req_zone $server_port zone=r:64k rate=1r/s;");
    fleet.write("html/file", std::string(16 << 20, 'f'));
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    ASSERT_TRUE(eventually([&] { return fleet.workers().size() == 2; }));
    std::vector<Socket> clients, upstream;
    auto send_to = [&](int port, const std::string& bytes) {
        clients.push_back(Socket::connect(std::to_string(fleet.port(port))));
        clients.back().write_all(bytes, in_seconds(5));
    };
    for (int i = 0; i < 6; ++i) {
        for (int port : {0, 2, 3, 4})
            send_to(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        send_to(0, "GET /file HTTP/1.1\r\nHost: a\r\n\r\n");  // and does not read it
        send_to(0, "GET /up HTTP/1.1\r\nHost: a\r\n\r\n");
        upstream.push_back(origin.accept(in_seconds(5)));
        ASSERT_TRUE(upstream.back().open());
        send_to(0, "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" +
                       std::string(50000, 'b'));
    }
    sleep_seconds(0.3);
    int of_workers = 0, of_master = 0;
    EXPECT_EQ(kept_by_exec(fleet.pid(), of_master), "");
    EXPECT_GE(of_master, 8);  // listeners, logs, signals
    for (int worker : fleet.workers()) {
        EXPECT_EQ(kept_by_exec(worker, of_workers), "");
        EXPECT_TRUE(children(worker).empty());
        std::string status = proc_file(worker, "status");
        EXPECT_NE(status.find("\nThreads:\t1\n"), std::string::npos);
    }
    EXPECT_GE(of_workers, 6 * 9);  // each client, connection to the origin, and file
}

TEST(Descriptors, WhatDoesNotFitTheLimitIsSaidAtStart)
{
    Fleet fleet;
    fleet.configure("worker_rlimit_nofile 100;", "");
    Said said = fleet.run({"-t"});
    EXPECT_EQ(said.code, 0);
    EXPECT_NE(said.text.find("[warn] 512 worker_connections exceed open file resource limit: 100"),
              std::string::npos)
        << said.text;
    // With what is no connection, it is too many.
    fleet.events = "worker_connections 95;";
    fleet.configure("worker_rlimit_nofile 100;", "");
    said = fleet.run({"-t"});
    EXPECT_EQ(said.code, 0);
    EXPECT_NE(said.text.find("[warn] 95 worker_connections with listeners, logs and reserve_fds "
                             "need "),
              std::string::npos)
        << said.text;
    fleet.events = "worker_connections 40;";
    fleet.configure("worker_rlimit_nofile 100;", "");
    EXPECT_EQ(fleet.run({"-t"}).text.find("[warn]"), std::string::npos);
    // A socket of each worker, in each worker.
    fleet.listen_options = "reuseport";
    fleet.configure("worker_processes 16; worker_rlimit_nofile 100;", "");
    EXPECT_NE(fleet.run({"-t"}).text.find("descriptors of each worker, the limit is 100"),
              std::string::npos);
}

}  // namespace
}  // namespace sluice::fault
