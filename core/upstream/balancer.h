// SPDX-License-Identifier: Apache-2.0
// Balancer: says which peer of a set gets a request. A group has one for its servers and one for
// its backups; each worker its own. A module makes one from its directive:
//
//     class Newest final : public upstream::RoundRobin {
//         Peer* pick(const Choice& choice) override {
//             Peer* p = peers().back();
//             return choice.usable(*p) ? p : RoundRobin::pick(choice);
//         }
//     };
//     void set(Apply& apply) { upstream::balance_with<Newest>(apply, upstream::with_backups); }
//
// A balancer never waits, picks only what is usable(), and keeps nothing of a request.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "core/upstream/peer.h"

namespace sluice::http {
class Request;
}

namespace sluice::upstream {

/// One pick: for which request, and who is out of the question.
class Choice
{
public:
    Choice(http::Request* r, std::span<Peer* const> tried, Instant now, bool rest)
        : request_(r), tried_(tried), now_(now), rest_(rest)
    {
    }
    /// Of the request's key and variables. (Tests of what needs none have none.)
    http::Request& request() const { return *request_; }
    Instant now() const { return now_; }
    /// Neither down, unhealthy, drained, resting, full, nor tried before.
    bool usable(const Peer& p) const { return !p.drain && usable_if_bound(p); }
    /// The same for a client that is bound to it: a drained one still serves those.
    bool usable_if_bound(const Peer& p) const
    {
        return !p.down && !p.unhealthy() && !(rest_ && p.resting(now_)) && !p.full() &&
               (tried_.empty() || std::find(tried_.begin(), tried_.end(), &p) == tried_.end());
    }

private:
    http::Request* request_;
    std::span<Peer* const> tried_;
    Instant now_;
    bool rest_;  // whether peers that failed may rest
};

class Balancer
{
public:
    virtual ~Balancer() = default;
    /// Before the first pick, and whenever peers have come or gone.
    virtual void set_peers(std::vector<Peer*> peers) = 0;
    /// Null: nobody is usable.
    virtual Peer* pick(const Choice& choice) = 0;
};

/// Looks at how tries ended, and may send peers to rest (PeerState::ejected_until).
class Judge
{
public:
    virtual ~Judge() = default;
    /// `status` is the answer's, 0: there was none. `peers` are all of the group.
    virtual void ended(Peer& peer, int status, ms took, const std::vector<Peer*>& peers) = 0;
};

/// Binds clients to peers, before any balancer is asked.
class Sticky
{
public:
    virtual ~Sticky() = default;
    /// The peer that this request's client is bound to, if it is usable_if_bound().
    virtual Peer* find(const Choice& choice, const std::vector<Peer*>& peers) = 0;
    /// What it remembers of `peers` is to be forgotten.
    virtual void peers_changed() {}
    /// The head of the peer's answer is in r.out.
    virtual void answered(http::Request& r, Peer& peer) = 0;
};

}  // namespace sluice::upstream
