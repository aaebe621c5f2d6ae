// SPDX-License-Identifier: Apache-2.0
// access: lets clients in, or not, by their address.
#include "core/http/module.h"
#include "modules/lib/networks.h"

namespace sluice::access {

extern const Module module;

namespace {

struct Rule {
    networks::Network network;
    bool allow = false;
};

struct Conf {
    Setting<std::vector<Rule>> rules;  // the first that fits counts; inherited as a whole
};

template <bool Allow>
void add_rule(Apply& apply, Conf& conf)
{
    bool low_bits = false;
    auto network = networks::parse_network(apply.arg(0), low_bits);
    if (!network)
        return apply.fail_at(0, fmt::format("invalid parameter \"{}\"", apply.arg(0)),
                             "an address, a network (192.0.2.0/24), unix: or all");
    if (low_bits)
        apply.warn("low-address-bits",
                   fmt::format("low address bits of {} are meaningless", apply.arg(0)));
    conf.rules.edit().push_back({*network, Allow});
}

Task<Rc> check(Request& r)
{
    std::string_view address = r.c.peer.bytes();
    for (const Rule& rule : *r.conf<Conf>(module).rules) {
        if (!rule.network.contains(address))
            continue;
        if (rule.allow)
            return done;
        if (*r.core().satisfy == http::Satisfy::all)  // else somebody else may let it in
            r.log(Level::error, "access forbidden by rule");
        return reply(403);
    }
    return next;
}

bool has_rules(const http::Location& location)
{
    return !location.conf<Conf>(module).rules->empty();
}

constexpr Directive directives[] = {
    {"allow", everywhere | conf::in_limit_except, 1, 1, call<add_rule<true>>},
    {"deny", everywhere | conf::in_limit_except, 1, 1, call<add_rule<false>>},
};

}  // namespace

const Module module{
    .name = "access",
    .directives = directives,
    .location_conf = &conf_of<Conf, &Conf::rules>,
    .install = [](Install& in) { in.at(Phase::access, check, has_rules); },
};

}  // namespace sluice::access
