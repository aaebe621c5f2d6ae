// SPDX-License-Identifier: Apache-2.0
// limit_conn: so many requests at a time per key, counted by all workers together. A state belongs
// to a key and a worker; what a worker held that died is given back by the master.
#include <algorithm>
#include <map>

#include "core/base/bytes.h"
#include "core/http/service.h"
#include "modules/lib/limit.h"

namespace sluice::limit_conn {

extern const Module module;

namespace {

using limit::Outcome;

constexpr size_t max_key = 255;  // nginx's

/// limit_conn_zone.
struct ConnZone {
    zone::Zone* zone = nullptr;
    Template key;
};

using Zones = limit::Zones<ConnZone>;

struct Limit {
    const ConnZone* zone = nullptr;
    uint32_t most = 0;
};

struct Conf {
    Setting<std::vector<Limit>> limits;
    Setting<limit::Status> status;
    Setting<limit::LogAt> log_at;
    Setting<bool> dry_run{false};
};

// ---- counting -----------------------------------------------------------------------------------

/// In the zone: requests of one key in one worker.
struct Count {
    uint32_t n;
};

uint32_t own_pid(const Request& r)
{
    return static_cast<uint32_t>(r.c.service.pid());
}

/// Places of requests that ended while a stopped process kept the zone's lock (zone::Lock). They
/// are given back once it can be had, or they would count for as long as this worker lives.
class Debts final : public event::Timer
{
public:
    void add(const zone::Zone& zone, std::string_view key, uint32_t owner)
    {
        ++owed_[&zone][{std::string(key), owner}];
        if (!set())
            event::Loop::current().timers().add(*this, Clock::in(pause));
    }

private:
    static constexpr ms pause{50};
    using Places = std::map<std::pair<std::string, uint32_t>, uint32_t>;

    void expired() override
    {
        std::erase_if(owed_, [](const auto& of) { return pay(*of.first, of.second); });
        if (!owed_.empty())
            event::Loop::current().timers().add(*this, Clock::in(pause));
    }
    static bool pay(const zone::Zone& zone, const Places& places)
    {
        zone::Lock lock(zone);
        if (!lock)
            return false;
        zone::Table& table = zone.table();
        for (const auto& [place, n] : places)
            if (zone::Node* own = table.find(place.first, table.hash(place.first), place.second)) {
                uint32_t& counted = own->value<Count>().n;
                counted -= std::min(counted, n);
                if (counted == 0)
                    table.remove(*own);
            }
        return true;
    }

    std::map<const zone::Zone*, Places> owed_;  // zones live as long as the worker
};

// Of this worker; never destroyed, its loop ends first.
Debts& debts()
{
    static auto* const all = new Debts;
    return *all;
}

/// One request counted in one zone, until its end.
class Held
{
public:
    enum Got { counted, full, no_room, unknown };

    Held(const zone::Zone& zone, std::string_view key, uint32_t owner)
        : zone_(zone), key_(key), owner_(owner), hash_(zone.table().hash(key))
    {
    }
    ~Held() { give_back(); }
    Held(const Held&) = delete;

    Got take(uint32_t most)
    {
        zone::Table& table = zone_.table();
        zone::Lock lock(zone_);
        if (!lock)
            return unknown;
        uint32_t all = 0;
        zone::Node* own = nullptr;
        table.each(key_, hash_, [&](zone::Node& node) {
            all += node.value<Count>().n;
            if (node.owner() == owner_)
                own = &node;
        });
        if (all >= most)
            return full;
        if (own)
            ++own->value<Count>().n;
        else if (!table.add(key_, hash_, owner_, Count{1}, limit::now_seconds()))
            return no_room;
        counted_ = true;
        return counted;
    }

    void give_back()
    {
        if (!counted_)
            return;
        counted_ = false;
        zone::Lock lock(zone_);
        if (!lock)
            return debts().add(zone_, key_, owner_);
        zone::Node* own = zone_.table().find(key_, hash_, owner_);
        if (own && --own->value<Count>().n == 0)
            zone_.table().remove(*own);
    }

private:
    const zone::Zone& zone_;
    std::string_view key_;
    uint32_t owner_, hash_;
    bool counted_ = false;
};

Rc refuse(Request& r, const Conf& conf, const Limit& limit, Held::Got why)
{
    const std::string& zone = limit.zone->zone->name();
    if (why == Held::no_room)
        r.log(Level::crit, "could not allocate node in limit_conn_zone \"{}\"", zone);
    else
        r.log(conf.log_at->level, "limiting connections{} by zone \"{}\"",
              *conf.dry_run ? ", dry run," : "", zone);
    limit::decide(r, module, *conf.dry_run ? Outcome::rejected_dry_run : Outcome::rejected);
    return *conf.dry_run ? next : reply(conf.status->code);
}

// The key of a request in a limit; empty: it does not apply.
std::string_view key_of(Request& r, const Limit& limit)
{
    std::string_view key = limit.zone->key.eval(r);
    if (key.size() <= max_key)
        return r.arena().copy(key);
    r.log(Level::error, "the value of the \"{}\" key is more than 255 bytes: \"{}\"",
          limit.zone->zone->shape(), key);
    return {};
}

Task<Rc> handle(Request& r)
{
    const Conf& conf = r.conf<Conf>(module);
    if (limit::outcome_of(r, module))
        return next;  // once for a request
    ArenaVector<Held*> all;
    for (const Limit& limit : *conf.limits) {
        std::string_view key = key_of(r, limit);
        if (key.empty())
            continue;
        Held* held = r.arena().make<Held>(*limit.zone->zone, key, own_pid(r));
        Held::Got got = held->take(limit.most);
        if (got == Held::full || got == Held::no_room) {
            for (Held* earlier : all)
                earlier->give_back();
            return refuse(r, conf, limit, got);
        }
        all.push(r.arena(), held);
    }
    if (!all.empty())
        limit::decide(r, module, Outcome::passed);
    return next;
}

// ---- directives ---------------------------------------------------------------------------------

void set_zone(Apply& apply, Zones& zones)
{
    Template key;
    if (!http::parse(apply, 0, key))
        return;
    if (!std::string_view(apply.arg(1)).starts_with("zone="))
        return apply.fail_at(1, fmt::format("invalid parameter \"{}\"", apply.arg(1)));
    if (zone::Zone* zone = http::declare_zone(apply, 1, module, apply.arg(0)))
        zones.of(zone).key = std::move(key);
}

void set_limit(Apply& apply, Conf& conf)
{
    zone::Zone* zone = http::use_zone(apply, 0, apply.arg(0), module);
    if (!zone)
        return;
    const ConnZone* own = &http::http_block(apply).main.conf<Zones>(module).of(zone);
    for (const Limit& other : *conf.limits)
        if (other.zone == own)
            return apply.fail_directive("is duplicate");
    auto n = conf::parse_number(apply.arg(1));
    if (!n || *n < 1)
        return apply.fail_at(1, fmt::format("invalid number of connections \"{}\"", apply.arg(1)));
    if (*n > 65535)
        return apply.fail_at(1, "connection limit must be less 65536");
    conf.limits.edit().push_back({own, static_cast<uint32_t>(*n)});
}

constexpr Directive rows[] = {
    {"limit_conn_zone", in_http, 2, 2, call<set_zone>},
    {"limit_conn", everywhere, 2, 2, call<set_limit>},
    {"limit_conn_status", everywhere, 1, 1, store<&Conf::status>},
    {"limit_conn_log_level", everywhere, 1, 1, store<&Conf::log_at>},
    {"limit_conn_dry_run", everywhere, 1, 1, store<&Conf::dry_run>},
};

}  // namespace

const Module module{
    .name = "limit_conn",
    .directives = rows,
    .main_conf = &conf_of<Zones, &Zones::list>,
    .location_conf = &conf_of<Conf, &Conf::limits, &Conf::status, &Conf::log_at, &Conf::dry_run>,
    .install =
        [](Install& in) {
            in.at(Phase::preaccess, handle, [](const http::Location& location) {
                return !location.conf<Conf>(module).limits->empty();
            });
            in.main.variables.define("limit_conn_status", limit::status_variable<module>, nullptr,
                                     true, false);
        },
    .slot_lasts = true,
};

}  // namespace sluice::limit_conn
