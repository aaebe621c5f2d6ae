// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/group.h"

#include <algorithm>

#include "core/event/loop.h"
#include "core/net/resolver.h"

namespace sluice::upstream {
namespace {

constexpr ms retry_names{5000};

}  // namespace

bool Peer::resting(Instant now) const
{
    return max_fails && fails >= max_fails && now - checked_at <= fail_timeout;
}

Link::~Link()
{
    --peer.in_use;
    net::Room::give_slot();
}

void Link::shed()
{
    pool->drop(*this);
}

Group::~Group()
{
    *alive_ = false;
    while (Link* link = idle_.pop_front())
        delete link;
}

void Group::add(PeerSpec peer)
{
    if (peer.name.empty())
        peer.name = peer.address.text();
    peers_.push_back(std::make_unique<Peer>(std::move(peer)));
}

void Group::add_resolved(const PeerSource& source, const std::vector<os::Address>& addresses)
{
    for (const os::Address& address : addresses) {
        PeerSpec peer = source.pattern;
        peer.address = address;
        peer.name.clear();
        add(std::move(peer));
    }
}

bool Group::add_name(PeerSource source, std::string& why)
{
    auto addresses = os::resolve(source.host, source.port);
    source.resolved = addresses.has_value() && !addresses->empty();
    if (source.resolved)
        add_resolved(source, *addresses);
    else
        why = addresses ? "no address" : addresses.error();
    sources_.push_back(std::move(source));
    return sources_.back().resolved;
}

void Group::resolve_missing()
{
    for (size_t i = 0; i < sources_.size(); ++i) {
        PeerSource& source = sources_[i];
        if (source.resolved || Clock::now() < source.next_try)
            continue;
        source.next_try = Clock::in(retry_names);
        net::resolve(source.host, source.port,
                     [this, alive = alive_, i](std::vector<os::Address> found) {
                         if (!*alive || found.empty() || sources_[i].resolved)
                             return;
                         sources_[i].resolved = true;
                         add_resolved(sources_[i], found);
                     });
    }
}

size_t Group::primaries() const
{
    return static_cast<size_t>(
        std::count_if(peers_.begin(), peers_.end(), [](const auto& p) { return !p->backup; }));
}

Peer* Group::pick(std::span<Peer* const> tried)
{
    resolve_missing();
    if (Peer* peer = choose(false, tried))
        return peer;
    return choose(true, tried);
}

Peer* Group::choose(bool backups, std::span<Peer* const> tried)
{
    Peer* best = nullptr;
    int total = 0;
    Instant now = Clock::now();
    size_t candidates = 0;
    for (const auto& peer : peers_)
        candidates += peer->backup == backups;
    for (const auto& each : peers_) {
        Peer& peer = *each;
        if (peer.backup != backups || peer.down ||
            (peer.max_conns && peer.in_use >= peer.max_conns))
            continue;
        if (std::find(tried.begin(), tried.end(), &peer) != tried.end())
            continue;
        if (candidates > 1 && peer.resting(now))  // the only one never rests
            continue;
        peer.current_weight += peer.effective_weight;
        total += peer.effective_weight;
        if (peer.effective_weight < peer.weight)
            ++peer.effective_weight;
        if (!best || peer.current_weight > best->current_weight)
            best = &peer;
    }
    if (!best)
        return nullptr;
    best->current_weight -= total;
    if (now - best->checked_at > best->fail_timeout)
        best->checked_at = now;
    return best;
}

void Group::succeeded(Peer& peer)
{
    // A good answer after the last failure's window clears the count.
    if (peer.failed_at < peer.checked_at)
        peer.fails = 0;
}

bool Group::failed(Peer& peer)
{
    Instant now = Clock::now();
    ++peer.fails;
    peer.failed_at = now;
    peer.checked_at = now;
    if (peer.max_fails)
        peer.effective_weight = std::max(0, peer.effective_weight - peer.weight / peer.max_fails);
    return peer.max_fails && peer.fails == peer.max_fails && peers_.size() > 1;
}

// ---- idle connections ---------------------------------------------------------------------------

std::unique_ptr<Link> Group::take_idle(Peer& peer)
{
    if (peer.idle.empty())
        return nullptr;
    Link* found = &peer.idle.back();
    found->ListHook<PeerIdle>::unlink();
    found->ListHook<PoolIdle>::unlink();
    found->net::Sheddable::unlink();
    --idle_count_;
    found->pool = nullptr;
    found->stream.watch().set_hook({});
    ++peer.in_use;
    return std::unique_ptr<Link>(found);
}

void Group::give_back(std::unique_ptr<Link> link)
{
    bool keep = keepalive.connections > 0 && link->requests < keepalive.requests &&
                Clock::now() - link->created < keepalive.time && !link->stream.watch().hung_up() &&
                !link->stream.watch().can_read();
    if (!keep)
        return;
    if (idle_count_ >= keepalive.connections)
        drop(idle_.front());
    Link& idle = *link.release();
    --idle.peer.in_use;  // an idle connection is not a request (max_conns)
    idle.pool = this;
    idle.idle_since = Clock::now();
    // Whatever happens on an idle connection, it is of no use any more.
    idle.stream.watch().set_hook({&Group::on_idle_event, &idle, true});
    idle_.push_back(idle);
    idle.peer.idle.push_back(idle);
    if (net::Room* room = net::Room::current())
        room->idles_upstream(idle);
    ++idle_count_;
    if (!event::Timer::set())
        event::Loop::current().timers().add(*this, Clock::in(keepalive.timeout));
}

void Group::on_idle_event(void* context)
{
    Link& link = *static_cast<Link*>(context);
    // Only room to send: nothing has happened.
    if (!link.stream.watch().can_read() && !link.stream.watch().hung_up())
        return;
    link.pool->drop(link);
}

void Group::drop(Link& link)
{
    link.ListHook<PeerIdle>::unlink();
    link.ListHook<PoolIdle>::unlink();
    --idle_count_;
    ++link.peer.in_use;  // ~Link counts it off
    delete &link;
}

void Group::expired()
{
    Instant now = Clock::now();
    while (!idle_.empty() && now - idle_.front().idle_since >= keepalive.timeout)
        drop(idle_.front());
    if (!idle_.empty())
        event::Loop::current().timers().add(*this, idle_.front().idle_since + keepalive.timeout);
}

}  // namespace sluice::upstream
