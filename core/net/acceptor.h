// SPDX-License-Identifier: Apache-2.0
// Acceptors: all listeners of one worker, and who of the crew accepts next.
//
//   exclusive  every worker has the listener registered with EPOLLEXCLUSIVE. The kernel wakes the
//              one that has been registered longest, so a worker that has accepted `quantum`
//              clients registers anew, behind the others.
//   mutex      only the worker with the crew's baton has it registered.
//   reuseport  each worker has a socket of its own; the kernel spreads clients by a hash. It goes
//              on doing so when a worker is killed or stopped (SIGSTOP): until that one serves
//              again, the next one round the circle accepts from its socket, too.
//
// Level-triggered listeners take one client per wake-up (multi_accept: up to 64); edge-triggered
// ones are drained, at most 256 at once, and registered anew after whatever kept them from it, so
// they never go deaf. A worker without room steps aside while another has some. When nobody has,
// the client is turned away as fd_exhaustion says. See room.h.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/base/log.h"
#include "core/event/loop.h"
#include "core/net/crew.h"
#include "core/net/listen.h"
#include "core/net/room.h"
#include "core/net/scoreboard.h"
#include "core/net/turn_away.h"

namespace sluice::net {

/// What a worker knows of itself and the others; all of it outlives its connections.
struct Post {
    const Scoreboard& scoreboard;
    WorkerLine& line;
    Crew& crew;
    size_t index = 0;
    bool multi_accept = false;
    ms mutex_delay{500};
};

/// Who gets what was accepted.
class AcceptSink
{
public:
    /// A client, and the slot that it may take. `listener` counts as add() did.
    virtual void accepted(os::Fd client, os::Address peer, size_t listener) = 0;
    /// What a client of this listener is told when there is no room; empty: only a close. The
    /// first `without_body` bytes are for HEAD. Valid while the sink is.
    struct Refusal {
        std::string_view text;
        size_t without_body = 0;
    };
    virtual Refusal refusal(size_t listener) = 0;

protected:
    ~AcceptSink() = default;
};

class Acceptors
{
public:
    Acceptors(const Post& post, Room& room, const Log& log, AcceptSink& sink);
    ~Acceptors();
    Acceptors(const Acceptors&) = delete;

    /// Begins to listen with this worker's sockets of the set.
    void add(const ListenSet& set);
    /// Nothing stays registered; the baton goes to another. Clients that are being turned away are
    /// finished.
    void end();
    /// Clients before another worker's turn comes. Handing on the baton wakes that worker.
    static constexpr uint32_t quantum = 8, baton_quantum = 24;

private:
    class One;
    class Bell;
    class Watchman;
    friend class One;
    void refresh();
    bool step_aside();
    void hand_on();
    void stand_in();
    bool serves(size_t worker) const;
    void turn_away(os::Fd client, size_t listener);
    bool has_baton() const { return post_.crew.holder() == post_.index; }

    Post post_;
    Room& room_;
    const Log& log_;
    AcceptSink& sink_;
    std::vector<std::unique_ptr<One>> all_;
    std::unique_ptr<Bell> bell_;
    std::unique_ptr<Watchman> watchman_;
    TurnAway turned_away_;
    size_t listeners_ = 0;
    uint32_t taken_ = 0;  // with the baton
    bool aside_ = false, ended_ = false, any_mutex_ = false, any_others_ = false;
};

}  // namespace sluice::net
