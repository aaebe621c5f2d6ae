// SPDX-License-Identifier: Apache-2.0
// limit_req: so many requests in a time per key (a leaky bucket), counted by all workers together.
#include "modules/limit_req/limit_req.h"

#include "core/base/bytes.h"
#include "modules/lib/limit.h"
#include "modules/limit_req/bucket.h"

namespace sluice::limit_req {

namespace {

using limit::Outcome;

constexpr int64_t keep_ms = 60000;  // nginx's: an empty bucket stays that long

struct Judgement {
    enum : uint8_t { good, refused, no_room } what = good;
    Amount excess = 0;
};

/// A request's key in one of the limits of its location.
struct Measure {
    const Limit* limit;
    std::string_view key;
    uint32_t hash;

    zone::Table& table() const { return limit->zone->zone->table(); }
    Rate rate() const { return limit->zone->rate; }
    const std::string& zone_name() const { return limit->zone->zone->name(); }
};

// A new state drops up to two old ones that say nothing any more.
void expire(zone::Table& table, Rate rate, int64_t now)
{
    for (int i = 0; i < 2; ++i) {
        zone::Node* node = table.oldest();
        if (!node)
            return;
        const Bucket& bucket = node->value<Bucket>();
        if (now - bucket.last_ms < keep_ms || !bucket.is_empty(rate, now))
            return;
        table.remove(*node);
    }
}

// The oldest ones give way, whatever is in them: better than refusing everybody who is new.
bool make_room(zone::Table& table, size_t key_size)
{
    while (!table.has_room(key_size)) {
        zone::Node* node = table.oldest();
        if (!node)
            return false;
        table.remove(*node);
        ++table.counts().evicted;
    }
    return true;
}

// Looks at the bucket, and pours when `let_in`. An earlier limit of several only looks: a request
// that a later one refuses has not been one.
Judgement judge(const Measure& m, bool let_in, bool may_refuse)
{
    int64_t now = Clock::now().ticks;
    zone::Table& table = m.table();
    zone::Lock lock(*m.limit->zone->zone);
    if (!lock)
        return {};  // better than refusing everybody while a process is stopped inside
    if (zone::Node* node = table.find(m.key, m.hash)) {
        table.touch(*node, limit::now_seconds());
        auto& bucket = node->value<Bucket>();
        Amount excess = bucket.with_one_more(m.rate(), now);
        if (may_refuse && m.limit->tolerance.refuses(excess))
            return {Judgement::refused, excess};
        if (let_in)
            bucket.take(excess, now);
        return {Judgement::good, excess};
    }
    if (!let_in)
        return {};
    expire(table, m.rate(), now);
    if (!make_room(table, m.key.size()))
        return {Judgement::no_room};
    table.add(m.key, m.hash, 0, Bucket{now, 0}, limit::now_seconds());
    return {};
}

/// All limits of a location for one request.
class Verdict
{
public:
    Verdict(Request& r, const Conf& conf) : r_(r), conf_(conf) {}

    /// False: no limit applies, nothing was counted.
    bool run()
    {
        const auto& limits = *conf_.limits;
        std::optional<Measure> before;
        for (const Limit& limit : limits) {
            auto measure = measure_of(limit);
            if (!measure)
                continue;
            if (before)
                look(*before);
            if (what.what != Judgement::good)
                return true;
            before = measure;
        }
        if (!before)
            return false;
        // The last one that applies is looked at and counted in one step.
        decide(*before, judge(*before, true, true));
        if (what.what != Judgement::good || earlier_.empty())
            return true;
        for (const Measure& m : earlier_) {
            Judgement j = judge(m, true, false);
            decide(m, j);
            if (what.what != Judgement::good)
                break;
        }
        return true;
    }

    Judgement what;     // of the limit that decides
    int64_t delay = 0;  // ms, the longest
    const Limit* by = nullptr;

private:
    std::optional<Measure> measure_of(const Limit& limit)
    {
        std::string_view key = limit.zone->key.eval(r_);
        if (key.empty())
            return std::nullopt;
        if (key.size() > zone::Table::max_key) {
            r_.log(Level::error, "the value of the \"{}\" key is more than 65535 bytes: \"{}\"",
                   limit.zone->zone->shape(), key);
            return std::nullopt;
        }
        return Measure{&limit, key, limit.zone->zone->table().hash(key)};
    }

    void look(const Measure& m)
    {
        Judgement j = judge(m, false, true);
        if (j.what != Judgement::good)
            decide(m, j);
        else
            earlier_.push(r_.arena(), m);
    }

    void decide(const Measure& m, Judgement j)
    {
        int64_t wait = m.limit->tolerance.delay(j.excess, m.rate());
        if (j.what == Judgement::good && by && wait <= delay)
            return;
        what = j;
        delay = wait;
        by = m.limit;
    }

    Request& r_;
    const Conf& conf_;
    ArenaVector<Measure> earlier_;
};

Rc refuse(Request& r, const Conf& conf, const Verdict& v)
{
    std::string_view dry = *conf.dry_run ? ", dry run" : "";
    const std::string& zone = v.by->zone->zone->name();
    int64_t excess = thousandths(v.what.excess);
    if (v.what.what == Judgement::no_room)
        r.log(Level::alert, "could not allocate node in limit_req zone \"{}\"", zone);
    else
        r.log(conf.log_at->level, "limiting requests{}, excess: {}.{:03} by zone \"{}\"", dry,
              excess / 1000, excess % 1000, zone);
    limit::decide(r, module, *conf.dry_run ? Outcome::rejected_dry_run : Outcome::rejected);
    return *conf.dry_run ? next : reply(conf.status->code);
}

// The client may leave meanwhile.
Task<Rc> hold(Request& r, ms wait)
{
    event::Wait w = co_await r.c.stream.watch().hang_up(Clock::in(wait));
    if (w == event::Wait::timeout)
        co_return next;
    r.log(Level::info, "client prematurely closed connection");
    r.log_status = 499;
    co_return closed;
}

Task<Rc> handle(Request& r)
{
    const Conf& conf = r.conf<Conf>(module);
    if (limit::outcome_of(r, module))
        return next;  // once for a request
    Verdict v(r, conf);
    if (!v.run())
        return next;
    if (v.what.what != Judgement::good)
        return refuse(r, conf, v);
    if (v.delay == 0) {
        limit::decide(r, module, Outcome::passed);
        return next;
    }
    int64_t excess = thousandths(v.what.excess);
    r.log(conf.log_at->less(), "delaying request{}, excess: {}.{:03}, by zone \"{}\"",
          *conf.dry_run ? ", dry run" : "", excess / 1000, excess % 1000, v.by->zone->zone->name());
    limit::decide(r, module, *conf.dry_run ? Outcome::delayed_dry_run : Outcome::delayed);
    if (*conf.dry_run)
        return next;
    return hold(r, ms{v.delay});
}

}  // namespace

const Module module{
    .name = "limit_req",
    .directives = directives(),
    .main_conf = &conf_of<Zones, &Zones::list>,
    .location_conf = &conf_of<Conf, &Conf::limits, &Conf::status, &Conf::log_at, &Conf::dry_run>,
    .install =
        [](Install& in) {
            in.at(Phase::preaccess, handle, [](const http::Location& location) {
                return !location.conf<Conf>(module).limits->empty();
            });
            in.main.variables.define("limit_req_status", limit::status_variable<module>, nullptr,
                                     true, false);
        },
    .slot_lasts = true,
};

}  // namespace sluice::limit_req
