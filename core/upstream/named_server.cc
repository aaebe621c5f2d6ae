// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/named_server.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/event/loop.h"
#include "core/os/sys.h"
#include "core/upstream/group.h"
#include "core/upstream/round_robin.h"

namespace sluice::upstream {
namespace {

// What was found at start has come without its TTL: it is looked up again soon. Not by all workers
// at once.
constexpr ms after_start{1000};
constexpr ms least_retry{1000};
constexpr uint64_t slow_us = 2'000'000, silence_us = 30'000'000;

}  // namespace

bool is_localhost(std::string_view host)
{
    return iequals(host, "localhost") ||
           (host.size() > 10 && iequals(host.substr(host.size() - 10), ".localhost"));
}

std::string NamedServer::asked_name() const
{
    return source_.service.empty() ? source_.host
                                   : net::service_name(source_.host, source_.service);
}

bool NamedServer::ask_system(std::string& why)
{
    // One who does not answer takes a long time to say so: he is not asked for each of many names.
    static uint64_t silent_until = 0;
    uint64_t asked = os::steady_us();
    if (asked < silent_until) {
        why = "the system's resolver does not answer";
        return false;
    }
    auto addresses = os::resolve(source_.host, source_.port);
    if (uint64_t now = os::steady_us(); !addresses && now - asked > slow_us)
        silent_until = now + silence_us;
    if (!addresses || addresses->empty()) {
        why = addresses ? "no address" : addresses.error();
        return false;
    }
    for (const os::Address& address : *addresses) {
        PeerSpec spec = source_.pattern;
        spec.address = address;
        peers_.push_back(&group_.add(std::move(spec)));
    }
    return true;
}

void NamedServer::serve(net::Resolver& resolver, const Log& log)
{
    resolver_ = &resolver;
    log_ = &log;
    if (lazy_)
        return;
    if (peers_.empty())
        return ask();
    event::Loop::current().timers().add(
        *this, Clock::in(after_start + ms{static_cast<int64_t>(Dice().below(500))}));
}

void NamedServer::ask()
{
    asking_ = true;
    resolver_->ask(source_.host, source_.service, *this);
}

bool NamedServer::awaited()
{
    if (!resolver_)
        return false;
    if (!asking_ && (lazy_ || peers_.empty()) && Clock::now() >= again_)
        ask();
    return asking_ && (lazy_ || peers_.empty());
}

void NamedServer::expired()
{
    if (!asking_)
        ask();
}

void NamedServer::answered(const net::Names& names)
{
    asking_ = false;
    Instant now = Clock::now();
    bool was_good = names_.kind == net::Names::found || names_.code == 0;
    names_ = names;
    if (names.kind == net::Names::found) {
        was_found_ = true;
        again_ = names.until;
        stale_until_ = names.until + resolver_->rules().stale;
        take(names);
    } else {
        Level level = was_good ? Level::error : Level::info;  // of an outage one line will do
        (*log_)(level, "{} could not be resolved ({}: {})", asked_name(), names.code, names.text);
        again_ = now + std::max(least_retry, resolver_->rules().timeout / 10);
        if (names.kind == net::Names::missing && was_found_) {
            drop_all();
        } else if (!peers_.empty() && was_found_ && now >= stale_until_) {
            ++resolver_->counts().expired;
            (*log_)(Level::error, "the last addresses of {} are too old to be used", asked_name());
            drop_all();
        } else if (!peers_.empty()) {
            ++resolver_->counts().stale;
        }
        if (peers_.empty())
            again_ = now + least_retry;  // requests fail meanwhile
    }
    if (!lazy_)
        event::Loop::current().timers().add(*this, again_);
    group_.name_answered();
}

PeerSpec NamedServer::spec_of(const net::Names::Place& place, bool backup) const
{
    PeerSpec spec = source_.pattern;
    spec.address = place.address;
    if (source_.service.empty()) {
        spec.address.set_port(source_.port);
    } else {
        spec.weight = std::max<int>(1, place.weight) * spec.weight;
        spec.backup = backup;
    }
    spec.name = spec.address.text();
    return spec;
}

// Of a service the lowest priority are servers, the others backups; where the line itself is a
// backup the lowest are, and the others are nothing.
void NamedServer::take(const net::Names& names)
{
    uint16_t first = UINT16_MAX;
    for (const auto& place : names.places)
        first = std::min(first, place.priority);
    bool is_backup = source_.pattern.backup, changed = false;
    std::vector<Peer*> stay;
    for (const auto& place : names.places) {
        if (is_backup && place.priority != first)
            continue;
        PeerSpec spec = spec_of(place, is_backup || place.priority != first);
        auto named = [&](const Peer* p) { return p->name == spec.name; };
        if (std::any_of(stay.begin(), stay.end(), named))
            continue;
        auto known = std::find_if(peers_.begin(), peers_.end(), named);
        if (known == peers_.end()) {
            stay.push_back(&group_.add(std::move(spec)));
            changed = true;
            continue;
        }
        Peer& peer = **known;
        if (peer.weight != spec.weight || peer.backup != spec.backup) {
            peer.weight = peer.effective_weight = spec.weight;
            peer.backup = spec.backup;
            changed = true;
        }
        stay.push_back(&peer);
    }
    peers_.swap(stay);
    for (Peer* old : stay)
        if (std::find(peers_.begin(), peers_.end(), old) == peers_.end()) {
            group_.remove(*old);
            changed = true;
        }
    if (changed)
        group_.changed();
}

void NamedServer::drop_all()
{
    if (peers_.empty())
        return;
    for (Peer* peer : peers_)
        group_.remove(*peer);
    peers_.clear();
    group_.changed();
}

}  // namespace sluice::upstream
