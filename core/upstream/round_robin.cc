// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/round_robin.h"

#include <algorithm>

#include "core/os/sys.h"

namespace sluice::upstream {

// SplitMix64; the remainder's bias is below n / 2^64.
uint64_t Dice::below(uint64_t n)
{
    if (!seeded_) {
        os::random_bytes(&state_, sizeof state_);
        seeded_ = true;
    }
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) % n;
}

bool RoundRobin::later(const Turn& a, const Turn& b)
{
    return a.due != b.due ? a.due > b.due : a.order > b.order;
}

void RoundRobin::set_peers(std::vector<Peer*> peers)
{
    peers_ = std::move(peers);
    turns_.clear();
    cursor_ = 0;
    if (peers_.size() <= scanned)
        return;
    turns_.reserve(peers_.size());
    for (Peer* p : peers_)
        turns_.push_back({0.5 / p->weight, static_cast<uint32_t>(turns_.size()), p});
    std::make_heap(turns_.begin(), turns_.end(), later);
}

Peer* RoundRobin::pick(const Choice& choice)
{
    if (!turns_.empty())
        return next_due(choice);
    usable_.clear();
    for (Peer* p : peers_)
        if (choice.usable(*p))
            usable_.push_back(p);
    return in_turn(usable_, choice.now());
}

Peer* RoundRobin::in_turn(std::span<Peer* const> usable, Instant now)
{
    Peer* best = nullptr;
    int64_t total = 0;
    for (Peer* p : usable) {
        int64_t weight = p->weight_now(now);
        p->current_weight += weight;
        total += weight;
        if (p->effective_weight < p->weight)
            ++p->effective_weight;
        if (!best || p->current_weight > best->current_weight)
            best = p;
    }
    if (best)
        best->current_weight -= total;
    return best;
}

Peer* RoundRobin::next_due(const Choice& choice)
{
    Peer* found = nullptr;
    missed_.clear();
    while (!found && !turns_.empty() && missed_.size() < scanned) {
        std::pop_heap(turns_.begin(), turns_.end(), later);
        Turn turn = turns_.back();
        turns_.pop_back();
        Peer& p = *turn.peer;
        if (choice.usable(p)) {
            found = &p;
            if (p.effective_weight < p.weight)
                ++p.effective_weight;
        }
        double weight = static_cast<double>(std::max<int64_t>(p.weight_now(choice.now()), 1));
        turn.due += 1000 / weight;
        missed_.push_back(turn);
    }
    for (const Turn& turn : missed_) {
        turns_.push_back(turn);
        std::push_heap(turns_.begin(), turns_.end(), later);
    }
    return found ? found : any_usable(choice);
}

// Most are away: whoever comes first.
Peer* RoundRobin::any_usable(const Choice& choice)
{
    for (size_t i = 0; i < peers_.size(); ++i) {
        cursor_ = (cursor_ + 1) % peers_.size();
        if (choice.usable(*peers_[cursor_]))
            return peers_[cursor_];
    }
    return nullptr;
}

void Least::consider(Peer& peer, const Choice& choice)
{
    if (!choice.usable(peer))
        return;
    double s = score(peer, choice.now());
    if (best_.empty() || s < least_) {
        best_.assign(1, &peer);
        least_ = s;
    } else if (s == least_ && std::find(best_.begin(), best_.end(), &peer) == best_.end()) {
        best_.push_back(&peer);
    }
}

Peer* Least::taken(const Choice& choice)
{
    return best_.size() == 1 ? best_.front() : in_turn(best_, choice.now());
}

Peer* Least::pick(const Choice& choice)
{
    best_.clear();
    if (peers().size() <= scanned) {
        for (Peer* p : peers())
            consider(*p, choice);
        return taken(choice);
    }
    for (size_t i = 0; i < drawn; ++i)
        consider(*peers()[dice_.below(peers().size())], choice);
    return best_.empty() ? RoundRobin::pick(choice) : taken(choice);
}

}  // namespace sluice::upstream
