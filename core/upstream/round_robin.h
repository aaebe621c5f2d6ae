// SPDX-License-Identifier: Apache-2.0
// RoundRobin: in turn, by weight, and smoothly (a a b a, not a a a b). The balancer of groups that
// name none, and what others fall back on.
//
// Up to `scanned` peers it goes as nginx does: at each pick every usable peer gains its weight, the
// one that has most is taken and pays what all have gained. That is O(n); larger groups take the
// peer whose next turn is due first, where a turn is 1/weight behind the one before: O(log n), the
// same shares, another order. A peer that cannot take its turn misses it.
//
// Least: whose score is least, of those in turn; of a larger group than `scanned`, the least of
// `drawn` at random, which is nearly as good and takes the same time for any size.
#pragma once

#include <cstdint>
#include <vector>

#include "core/upstream/balancer.h"

namespace sluice::upstream {

/// Uniform numbers, not for secrets. Seeded at the first draw: before workers are forked nobody may
/// draw, or all of them would go on from there.
class Dice
{
public:
    /// Below n, which is not 0.
    uint64_t below(uint64_t n);

private:
    uint64_t state_ = 0;
    bool seeded_ = false;
};

class RoundRobin : public Balancer
{
public:
    static constexpr size_t scanned = 64;
    void set_peers(std::vector<Peer*> peers) override;
    Peer* pick(const Choice& choice) override;

protected:
    const std::vector<Peer*>& peers() const { return peers_; }
    /// Smoothly among these alone, all of them usable.
    static Peer* in_turn(std::span<Peer* const> usable, Instant now);

private:
    struct Turn {
        double due;
        uint32_t order;
        Peer* peer;
    };
    static bool later(const Turn& a, const Turn& b);
    Peer* next_due(const Choice& choice);
    Peer* any_usable(const Choice& choice);

    std::vector<Peer*> peers_;
    std::vector<Peer*> usable_;  // of a pick
    std::vector<Turn> turns_;    // a heap, of larger groups
    std::vector<Turn> missed_;   // of a pick
    size_t cursor_ = 0;
};

class Least : public RoundRobin
{
public:
    static constexpr size_t drawn = 16;
    Peer* pick(const Choice& choice) override;

protected:
    virtual double score(const Peer& peer, Instant now) const = 0;

private:
    void consider(Peer& peer, const Choice& choice);
    Peer* taken(const Choice& choice);

    double least_ = 0;
    std::vector<Peer*> best_;  // of a pick
    Dice dice_;
};

}  // namespace sluice::upstream
