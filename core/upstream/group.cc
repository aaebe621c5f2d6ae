// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/group.h"

#include <algorithm>
#include <bit>

#include "core/base/hash.h"
#include "core/event/loop.h"
#include "core/upstream/board.h"
#include "core/upstream/round_robin.h"
#include "core/upstream/secure.h"

namespace sluice::upstream {

void Link::shed()
{
    pool->drop(*this);
}

Group::~Group()
{
    while (Link* link = idle_.pop_front())
        delete link;
}

Peer& Group::add(PeerSpec spec)
{
    if (spec.name.empty())
        spec.name = spec.address.text();
    if (spec.server.empty())
        spec.server = spec.name;
    prepared_ = false;
    // The same address may be there twice: each has a number. (The 64th and later ones share one.)
    uint64_t& numbers = numbers_[spec.name];
    auto number = static_cast<uint8_t>(std::min(std::countr_one(numbers), 63));
    numbers |= uint64_t{1} << number;
    peers_.push_back(std::make_unique<Peer>(std::move(spec)));
    Peer& made = *peers_.back();
    made.number = number;
    made.key = hash_bytes(made.name, hash_bytes(name_, uint64_t{number})) | 1;
    if (board_) {
        board_->adopt(made);
        board_->adopt_health(made, checks);
    }
    return made;
}

// ---- names --------------------------------------------------------------------------------------

bool Group::add_name(PeerSource source, std::string& why)
{
    bool asks = !source.resolve, constant = asks && is_localhost(source.host);
    auto name = std::make_unique<NamedServer>(*this, std::move(source), false);
    bool found = asks && name->ask_system(why);
    if (!found || !constant)
        names_.push_back(std::move(name));
    return found || !asks;
}

void Group::add_lazily(PeerSource source)
{
    lazy_ = true;
    names_.push_back(std::make_unique<NamedServer>(*this, std::move(source), true));
}

void Group::serve(Board& board, net::Resolvers& resolvers, const Log& log)
{
    board_ = &board;
    if (names_.empty())
        return;
    if (!resolver)
        resolver = std::make_shared<net::ResolverRules>();
    for (const auto& name : names_)
        name->serve(resolvers.of(resolver), log);
}

bool Group::ask_names()
{
    bool awaited = false;
    for (const auto& name : names_)
        awaited = name->awaited() || awaited;
    return awaited && (lazy_ || peers_.empty());
}

const NamedServer* Group::unresolved() const
{
    return peers_.empty() && !names_.empty() ? names_.front().get() : nullptr;
}

void Group::remove(Peer& peer)
{
    auto it =
        std::find_if(peers_.begin(), peers_.end(), [&](const auto& p) { return p.get() == &peer; });
    peer.gone = true;
    if (auto numbers = numbers_.find(peer.name); numbers != numbers_.end())
        if ((numbers->second &= ~(uint64_t{1} << peer.number)) == 0)
            numbers_.erase(numbers);
    while (!peer.idle.empty())
        drop(peer.idle.front());
    gone_.push_back(std::move(*it));
    peers_.erase(it);
    prepared_ = false;
}

void Group::changed()
{
    prepare();
    watchers_.each([&](Watcher& watcher) { watcher.peers_changed(*this); });
    bury();
}

void Group::bury()
{
    std::erase_if(gone_, [](const auto& peer) { return peer->pins == 0; });
}

// ---- choosing -----------------------------------------------------------------------------------

bool Group::balance_with(MakeBalancer make, bool backups)
{
    bool first = !make_balancer_;
    make_balancer_ = std::move(make);
    backups_too_ = backups;
    prepared_ = false;
    return first;
}

void Group::prepare()
{
    if (prepared_)
        return;
    prepared_ = true;
    all_.clear();
    std::vector<Peer*> servers, backups;
    for (const auto& p : peers_) {
        all_.push_back(p.get());
        (p->backup ? backups : servers).push_back(p.get());
    }
    if (!servers_)
        servers_ = make_balancer_ ? make_balancer_() : std::make_unique<RoundRobin>();
    if (!backups_ && !backups.empty())
        backups_ = backups_too_ ? make_balancer_() : std::make_unique<RoundRobin>();
    servers_->set_peers(std::move(servers));
    if (backups_)
        backups_->set_peers(std::move(backups));
    if (sticky_)
        sticky_->peers_changed();
}

Peer* Group::pick(http::Request* r, std::span<Peer* const> tried)
{
    prepare();
    Instant now = Clock::now();
    Choice choice(r, tried, now, peers_.size() > 1);
    for (;;) {
        Peer* peer = choose(choice);
        if (peer && !may_try(*peer, now))
            continue;
        if (!peer && tried.empty())
            peer = longest_at_rest(Choice(r, tried, now, false));
        return peer;
    }
}

Peer* Group::choose(const Choice& choice)
{
    if (sticky_)
        if (Peer* peer = sticky_->find(choice, all_))
            return peer;
    if (Peer* peer = servers_->pick(choice))
        return peer;
    return backups_ ? backups_->pick(choice) : nullptr;
}

// A peer that has rested gets one request to prove itself, from all workers together. False: it is
// another's.
bool Group::may_try(Peer& peer, Instant now)
{
    PeerState& state = peer.state();
    if (state.fails == 0)
        return true;
    int64_t checked = state.checked_at;
    if (now.ticks - checked <= peer.fail_timeout.count())
        return true;
    return state.checked_at.compare_exchange_strong(checked, now.ticks) || !peer.resting(now);
}

Peer* Group::longest_at_rest(const Choice& choice) const
{
    Peer* found = nullptr;
    for (Peer* p : all_) {
        if (!choice.usable(*p))
            continue;
        bool better =
            !found || (found->backup && !p->backup) ||
            (found->backup == p->backup && p->state().failed_at < found->state().failed_at);
        if (better)
            found = p;
    }
    return found;
}

namespace {

// Half of it is of the last six or so.
void mix(std::atomic<uint32_t>& average, ms took)
{
    auto us = static_cast<uint32_t>(std::clamp<int64_t>(took.count() * 1000, 1, INT32_MAX));
    uint32_t before = average.load(std::memory_order_relaxed);
    uint32_t after = before ? before - before / 8 + us / 8 : us;
    if (after != before)
        average.store(std::max(after, 1u), std::memory_order_relaxed);
}

}  // namespace

void Group::succeeded(Peer& peer, ms header, ms whole)
{
    PeerState& state = peer.state();
    mix(state.header_us, header);
    mix(state.last_byte_us, whole);
    if (state.fails == 0)
        return;
    // A good answer after the last failure's window clears the count.
    if (state.failed_at >= state.checked_at)
        return;
    if (peer.max_fails && state.fails >= static_cast<uint32_t>(peer.max_fails))
        state.recovered_at = Clock::now().ticks;
    state.fails = 0;
}

bool Group::failed(Peer& peer)
{
    PeerState& state = peer.state();
    uint32_t fails = ++state.fails;
    ++peer.cell().failures;
    state.failed_at = state.checked_at = Clock::now().ticks;
    if (peer.max_fails)
        peer.effective_weight = std::max(0, peer.effective_weight - peer.weight / peer.max_fails);
    return peer.max_fails && fails == static_cast<uint32_t>(peer.max_fails) && peers_.size() > 1;
}

// ---- idle connections ---------------------------------------------------------------------------

std::unique_ptr<Link> Group::take_idle(Peer& peer, const TlsTarget* target, std::string_view from,
                                       bool transparent)
{
    auto fits = [&](const Link& link) {
        bool speaks = target ? link.secure == target->secure && link.server_name == target->name
                             : !link.secure;
        return speaks && link.from == from && (from.empty() || link.transparent == transparent);
    };
    if (peer.idle.empty())
        return nullptr;
    Link* found = &peer.idle.back();
    if (!fits(*found)) {
        found = nullptr;
        peer.idle.each([&](Link& link) {
            if (fits(link))
                found = &link;
        });
        if (!found)
            return nullptr;
    }
    found->ListHook<PeerIdle>::unlink();
    found->ListHook<PoolIdle>::unlink();
    found->net::Sheddable::unlink();
    --idle_count_;
    found->pool = nullptr;
    found->stream.watch().set_hook({});
    --peer.cell().idle;
    return std::unique_ptr<Link>(found);
}

void Group::give_back(std::unique_ptr<Link> link)
{
    bool keep = keepalive.connections > 0 && !link->peer.gone &&
                link->requests < keepalive.requests &&
                Clock::now() - link->created < keepalive.time && !link->stream.watch().hung_up() &&
                link->stream.is_silent();
    if (!keep)
        return;
    if (idle_count_ >= keepalive.connections)
        drop(idle_.front());
    Link& idle = *link.release();
    ++idle.peer.cell().idle;
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
    // Only room to send, or a session's ticket: nothing has happened.
    if (!link.stream.watch().hung_up() && link.stream.is_silent())
        return;
    link.pool->drop(link);
}

void Group::drop(Link& link)
{
    link.ListHook<PeerIdle>::unlink();
    link.ListHook<PoolIdle>::unlink();
    --idle_count_;
    --link.peer.cell().idle;
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
