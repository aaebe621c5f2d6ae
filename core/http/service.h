// SPDX-License-Identifier: Apache-2.0
// Service: http as the process layer sees it. One per generation: it holds the configuration
// (Main), and in a worker the listeners' watches and the live connections.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/list.h"
#include "core/event/loop.h"
#include "core/http/config.h"
#include "core/http/connection.h"
#include "core/net/listen.h"
#include "core/net/scoreboard.h"

namespace sluice::http {

class Service
{
public:
    Service();
    ~Service();

    std::vector<conf::DirectiveSet> directives();
    void* main_conf(const void* tag);
    void finish(conf::Diagnostics& diag, const Log& log, const std::string& prefix);
    std::vector<net::ListenSpec> listens() const;
    /// Of client_body_temp_path, each once.
    std::vector<std::string> directories() const;

    /// What a worker serves with; scoreboard and line outlive the service.
    struct Post {
        size_t worker_connections = 512;
        bool multi_accept = false;
        const net::Scoreboard& scoreboard;
        net::WorkerLine& line;
    };
    void start(const net::ListenSockets& sockets, const Post& post, std::function<void()> drained);
    void quit();
    bool quitting() const { return quitting_; }
    std::string remaining() const;

    Main& main() { return *main_; }
    const Main& main() const { return *main_; }
    /// Of this worker.
    size_t connections_in_use = 0;  // clients and upstreams, as worker_connections counts
    size_t max_connections = 512;
    net::ConnectionCounts& counters() { return line_->connections; }
    /// Of all workers.
    const net::Scoreboard& scoreboard() const { return *scoreboard_; }

    /// Makes room by closing the connection that has idled longest; false when none idles.
    bool shed_idle();

    FrameArena& frames() const { return event::Loop::current().frames(); }

private:
    class Acceptor;
    friend class Acceptor;
    /// A connection's coroutine owns it.
    Task<void> live(Service& self, std::unique_ptr<Connection> c);
    void accept(Acceptor& acceptor, int fd, const Listener& listener);
    void check_drained();

    std::unique_ptr<Main> main_;
    const net::Scoreboard* scoreboard_ = nullptr;
    net::WorkerLine* line_ = nullptr;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
    List<Connection> live_;
    event::Scope scope_;  // dropped before what it serves
    std::function<void()> drained_;
    uint64_t next_number_ = 1;
    bool multi_accept_ = false;
    bool quitting_ = false;
    bool started_ = false;
};

}  // namespace sluice::http
