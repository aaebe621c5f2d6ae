// SPDX-License-Identifier: Apache-2.0
// stub_status: the few numbers that monitoring tools read of nginx, in its format.
#include "core/base/arena_text.h"
#include "core/http/module.h"
#include "core/http/service.h"

namespace sluice::stub_status {

extern const Module module;

namespace {

using http::ConnectionCounters;
using http::Value;

std::string_view text_of(Request& r, uint64_t n)
{
    fmt::format_int text(n);
    return r.arena().copy({text.data(), text.size()});
}

template <uint64_t ConnectionCounters::*Member>
Value variable(Request& r, const void*)
{
    return text_of(r, r.c.service.counters.*Member);
}

Task<Rc> show(Request& r)
{
    if (r.method_id != http::Method::get && r.method_id != http::Method::head)
        co_return reply(405);
    const ConnectionCounters& n = r.c.service.counters;
    std::string_view text = r.arena().concat(
        "Active connections: ", text_of(r, n.active), " \nserver accepts handled requests\n ",
        text_of(r, n.accepted), " ", text_of(r, n.handled), " ", text_of(r, n.requests),
        " \nReading: ", text_of(r, n.reading), " Writing: ", text_of(r, n.writing),
        " Waiting: ", text_of(r, n.waiting), " \n");
    co_return co_await r.respond(200, "text/plain", text);
}

void set_status(Apply& apply)
{
    http::http_block(apply).location.set_content(apply, show);
}

constexpr Directive directives[] = {
    {"stub_status", in_server | in_location, 0, 1, conf::run<set_status>},
};

}  // namespace

const Module module{
    .name = "stub_status",
    .directives = directives,
    .install =
        [](Install& in) {
            auto& v = in.main.variables;
            v.define("connections_active", variable<&ConnectionCounters::active>, nullptr, true,
                     false);
            v.define("connections_reading", variable<&ConnectionCounters::reading>, nullptr, true,
                     false);
            v.define("connections_writing", variable<&ConnectionCounters::writing>, nullptr, true,
                     false);
            v.define("connections_waiting", variable<&ConnectionCounters::waiting>, nullptr, true,
                     false);
        },
};

}  // namespace sluice::stub_status
