// SPDX-License-Identifier: Apache-2.0
// Service: http as the process layer sees it. One per generation: it holds the configuration
// (Main), and in a worker the listeners' watches and the live connections.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/list.h"
#include "core/event/loop.h"
#include "core/http/config.h"
#include "core/http/connection.h"
#include "core/net/acceptor.h"
#include "core/net/listen.h"
#include "core/net/scoreboard.h"

namespace sluice::http {

/// Whether clients' first bytes tend to be there when they are accepted. Where they are not, only
/// one of many is asked.
class Eagerness
{
public:
    bool worth_trying() { return score_ > 0 || ++skipped_ % 32 == 0; }
    void tried(bool found) { score_ = found ? std::min(score_ + 1, 8) : std::max(score_ - 1, -8); }

private:
    int score_ = 1;
    uint32_t skipped_ = 0;
};

class Service : public net::AcceptSink, private event::TurnEnd
{
public:
    Service();
    ~Service();

    std::vector<conf::DirectiveSet> directives();
    void* main_conf(const void* tag);
    void finish(conf::Diagnostics& diag, const Log& log, const std::string& prefix);
    /// Instead of finish() where directives have failed: names of variables and zones that nobody
    /// defines. It is of no other use afterwards.
    void check_names(conf::Diagnostics& diag);
    std::vector<net::ListenSpec> listens() const;
    /// For temporary files, each once.
    std::vector<std::string> directories() const;

    /// `post` and `room` outlive the service.
    void start(const net::ListenSockets& sockets, const net::Post& post, net::Room& room,
               std::function<void()> drained);
    void quit();
    bool quitting() const { return quitting_; }
    std::string remaining();
    /// Before the connections are cut: how many clients could be told.
    size_t say_farewell();

    Main& main() { return *main_; }
    const Main& main() const { return *main_; }
    /// Of this worker.
    net::ConnectionCounts& counters() { return line_->connections; }
    net::ResolverCounts& name_counts() { return line_->names; }
    net::Room& room() { return *room_; }
    Eagerness& eager() { return eager_; }
    /// Starts the coroutine of a connection that does not idle.
    void serve(Connection& c) { scope_.start(c.serve(c), &c.cancel); }
    /// The connection is over: destroys it.
    void end(Connection& c);
    /// Of all workers.
    const net::Scoreboard& scoreboard() const { return *scoreboard_; }
    /// Of this worker, once it serves.
    int pid() const { return pid_; }

    FrameArena& frames() const { return event::Loop::current().frames(); }

    /// Where the configuration was read, once a second. False: there is nothing to look after.
    bool tend();

private:
    void accepted(os::Fd client, os::Address peer, size_t listener) override;
    void turn_ended() override;
    Refusal refusal(size_t listener) override;
    void check_drained();

    std::unique_ptr<Main> main_;
    const net::Scoreboard* scoreboard_ = nullptr;
    net::WorkerLine* line_ = nullptr;
    int pid_ = 0;
    net::Room* room_ = nullptr;
    std::unique_ptr<net::Acceptors> acceptors_;
    std::string refusal_;
    Eagerness eager_;
    List<Connection> live_;           // ours
    std::vector<Connection*> fresh_;  // of this turn
    event::Scope scope_;              // dropped before what it serves
    std::vector<std::shared_ptr<void>> engines_;
    std::function<void()> drained_;
    uint64_t next_number_ = 1;
    bool quitting_ = false;
};

}  // namespace sluice::http
