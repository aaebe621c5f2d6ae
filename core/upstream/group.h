// SPDX-License-Identifier: Apache-2.0
// Group: the peers of an `upstream {}` (or of one literal address), who is next, and the
// connections to them that are kept alive. Smooth weighted round robin; a peer that failed
// max_fails times within fail_timeout rests for fail_timeout, then gets one request to prove
// itself; backups serve when no primary can. State is per worker. A group is made while the
// configuration is read; names of peers that do not resolve then are tried again when they are
// needed.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/list.h"
#include "core/buf/pool.h"
#include "core/event/timer.h"
#include "core/net/room.h"
#include "core/net/stream.h"
#include "core/os/address.h"

namespace sluice::upstream {

class Group;

class Link;
struct PeerIdle;  // tag: the idle connections to one peer
struct PoolIdle;  // tag: those of the whole group

/// A `server` line's say about one address.
struct PeerSpec {
    os::Address address;
    std::string name;  // $upstream_addr: "127.0.0.1:8080", "unix:/path"
    int weight = 1;
    int max_fails = 1;  // 0: never rests
    ms fail_timeout{10000};
    int max_conns = 0;  // 0: no limit
    bool down = false;
    bool backup = false;
};

/// And what this worker knows of it.
struct Peer : PeerSpec {
    explicit Peer(PeerSpec spec) : PeerSpec(std::move(spec)), effective_weight(weight) {}
    int current_weight = 0;
    int effective_weight = 1;
    int fails = 0;
    int in_use = 0;
    Instant failed_at{0};       // last failure
    Instant checked_at{0};      // last try after it
    List<Link, PeerIdle> idle;  // connections, oldest first

    bool resting(Instant now) const;
};

/// A connection to a peer: in use by one exchange, or idle in its group's pool.
class Link final : public ListHook<PeerIdle>, public ListHook<PoolIdle>, private net::Sheddable
{
public:
    explicit Link(Peer& p) : peer(p), created(Clock::now())
    {
        ++peer.in_use;
        net::Room::take_slot();
    }
    ~Link();
    Peer& peer;
    net::Stream stream;
    uint64_t requests = 0;
    Instant created;
    Instant idle_since{0};
    Group* pool = nullptr;  // while idle

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

/// A `server` line whose name has to be resolved: its peers come and go with the answers.
struct PeerSource {
    std::string host;
    uint16_t port = 80;
    PeerSpec pattern;  // everything but the address
    bool resolved = false;
    Instant next_try{0};
};

class Group : private event::Timer
{
public:
    explicit Group(std::string name) : name_(std::move(name)) {}
    ~Group();
    Group(const Group&) = delete;

    const std::string& name() const { return name_; }
    KeepaliveRules keepalive;
    void add(PeerSpec peer);
    /// Resolves now (blocking: start-up). False and the reason when it cannot: a later
    /// resolve_again() may.
    bool add_name(PeerSource source, std::string& why);
    /// Resolves when it is first needed.
    void add_later(PeerSource source) { sources_.push_back(std::move(source)); }
    /// All addresses are known (asks for missing ones in the background, at most every 5 s).
    void resolve_missing();
    bool empty() const { return peers_.empty(); }
    bool has_names() const { return !sources_.empty(); }
    size_t size() const { return peers_.size(); }
    size_t primaries() const;
    const std::vector<std::unique_ptr<Peer>>& peers() const { return peers_; }

    /// The next peer that was not tried; null when all have been or none lives.
    Peer* pick(std::span<Peer* const> tried);
    /// How an exchange with it ended, for the balance.
    void succeeded(Peer& peer);
    /// True when the peer rests from now on.
    bool failed(Peer& peer);

    /// An idle connection to this peer, newest first; null when there is none.
    std::unique_ptr<Link> take_idle(Peer& peer);
    /// Keeps it, or closes it when rules or room say so.
    void give_back(std::unique_ptr<Link> link);
    size_t idle_links() const { return idle_count_; }

private:
    friend class Link;
    Peer* choose(bool backups, std::span<Peer* const> tried);
    void drop(Link& link);
    void expired() override;
    void add_resolved(const PeerSource& source, const std::vector<os::Address>& addresses);
    static void on_idle_event(void* link);

    std::string name_;
    std::vector<std::unique_ptr<Peer>> peers_;
    std::vector<PeerSource> sources_;
    List<Link, PoolIdle> idle_;  // oldest first
    size_t idle_count_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice::upstream
