// SPDX-License-Identifier: Apache-2.0
// Crew: the workers of one generation as far as accepting goes. Made by the master before it forks
// them, used by all. It has a bell for each worker (an eventfd: "look at your listeners again") and
// the baton: who holds it has the listeners with accept=mutex registered, nobody else has.
//
// The baton is handed on, never contended for: its holder passes it after `quantum` connections to
// the worker with the fewest, so the load is even and an idle crew sleeps. When the holder is
// killed or stopped the master, which hears of both at once, gives it to another. A holder whose
// turn takes longer than accept_mutex_delay loses it to any worker that has connections.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/net/scoreboard.h"
#include "core/os/fd.h"
#include "core/os/shared_memory.h"

namespace sluice::net {

class Crew
{
public:
    /// Descriptors: one a worker. False when they, or memory, cannot be had.
    Crew(size_t workers, uint32_t generation, const Scoreboard& scoreboard);
    explicit operator bool() const { return good_; }

    size_t size() const { return bells_.size(); }
    /// Wakes a worker. Any number of rings may be heard as one.
    void ring(size_t worker) const;
    void ring_all() const;
    int bell(size_t worker) const { return bells_[worker].get(); }

    /// The worker that has the baton.
    size_t holder() const { return *baton_; }
    /// From `from`, if it has it; false when somebody took it meanwhile.
    bool pass(size_t from, size_t to);
    /// By the master, when `worker` has ended or was stopped: the baton goes to another that
    /// serves, and all look at their listeners again, because nobody may rely on its room now.
    void lost(size_t worker);

    /// The worker, other than `self`, with the fewest clients that has room and is not busy for
    /// long; size() when there is none.
    size_t least_loaded(size_t self) const;
    /// Its line; null when it has none now.
    const WorkerLine* line(size_t worker) const;

private:
    bool can_accept(const WorkerLine& line) const;

    uint32_t generation_;
    const Scoreboard& scoreboard_;
    std::vector<os::Fd> bells_;
    os::SharedMemory memory_;
    std::atomic<uint32_t>* baton_ = nullptr;
    bool good_ = false;
};

}  // namespace sluice::net
