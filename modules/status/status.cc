// SPDX-License-Identifier: Apache-2.0
// status: all counters of all workers, zones and upstream peers, for Prometheus or as JSON.
#include "core/http/module.h"
#include "core/http/service.h"
#include "core/upstream/groups.h"
#include "modules/status/metrics.h"

namespace sluice::status {

extern const Module module;

namespace {

enum class Format : uint8_t { prometheus, json };

std::span<const std::pair<std::string_view, Format>> enum_names(Format*)
{
    static constexpr std::pair<std::string_view, Format> names[] = {
        {"prometheus", Format::prometheus}, {"json", Format::json}};
    return names;
}

struct Conf {
    Format format = Format::prometheus;  // not inherited: it belongs to its location
};

Source source_of(const Request& r)
{
    const http::Service& service = r.c.service;
    const upstream::Groups& groups = upstream::Groups::of(service.main());
    return {service.scoreboard(), service.main().zones, groups.all(),
            groups.board(),       service.pid(),        Clock::now()};
}

Task<Rc> show(Request& r)
{
    if (r.method_id != http::Method::get && r.method_id != http::Method::head)
        return reply(405);
    bool as_json = r.conf<Conf>(module).format == Format::json;
    Source source = source_of(r);
    std::string_view text = r.arena().copy(as_json ? json(source) : prometheus(source));
    return r.respond(200, as_json ? "application/json" : "text/plain; version=0.0.4", text);
}

void set_status(Apply& apply, Conf& conf)
{
    if (conf::parse(apply, 0, conf.format))
        http::http_block(apply).location.set_content(apply, show);
}

constexpr Directive directives[] = {
    {"status", in_server | in_location, 1, 1, call<set_status>},
};

}  // namespace

const Module module{
    .name = "status",
    .directives = directives,
    .location_conf = &conf_of<Conf, &Conf::format>,
};

}  // namespace sluice::status
