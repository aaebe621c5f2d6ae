// SPDX-License-Identifier: Apache-2.0
#include "core/base/bytes.h"
#include "modules/limit_req/limit_req.h"

namespace sluice::limit_req {

std::optional<Rate> parse_rate(std::string_view text)
{
    Amount unit = text.ends_with("r/s") ? 60 : text.ends_with("r/m") ? 1 : 0;
    if (unit == 0)
        return std::nullopt;
    auto n = conf::parse_number(text.substr(0, text.size() - 3));
    if (!n || *n < 1 || *n > most_requests)
        return std::nullopt;
    return Rate{*n * unit};
}

namespace {

void set_zone(Apply& apply, Zones& zones)
{
    Template key;
    if (!http::parse(apply, 0, key))
        return;
    Rate rate;
    zone::Zone* zone = nullptr;
    for (size_t i = 1; i < apply.size(); ++i) {
        std::string_view word = apply.arg(i);
        if (word.starts_with("zone=")) {
            zone = http::declare_zone(apply, i, module, apply.arg(0));
            if (!zone)
                return;
        } else if (word.starts_with("rate=")) {
            auto parsed = parse_rate(word.substr(5));
            if (!parsed)
                return apply.fail_at(i, fmt::format("invalid rate \"{}\"", word),
                                     "rate=Nr/s or rate=Nr/m");
            rate = *parsed;
        } else {
            return apply.fail_at(i, fmt::format("invalid parameter \"{}\"", word));
        }
    }
    if (!zone)
        return apply.fail(R"("limit_req_zone" must have "zone" parameter)");
    ReqZone& own = zones.of(zone);
    own.key = std::move(key);
    own.rate = rate;
}

// A positive number of requests behind `NAME=`.
bool read_requests(Apply& apply, size_t i, std::string_view name, Amount& out)
{
    auto n = conf::parse_number(std::string_view(apply.arg(i)).substr(name.size() + 1));
    if (!n || *n < 1 || *n > most_requests) {
        apply.fail_at(i, fmt::format("invalid {} value \"{}\"", name, apply.arg(i)));
        return false;
    }
    out = *n * one;
    return true;
}

void set_limit(Apply& apply, Conf& conf)
{
    Limit limit;
    zone::Zone* zone = nullptr;
    for (size_t i = 0; i < apply.size(); ++i) {
        std::string_view word = apply.arg(i);
        if (word.starts_with("zone=")) {
            zone = http::use_zone(apply, i, word.substr(5), module);
            if (!zone)
                return;
        } else if (word.starts_with("burst=")) {
            if (!read_requests(apply, i, "burst", limit.tolerance.burst))
                return;
        } else if (word.starts_with("delay=")) {
            if (!read_requests(apply, i, "delay", limit.tolerance.at_once))
                return;
        } else if (word == "nodelay") {
            limit.tolerance.at_once = std::numeric_limits<Amount>::max();
        } else {
            return apply.fail_at(i, fmt::format("invalid parameter \"{}\"", word));
        }
    }
    if (!zone)
        return apply.fail(R"("limit_req" must have "zone" parameter)");
    limit.zone = &http::http_block(apply).main.conf<Zones>(module).of(zone);
    for (const Limit& other : *conf.limits)
        if (other.zone == limit.zone)
            return apply.fail_directive("is duplicate");
    conf.limits.edit().push_back(limit);
}

constexpr Directive rows[] = {
    {"limit_req_zone", in_http, 3, 3, call<set_zone>},
    {"limit_req", everywhere, 1, 3, call<set_limit>},
    {"limit_req_status", everywhere, 1, 1, store<&Conf::status>},
    {"limit_req_log_level", everywhere, 1, 1, store<&Conf::log_at>},
    {"limit_req_dry_run", everywhere, 1, 1, store<&Conf::dry_run>},
};

}  // namespace

std::span<const Directive> directives()
{
    return rows;
}

}  // namespace sluice::limit_req
