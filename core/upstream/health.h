// SPDX-License-Identifier: Apache-2.0
// Health: what probes found out about a peer (active checks; for failures of requests see
// PeerState). In memory that the workers of one configuration share, see board.h. Each check of a
// group has its place in all of its peers.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice::upstream {

/// A check of a group, as the board has to know it.
struct CheckSpec {
    uint64_t identity = 0;    // of what is asked and expected: a reload that keeps it keeps results
    bool mandatory = false;   // nobody is given requests before a probe succeeded
    bool persistent = false;  // mandatory, but after a reload what was known before counts
};

/// What is known of one peer by one check. Times of the steady clock, in milliseconds.
struct CheckState {
    enum Health : uint32_t { unknown, up, down };

    uint64_t identity;
    std::atomic<int> prober;   // the process that asks; 0: nobody yet
    std::atomic<int64_t> due;  // of the next probe
    std::atomic<uint32_t> health;
    std::atomic<uint32_t> passes, fails;          // in a row; one of them is 0
    std::atomic<uint64_t> probes, probes_failed;  // ever
};

/// Of one peer.
struct alignas(64) PeerHealth {
    static constexpr size_t most = 4;  // checks of a group

    std::atomic<uint64_t> key;  // of whose it is, where that was found while serving
    std::atomic<uint32_t> out;  // a bit for each check that keeps it from being given requests
    CheckState checks[most];
};

}  // namespace sluice::upstream
