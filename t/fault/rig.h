// SPDX-License-Identifier: Apache-2.0
// What every fault test stands on: the real program with one worker process, in front of an origin
// whose connections are played by a function of the test, one thread each.
//
//     Rig rig("location / { proxy_pass http://origin; }", [](Peer& peer) { ... });
//     Reply reply = rig.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
//     rig.expect_calm();   // alive, no report, descriptors and connections as before
//
// The worker runs alone (master_process off), so that its pid, memory and descriptors are the
// child's.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http.h"
#include "net.h"
#include "ports.h"
#include "server.h"

namespace sluice::fault {

using runner::in_seconds;
using runner::Io;
using runner::Socket;

/// A connection that the origin accepted.
struct Peer {
    Socket socket;
    std::string pending;  // read and not yet taken
    /// The next head, with its empty line; false: the connection ended.
    bool head(std::string& out);
    /// `n` bytes of what follows; false: it ended before.
    bool take(size_t n, std::string& out);
    /// A whole chunked body, decoded; false: it ended before.
    bool chunked(std::string& out);
    void send(std::string_view bytes) { socket.write_all(bytes, in_seconds(10)); }
};

struct Reply {
    std::string bytes;
    std::vector<runner::Response> all;
    Io end = Io::ok;  // ok: still open
    const runner::Response& last() const { return all.back(); }
    bool complete() const { return !all.empty() && all.back().complete; }
    std::string code() const { return all.empty() ? "" : all.back().code; }
};

/// Reads until `finals` complete responses or the end.
Reply read_reply(Socket& socket, const std::string& method = "GET", size_t finals = 1,
                 double seconds = 10);

class Rig
{
public:
    using Play = std::function<void(Peer&)>;
    Rig(const std::string& locations, Play play, const std::string& http = "");
    ~Rig();

    Socket connect() const { return Socket::connect(address()); }
    std::string address() const { return std::to_string(ports_.at(0)); }
    int origin_port() const { return ports_.at(1); }
    Reply ask(const std::string& bytes, const std::string& method = "GET") const;

    int pid() const { return pid_; }
    int descriptors() const;
    long resident_kb() const;
    int origin_connections() const { return accepted_; }
    std::string error_log() const { return server_.read("logs/error.log"); }
    std::string access_log() const { return server_.read("logs/access.log"); }
    void write(const std::string& path, const std::string& bytes) const
    {
        server_.write(path, bytes);
    }
    std::string root() const { return server_.root(); }
    void signal(int number) const;
    /// Waits until it is: descriptors at the baseline, one active connection, alive.
    void expect_calm();
    /// The error log gets an [alert] line with this text, which is then no fault.
    void expect_alert(const std::string& text);
    /// Stops it; checks exit code and reports. The destructor does it too.
    void finish();

private:
    void accept_loop(const Play& play);

    runner::Ports ports_;
    runner::Server server_;
    Socket listener_;
    std::atomic<bool> stop_ = false;
    std::atomic<int> accepted_ = 0, playing_ = 0;
    std::thread acceptor_;
    int pid_ = 0, baseline_ = 0;
    bool finished_ = false, alerts_ = false;
};

}  // namespace sluice::fault
