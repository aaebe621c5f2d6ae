// SPDX-License-Identifier: Apache-2.0
// Board: what all workers know of the peers of one configuration, in memory that they share. It is
// made before they are forked; a peer that the running configuration has too (same group, same
// address) keeps its state, and workers of both then share it. Nothing is locked.
//
// Each worker counts in cells of its own; a peer's `in_use` is their sum. A worker may be killed at
// any instruction: the master then takes back what its cells say. Only a count that was being
// changed just then is in doubt, so a worker notes in its row which one it changes, and that one is
// added up again.
//
// What probes found out belongs to one configuration, as its workers do the probing; a reload takes
// over the results of checks that stay the same.
//
// Addresses that are found while serving (names that lead elsewhere now) get one of `spares`
// states, which all configurations of a master share. Behind them a worker has its own. Where their
// group has checks and names they get one of `health_spares` places for results, of this
// configuration; one that nobody has probed for ten minutes is given to the next. One without is
// not probed.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/counter.h"
#include "core/os/shared_memory.h"
#include "core/upstream/peer.h"

namespace sluice::upstream {

class Board
{
public:
    static constexpr size_t max_workers = 512;  // as of net::Scoreboard
    static constexpr size_t spares = 1024, health_spares = 512;

    Board();
    ~Board();

    /// One peer of a group with these checks.
    struct Entry {
        Peer* peer;
        const std::vector<CheckSpec>* checks;
    };
    /// By the master. `running` may be null. `names`: some that have checks come while serving. ""
    /// or why not.
    std::string open(const Board* running, const std::vector<Entry>& entries, bool names = false);
    /// By a worker, before it picks. `line` is its number; one without counts for itself.
    void begin(size_t line, int pid);
    /// By a worker, of a peer that it has found: may leave it its own state.
    void adopt(Peer& peer);
    /// The same of what probes find out about it.
    void adopt_health(Peer& peer, const std::vector<CheckSpec>& checks);
    /// By the master: this process has ended.
    void forget(int pid);

    /// Of all workers that there were.
    struct Sum {
        uint64_t in_use = 0, idle = 0, requests = 0, failures = 0;
    };
    Sum sum(const Peer& peer) const;

private:
    struct Segment;
    struct Place {
        std::shared_ptr<Segment> segment;
        uint32_t slot = 0;
    };
    void give(Peer& peer, const Place& place) const;
    void use(const std::shared_ptr<Segment>& segment);
    std::string open_health(const Board* running, const std::vector<Entry>& entries, bool names);
    PeerHealth* spare_health(uint64_t key, bool& fresh);

    std::unordered_map<uint64_t, Place> places_;  // by key
    std::vector<Peer*> peers_;                    // that have one
    std::vector<std::shared_ptr<Segment>> segments_;
    std::shared_ptr<Segment> spare_;
    os::SharedMemory health_;                            // of this configuration alone
    std::unordered_map<uint64_t, PeerHealth*> healths_;  // by key
    PeerHealth* spare_healths_ = nullptr;                // health_spares of them
    size_t line_ = max_workers;
};

}  // namespace sluice::upstream
