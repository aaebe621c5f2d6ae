// SPDX-License-Identifier: Apache-2.0
#include "modules/status/metrics.h"

#include <fmt/format.h>

namespace sluice::status {
namespace {

using net::ConnectionCounts;
using net::ListenerCounts;
using net::ResolverCounts;
using net::RoomCounts;
using Stats = event::Loop::Stats;

template <Counter ConnectionCounts::*M>
uint64_t connections(const Worker& w)
{
    return w.line.connections.*M;
}
template <Counter RoomCounts::*M>
uint64_t room(const Worker& w)
{
    return w.line.room.*M;
}
template <Counter ResolverCounts::*M>
uint64_t names(const Worker& w)
{
    return w.line.names.*M;
}
template <Counter Stats::*M>
uint64_t loop(const Worker& w)
{
    return w.line.loop.*M;
}
template <Counter ListenerCounts::*M>
uint64_t listener(const ListenerCounts& l)
{
    return l.*M;
}
template <Counter zone::Table::Counts::*M>
uint64_t table(const zone::Zone& z)
{
    return z.table().counts().*M;
}

uint64_t turn_age(const Worker& w)
{
    return static_cast<uint64_t>(w.line.turn_age(w.now).count()) * 1000;
}

uint64_t is_up(const PeerView& p)
{
    return !p.peer.down && !p.peer.unhealthy() && !p.peer.resting(p.now);
}

template <std::atomic<uint64_t> upstream::CheckState::*Member>
uint64_t of_checks(const PeerView& p)
{
    uint64_t n = 0;
    if (p.peer.health)
        for (const upstream::CheckState& check : p.peer.health->checks)
            n += check.*Member;
    return n;
}

constexpr auto counter = Kind::counter, gauge = Kind::gauge;

constexpr Metric<Worker> of_workers[] = {
    {"up", gauge, false, "1 while a worker has this line; counters stay when it ends.",
     [](const Worker& w) { return uint64_t{w.line.pid > 0}; }},
    {"stopped", gauge, false, "1 while the worker is stopped (SIGSTOP, a debugger).",
     [](const Worker& w) { return uint64_t{w.line.stopped}; }},
    {"connections_accepted", counter, false, "Client connections accepted.",
     connections<&ConnectionCounts::accepted>},
    {"connections_handled", counter, false, "Client connections that found room.",
     connections<&ConnectionCounts::handled>},
    {"requests", counter, false, "Requests begun.", connections<&ConnectionCounts::requests>},
    {"connections_active", gauge, false, "Client connections open now.",
     connections<&ConnectionCounts::active>},
    {"connections_reading", gauge, false, "Of those, reading a request's head.",
     connections<&ConnectionCounts::reading>},
    {"connections_writing", gauge, false, "Of those, serving a request.",
     connections<&ConnectionCounts::writing>},
    {"connections_waiting", gauge, false, "Of those, between requests.",
     connections<&ConnectionCounts::waiting>},
    {"connection_slots", gauge, false, "worker_connections.", room<&RoomCounts::slots>},
    {"connection_slots_used", gauge, false, "Of those, in use by clients and upstreams.",
     room<&RoomCounts::slots_used>},
    {"connections_shed", counter, false, "Idle client connections closed to make room.",
     room<&RoomCounts::shed>},
    {"connections_shed_silent", counter, false,
     "Clients that had never sent anything, closed to make room.", room<&RoomCounts::shed_silent>},
    {"descriptors_reserve_used", counter, false, "Reserve descriptors given up to answer.",
     room<&RoomCounts::reserve_used>},
    {"descriptors_waits", counter, false, "Requests that waited for a descriptor.",
     room<&RoomCounts::waits>},
    {"descriptors_short", gauge, false, "1 while descriptors are short.",
     room<&RoomCounts::shortage>},
    {"names_asked", counter, false, "Names that were asked for, at DNS servers or /etc/hosts.",
     names<&ResolverCounts::questions>},
    {"names_found", counter, false, "Of those, that have addresses.",
     names<&ResolverCounts::found>},
    {"names_missing", counter, false, "Of those, that do not exist or have no address.",
     names<&ResolverCounts::missing>},
    {"names_failed", counter, false, "Of those, of which the servers did not say.",
     names<&ResolverCounts::failed>},
    {"names_stale", counter, false, "Times that addresses were kept for want of new ones.",
     names<&ResolverCounts::stale>},
    {"names_expired", counter, false, "Times that such addresses had become too old.",
     names<&ResolverCounts::expired>},
    {"log_lines_lost", counter, false, "Lines of logs that could not be written.",
     [](const Worker& w) { return w.line.log_lines_lost.get(); }},
    {"loop_turns", counter, false, "Turns of the event loop.", loop<&Stats::turns>},
    {"loop_events", counter, false, "Events that the kernel reported.", loop<&Stats::events>},
    {"loop_stale_events", counter, false, "Events of descriptors closed meanwhile, dropped.",
     loop<&Stats::stale>},
    {"loop_resumed", counter, false, "Coroutines resumed.", loop<&Stats::resumed>},
    {"loop_longest_turn_seconds", gauge, true, "The longest turn that this line has seen.",
     loop<&Stats::longest_turn>},
    {"loop_turn_age_seconds", gauge, true, "How long the present turn has lasted; 0: it waits.",
     turn_age},
};

constexpr Metric<ListenerCounts> of_listeners[] = {
    {"listener_accepted", counter, false, "Connections accepted of this listener.",
     listener<&ListenerCounts::accepted>},
    {"listener_idle_wakeups", counter, false, "Wake-ups for a connection that another one took.",
     listener<&ListenerCounts::again>},
    {"listener_exhausted", counter, false, "Clients told that there is no room.",
     listener<&ListenerCounts::exhausted>},
};

constexpr Metric<zone::Zone> of_zones[] = {
    {"zone_size_bytes", gauge, false, "Size in the configuration.",
     [](const zone::Zone& z) { return uint64_t{z.size()}; }},
    {"zone_capacity_bytes", gauge, false, "Room for states in it.",
     [](const zone::Zone& z) { return z.table().cells() * zone::Table::cell_size; }},
    {"zone_used_bytes", gauge, false, "Of that room, in use.",
     [](const zone::Zone& z) { return z.table().counts().used * zone::Table::cell_size; }},
    {"zone_free_bytes", gauge, false, "Of that room, free.",
     [](const zone::Zone& z) {
         return (z.table().cells() - z.table().counts().used) * zone::Table::cell_size;
     }},
    {"zone_states", gauge, false, "States (keys) in it.", table<&zone::Table::Counts::nodes>},
    {"zone_evicted", counter, false, "States removed before their time to make room.",
     table<&zone::Table::Counts::evicted>},
    {"zone_refused", counter, false, "States that found no room.",
     table<&zone::Table::Counts::refused>},
    {"zone_recovered", counter, false, "Times that it was put right after a death inside.",
     table<&zone::Table::Counts::recovered>},
    {"zone_lock_missed", counter, false,
     "Times that it was done without because a stopped process held its lock.",
     table<&zone::Table::Counts::missed>},
};

constexpr Metric<PeerView> of_peers[] = {
    {"upstream_peer_up", gauge, false, "0: marked down, resting after failures, or unhealthy.",
     is_up},
    {"upstream_peer_unhealthy", gauge, false, "1: its health checks say so.",
     [](const PeerView& p) { return uint64_t{p.peer.unhealthy()}; }},
    {"upstream_peer_probes", counter, false, "Health checks made.",
     of_checks<&upstream::CheckState::probes>},
    {"upstream_peer_probes_failed", counter, false, "Those that failed.",
     of_checks<&upstream::CheckState::probes_failed>},
    {"upstream_peer_requests", counter, false, "Requests that it was given, repeated ones too.",
     [](const PeerView& p) { return p.sum.requests; }},
    {"upstream_peer_failures", counter, false, "Those that it failed.",
     [](const PeerView& p) { return p.sum.failures; }},
    {"upstream_peer_requests_active", gauge, false, "Requests at the peer now.",
     [](const PeerView& p) { return p.sum.in_use; }},
    {"upstream_peer_connections_idle", gauge, false, "Connections kept for later requests.",
     [](const PeerView& p) { return p.sum.idle; }},
    {"upstream_peer_header_seconds", gauge, true, "Average time to the head of its answers.",
     [](const PeerView& p) { return uint64_t{p.peer.state().header_us}; }},
    {"upstream_peer_response_seconds", gauge, true, "Average time to the end of its answers.",
     [](const PeerView& p) { return uint64_t{p.peer.state().last_byte_us}; }},
    {"upstream_peer_fails", gauge, false, "Failures that count against it now.",
     [](const PeerView& p) { return uint64_t{p.peer.state().fails}; }},
    {"upstream_peer_weight", gauge, false, "Weight in the configuration.",
     [](const PeerView& p) { return static_cast<uint64_t>(p.peer.weight); }},
};

// How many bytes of `s` are one character of UTF-8 (RFC 3629); 0: none.
size_t utf8_length(std::string_view s)
{
    auto at = [&](size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
    auto tail = [&](size_t i) { return (at(i) & 0xC0u) == 0x80u; };
    unsigned c = at(0);
    if (c < 0x80)
        return 1;
    if (c >= 0xC2 && c <= 0xDF)
        return tail(1) ? 2 : 0;
    if ((c & 0xF0u) == 0xE0u) {
        bool overlong = c == 0xE0 && at(1) < 0xA0, surrogate = c == 0xED && at(1) > 0x9F;
        return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (c >= 0xF0 && c <= 0xF4) {
        bool overlong = c == 0xF0 && at(1) < 0x90, beyond = c == 0xF4 && at(1) > 0x8F;
        return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

}  // namespace

std::span<const Metric<Worker>> worker_metrics()
{
    return of_workers;
}
std::span<const Metric<ListenerCounts>> listener_metrics()
{
    return of_listeners;
}
std::span<const Metric<zone::Zone>> zone_metrics()
{
    return of_zones;
}
std::span<const Metric<PeerView>> peer_metrics()
{
    return of_peers;
}

int Source::own_line() const
{
    int n = 0;
    for (const net::WorkerLine& line : board.lines()) {
        if (line.pid == pid)
            return n;
        ++n;
    }
    return -1;
}

std::string number_text(uint64_t value, bool micro)
{
    if (!micro)
        return fmt::format("{}", value);
    return fmt::format("{}.{:06}", value / 1000000, value % 1000000);
}

std::string valid_utf8(std::string_view text)
{
    std::string out;
    while (!text.empty()) {
        size_t n = utf8_length(text);
        out += n ? text.substr(0, n) : "\xEF\xBF\xBD";
        text.remove_prefix(std::max<size_t>(n, 1));
    }
    return out;
}

}  // namespace sluice::status
