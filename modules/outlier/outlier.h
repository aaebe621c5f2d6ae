// SPDX-License-Identifier: Apache-2.0
// The judge of `outlier`: a server that answers worse than others rests for a while, although it
// answers. Counts of all workers together, in windows of time; whoever ends a window judges.
#pragma once

#include "core/upstream/balancer.h"

namespace sluice::outlier {

struct Rules {
    uint32_t bad_percent = 50;    // of answers: 5xx, or none; 0: does not matter
    double slow_factor = 0;       // times the median of the group; 0: does not matter
    uint32_t least = 20;          // answers in a window, fewer say nothing
    ms interval{10000};           // of a window
    ms rest{30000};               // the first time; twice, three times as long the next ones
    uint32_t panic_percent = 50;  // never are more than these sent to rest
};

class Judge final : public upstream::Judge
{
public:
    explicit Judge(Rules rules) : rules_(rules) {}
    void ended(upstream::Peer& peer, int status, ms took,
               const std::vector<upstream::Peer*>& peers) override;

private:
    bool is_outlier(const upstream::Peer& peer, uint32_t answers, uint32_t bad,
                    const std::vector<upstream::Peer*>& peers) const;
    bool may_eject(Instant now, const std::vector<upstream::Peer*>& peers) const;

    Rules rules_;
};

}  // namespace sluice::outlier
