// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

namespace sluice::fault {

using runner::sleep_seconds;

namespace {

std::string configuration(int port, int origin, const std::string& locations,
                          const std::string& http)
{
    auto text = [](int n) { return std::to_string(n); };
    return "daemon off; master_process off; pid logs/nginx.pid; error_log logs/error.log info;\n"
           "events { worker_connections 512; }\n"
           "http {\n"
           "  access_log logs/access.log;\n"
           "  upstream origin { server 127.0.0.1:" +
           text(origin) + "; keepalive 8; }\n" + http +
           "  server {\n"
           "    listen 127.0.0.1:" +
           text(port) +
           ";\n"
           "    location = /status { stub_status; access_log off; }\n" +
           locations +
           "  }\n"
           "}\n";
}

}  // namespace

bool Peer::head(std::string& out)
{
    size_t end;
    while ((end = pending.find("\r\n\r\n")) == std::string::npos)
        if (socket.read_some(pending, in_seconds(20)) != Io::ok)
            return false;
    out = pending.substr(0, end + 4);
    pending.erase(0, end + 4);
    return true;
}

bool Peer::take(size_t n, std::string& out)
{
    while (pending.size() < n)
        if (socket.read_some(pending, in_seconds(20)) != Io::ok)
            return false;
    out += pending.substr(0, n);
    pending.erase(0, n);
    return true;
}

bool Peer::chunked(std::string& out)
{
    for (;;) {
        size_t end;
        while ((end = pending.find("\r\n")) == std::string::npos)
            if (socket.read_some(pending, in_seconds(20)) != Io::ok)
                return false;
        size_t n = std::stoul(pending.substr(0, end), nullptr, 16);
        pending.erase(0, end + 2);
        std::string line_end;
        if (!take(n, out) || !take(2, line_end))
            return false;
        if (n == 0)
            return true;
    }
}

Reply read_reply(Socket& socket, const std::string& method, size_t finals, double seconds)
{
    Reply reply;
    runner::Deadline deadline = in_seconds(seconds);
    for (;;) {
        reply.end = socket.read_some(reply.bytes, deadline);
        bool closed = reply.end == Io::eof || reply.end == Io::error;
        reply.all.clear();
        std::string_view rest = reply.bytes;
        size_t done = 0;
        while (!rest.empty()) {
            reply.all.push_back(runner::parse_response(rest, method, closed));
            done += reply.all.back().complete && !reply.all.back().interim();
        }
        if (reply.end != Io::ok || done >= finals)
            return reply;
    }
}

Rig::Rig(const std::string& locations, Play play, const std::string& http)
    : listener_(Socket::listen(std::to_string(ports_.at(1))))
{
    acceptor_ = std::thread([this, play = std::move(play)] { accept_loop(play); });
    server_.write("conf/nginx.conf", configuration(ports_.at(0), ports_.at(1), locations, http));
    if (!server_.start(address(), 20))
        ADD_FAILURE() << "it did not start: " << server_.read("logs/stderr.log") << error_log();
    std::ifstream(server_.root() + "/logs/nginx.pid") >> pid_;
    ask("GET /status HTTP/1.0\r\n\r\n");
    sleep_seconds(0.05);
    baseline_ = descriptors();
}

Rig::~Rig()
{
    finish();
    stop_ = true;
    acceptor_.join();
    while (playing_ > 0)
        sleep_seconds(0.005);
}

void Rig::accept_loop(const Play& play)
{
    while (!stop_) {
        Socket socket = listener_.accept(in_seconds(0.05));
        if (!socket.open())
            continue;
        ++accepted_;
        ++playing_;
        std::thread([this, play, s = std::move(socket)]() mutable {
            Peer peer{std::move(s), {}};
            play(peer);
            peer.socket.close();
            --playing_;
        }).detach();
    }
}

Reply Rig::ask(const std::string& bytes, const std::string& method) const
{
    Socket socket = connect();
    socket.write_all(bytes, in_seconds(10));
    return read_reply(socket, method);
}

int Rig::descriptors() const
{
    int n = 0;
    std::error_code gone;
    for (auto it =
             std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/fd", gone);
         !gone && it != std::filesystem::directory_iterator(); it.increment(gone))
        ++n;
    return n;
}

long Rig::resident_kb() const
{
    std::ifstream in("/proc/" + std::to_string(pid_) + "/status");
    for (std::string word; in >> word;)
        if (word == "VmRSS:") {
            long kb = 0;
            in >> kb;
            return kb;
        }
    return -1;
}

void Rig::signal(int number) const
{
    ::kill(pid_, number);
}

void Rig::expect_calm()
{
    std::string status;
    int open = 0;
    for (runner::Deadline deadline = in_seconds(10); runner::Clock::now() < deadline;
         sleep_seconds(0.05)) {
        status = ask("GET /status HTTP/1.0\r\n\r\n").bytes;
        sleep_seconds(0.02);
        open = descriptors();
        // Up to 8 idle connections to the origin may stay.
        if (status.find("Active connections: 1 ") != std::string::npos && open >= baseline_ &&
            open <= baseline_ + 8)
            return;
    }
    ADD_FAILURE() << "not calm: " << open << " descriptors, " << baseline_ << " at first\n"
                  << status << error_log().substr(0, 3000);
}

void Rig::expect_alert(const std::string& text)
{
    alerts_ = true;
    std::string log;
    for (runner::Deadline deadline = in_seconds(10); runner::Clock::now() < deadline;
         sleep_seconds(0.02)) {
        log = error_log();
        size_t at = log.find(text);
        if (at != std::string::npos && log.rfind("[alert]", at) > log.rfind('\n', at))
            return;
    }
    ADD_FAILURE() << "no [alert] with \"" << text << "\":\n" << log.substr(0, 3000);
}

void Rig::finish()
{
    if (std::exchange(finished_, true))
        return;
    runner::Ended ended = server_.stop();
    EXPECT_FALSE(ended.killed) << "it did not stop";
    EXPECT_EQ(ended.code, 0);
    std::string log = error_log(), err = server_.read("logs/stderr.log");
    EXPECT_EQ(err.find("Sanitizer"), std::string::npos) << err;
    EXPECT_EQ(err.find("runtime error"), std::string::npos) << err;
    if (!alerts_)
        EXPECT_EQ(log.find("[alert]"), std::string::npos) << log.substr(0, 4000);
    if (::testing::Test::HasFailure())
        server_.keep();
}

}  // namespace sluice::fault
