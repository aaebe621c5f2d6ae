// SPDX-License-Identifier: Apache-2.0
// Group: the peers of an `upstream {}` (or of one literal address), who is next, and the
// connections to them that are kept alive. A balancer chooses (balancer.h); a peer that failed
// max_fails times within fail_timeout rests for fail_timeout, then gets one request to prove
// itself; backups serve when no primary can. The last one that lives is never sent to rest: where
// all rest, the one that failed longest ago is asked, once for a request. A group is made while the
// configuration is read; peers that its lines name come and go while it serves (named_server.h).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/clock.h"
#include "core/base/list.h"
#include "core/buf/pool.h"
#include "core/event/timer.h"
#include "core/event/wait.h"
#include "core/net/room.h"
#include "core/net/stream.h"
#include "core/os/address.h"
#include "core/upstream/balancer.h"
#include "core/upstream/named_server.h"
#include "core/upstream/peer.h"

namespace sluice::upstream {

class Board;
class Group;
class Secure;
struct TlsTarget;

struct PoolIdle;  // tag: the idle connections of the whole group

/// A connection to a peer: in use by one exchange, or idle in its group's pool.
class Link final : public ListHook<PeerIdle>, public ListHook<PoolIdle>, private net::Sheddable
{
public:
    explicit Link(Peer& p) : peer(p), created(Clock::now()) { net::Room::take_slot(); }
    ~Link() { net::Room::give_slot(); }
    Peer& peer;
    net::Stream stream;
    uint64_t requests = 0;
    Instant created;
    Instant idle_since{0};
    Group* pool = nullptr;           // while idle
    const Secure* secure = nullptr;  // whose TLS it speaks; null: plain
    std::string server_name;         // that TLS was negotiated for
    std::string from;                // the address that X_bind chose for it; empty: the system
    bool transparent = false;        // so it may be another machine's

private:
    friend class Group;
    void shed() override;
};

struct KeepaliveRules {
    size_t connections = 32;  // idle ones per worker; 0: none
    uint64_t requests = 1000;
    ms time{3600000};
    ms timeout{60000};
};

/// How many retries there may be for each first try, so that they do not multiply an outage. Every
/// request earns its part, every retry spends one; at most `burst` are saved up. Per worker.
struct RetryBudget {
    double share = -1;  // below 0: no limit
    double burst = 10;
    double left = 10;
    void earn()
    {
        if (share >= 0)
            left = std::min(burst, left + share);
    }
    // A ten-thousandth: twenty per cent five times is one.
    bool allows() const { return share < 0 || left >= 0.9999; }
    bool spend()
    {
        if (!allows())
            return false;
        if (share >= 0)
            left -= 1;
        return true;
    }
};

/// Requests that wait until a peer has room, of each worker.
struct QueueRules {
    size_t most = 0;  // 0: nobody waits
    ms timeout{60000};
};

class Group : private event::Timer
{
public:
    explicit Group(std::string name) : name_(std::move(name)) {}
    ~Group();
    Group(const Group&) = delete;

    const std::string& name() const { return name_; }
    KeepaliveRules keepalive;
    RetryBudget budget;
    QueueRules queue;
    std::vector<CheckSpec> checks;  // at most PeerHealth::most
    Peer& add(PeerSpec peer);
    /// A line that is a name. It is resolved now (blocking: start-up) unless it says `resolve`.
    /// False and the reason when it cannot be: a worker may find it.
    bool add_name(PeerSource source, std::string& why);
    /// Resolved when a request first needs it.
    void add_lazily(PeerSource source);
    bool empty() const { return peers_.empty(); }
    bool has_names() const { return !names_.empty(); }
    size_t size() const { return peers_.size(); }
    const std::vector<std::unique_ptr<Peer>>& peers() const { return peers_; }

    using MakeBalancer = std::function<std::unique_ptr<Balancer>()>;
    /// Who chooses, among the servers and, with `backups`, among the backups too; without it those
    /// go in turn. False: there was one already (it is replaced).
    bool balance_with(MakeBalancer make, bool backups);
    void stick_with(std::unique_ptr<Sticky> sticky) { sticky_ = std::move(sticky); }
    Sticky* sticky() const { return sticky_.get(); }
    void judge_with(std::unique_ptr<Judge> judge) { judge_ = std::move(judge); }
    /// A try has ended that a peer is to be judged by.
    void ended(Peer& peer, int status, ms took)
    {
        if (judge_)
            judge_->ended(peer, status, took, all_);
    }
    /// After the last add(): balancers make what they need, so that no request waits for it.
    void prepare();

    /// Who resolves its names; null: resolv.conf's servers.
    std::shared_ptr<const net::ResolverRules> resolver;
    /// Peers that come from now on, and whose state is theirs alone, get it from the board; names
    /// are asked for.
    void serve(Board& board, net::Resolvers& resolvers, const Log& log);

    // ---- names ----
    /// Asks for what is due. True: nobody can be picked before an answer has come.
    bool awaits_names() { return !names_.empty() && ask_names(); }
    /// Set when one has.
    event::Event& named() { return named_; }
    /// Why there is no peer; null: it is not for want of a name.
    const NamedServer* unresolved() const;
    /// For NamedServer: the peer has no place here any more; then changed(), once for all.
    void remove(Peer& peer);
    void changed();
    void name_answered() { named_.set(); }
    /// Told when peers have come or gone: before they are destroyed.
    class Watcher : public ::sluice::ListHook<Watcher>
    {
    public:
        virtual void peers_changed(Group& group) = 0;

    protected:
        ~Watcher() = default;
    };
    void watch(Watcher& watcher) { watchers_.push_back(watcher); }
    /// While somebody has a pin on it a peer that goes stays in memory.
    static void pin(Peer& peer) { ++peer.pins; }
    void unpin(Peer& peer)
    {
        if (--peer.pins == 0 && peer.gone)
            bury();
    }
    /// Exchanges of it that have not been destroyed, and when the last one began.
    size_t users = 0;
    Instant used{0};

    /// The next peer that was not tried; null when all have been or none can serve now.
    Peer* pick(http::Request* r, std::span<Peer* const> tried);
    /// How an exchange with it ended, for the balance: it took so long to the head and to the end.
    void succeeded(Peer& peer, ms header, ms whole);
    /// True when the peer rests from now on.
    bool failed(Peer& peer);

    /// An idle connection to this peer of the same kind (null: plain), newest first; null when
    /// there is none.
    std::unique_ptr<Link> take_idle(Peer& peer, const TlsTarget* target = nullptr,
                                    std::string_view from = {}, bool transparent = false);
    /// Keeps it, or closes it when rules or room say so.
    void give_back(std::unique_ptr<Link> link);
    size_t idle_links() const { return idle_count_; }

    // ---- waiting for room ----
    size_t queued() const { return queued_; }
    /// Somebody who waits.
    class Queued
    {
    public:
        explicit Queued(Group& g) : group_(g) { ++group_.queued_; }
        ~Queued() { --group_.queued_; }
        Queued(const Queued&) = delete;

    private:
        Group& group_;
    };
    /// Until a request of this worker has ended: who waits longest is first.
    class Freed final : public event::ListWaiter
    {
    public:
        Freed(Group& group, Deadline deadline) : group_(group), deadline_(deadline) {}
        bool await_ready() const noexcept { return false; }
        template <class P>
        bool await_suspend(std::coroutine_handle<P> h)
        {
            if (!suspend_unless_canceled(h))
                return false;
            group_.waiting_.push_back(*this);
            arm(deadline_);
            return true;
        }
        event::Wait await_resume() const { return result_; }

    private:
        Group& group_;
        Deadline deadline_;
    };
    Freed freed(Deadline deadline) { return {*this, deadline}; }
    /// One has ended.
    void make_room()
    {
        if (!waiting_.empty())
            waiting_.front().wake(event::Wait::ready);
    }

private:
    friend class Link;
    Peer* choose(const Choice& choice);
    Peer* longest_at_rest(const Choice& choice) const;
    bool may_try(Peer& peer, Instant now);
    void drop(Link& link);
    void expired() override;
    bool ask_names();
    void bury();
    static void on_idle_event(void* link);

    std::string name_;
    std::vector<std::unique_ptr<Peer>> peers_;
    std::vector<std::unique_ptr<Peer>> gone_;
    std::vector<std::unique_ptr<NamedServer>> names_;
    event::Event named_;
    List<Watcher, Watcher> watchers_;
    std::unordered_map<std::string, uint64_t> numbers_;  // of each address: a bit for each peer
    bool lazy_ = false;
    Board* board_ = nullptr;
    MakeBalancer make_balancer_;
    bool backups_too_ = false;
    bool prepared_ = false;
    std::vector<Peer*> all_;
    std::unique_ptr<Balancer> servers_, backups_;  // null: there are none
    std::unique_ptr<Sticky> sticky_;
    std::unique_ptr<Judge> judge_;
    List<Link, PoolIdle> idle_;  // oldest first
    size_t idle_count_ = 0;
    event::WaitList waiting_;
    size_t queued_ = 0;
};

}  // namespace sluice::upstream
