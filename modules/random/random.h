// SPDX-License-Identifier: Apache-2.0
// The balancers of `random` and `random two`.
#pragma once

#include "core/upstream/round_robin.h"
#include "modules/lib/weight_line.h"

namespace sluice::random {

/// Of two servers, the better one has less.
using Score = double (*)(const upstream::Peer& peer, Instant now);

class Random : public upstream::RoundRobin
{
public:
    /// Null: one is drawn and that is it.
    explicit Random(Score better) : score_(better) {}
    void set_peers(std::vector<upstream::Peer*> peers) override
    {
        line_.set(peers);
        RoundRobin::set_peers(std::move(peers));
    }
    upstream::Peer* pick(const upstream::Choice& choice) override;

private:
    upstream::Peer* draw(const upstream::Choice& choice, const upstream::Peer* but);

    Score score_;
    WeightLine line_;
    upstream::Dice dice_;
};

}  // namespace sluice::random
