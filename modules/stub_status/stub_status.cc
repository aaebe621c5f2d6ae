// SPDX-License-Identifier: Apache-2.0
// stub_status: the few numbers that monitoring tools read of nginx, in its format.
#include "core/base/arena_text.h"
#include "core/http/module.h"
#include "core/http/service.h"

namespace sluice::stub_status {

extern const Module module;

namespace {

using http::Value;
using net::ConnectionCounts;

std::string_view text_of(Request& r, uint64_t n)
{
    fmt::format_int text(n);
    return r.arena().copy({text.data(), text.size()});
}

// Of all workers, as of nginx.
template <Counter ConnectionCounts::*Member>
std::string_view sum(Request& r)
{
    return text_of(r, r.c.service.scoreboard().sum([](const net::WorkerLine& line) {
        return (line.connections.*Member).get();
    }));
}

template <Counter ConnectionCounts::*Member>
Value variable(Request& r, const void*)
{
    return sum<Member>(r);
}

Task<Rc> show(Request& r)
{
    if (r.method_id != http::Method::get && r.method_id != http::Method::head)
        co_return reply(405);
    using N = ConnectionCounts;
    std::string_view text = r.arena().concat(
        "Active connections: ", sum<&N::active>(r), " \nserver accepts handled requests\n ",
        sum<&N::accepted>(r), " ", sum<&N::handled>(r), " ", sum<&N::requests>(r),
        " \nReading: ", sum<&N::reading>(r), " Writing: ", sum<&N::writing>(r),
        " Waiting: ", sum<&N::waiting>(r), " \n");
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
            v.define("connections_active", variable<&ConnectionCounts::active>, nullptr, true,
                     false);
            v.define("connections_reading", variable<&ConnectionCounts::reading>, nullptr, true,
                     false);
            v.define("connections_writing", variable<&ConnectionCounts::writing>, nullptr, true,
                     false);
            v.define("connections_waiting", variable<&ConnectionCounts::waiting>, nullptr, true,
                     false);
        },
};

}  // namespace sluice::stub_status
