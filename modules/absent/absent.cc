// SPDX-License-Identifier: Apache-2.0
// absent: features of nginx that are not built in, where a configuration asks for nothing of them:
// they are switched off, or a cache that is not there is to be passed by. Such lines have no effect
// in nginx either. Anything else about these features is refused as what is not built in. A module
// that brings one of them takes its rows away from here.
#include "core/http/module.h"

namespace sluice::absent {

extern const Module module;

namespace {

constexpr conf::Where everywhere = conf::everywhere | conf::in_if_location;

void take_off(Apply& apply)
{
    if (apply.arg(0) != "off")
        apply.fail_unknown();
}

// Conditions: they are read, so that a variable that nobody has is noticed.
void take_conditions(Apply& apply)
{
    for (size_t i = 0; i < apply.size(); ++i) {
        Template condition;
        if (!http::parse(apply, i, condition))
            return;
    }
}

constexpr conf::Setter off = conf::run<take_off>, conditions = conf::run<take_conditions>;

constexpr Directive directives[] = {
    {"auth_basic", conf::everywhere | conf::in_limit_except, 1, 1, off},
    {"autoindex", conf::everywhere, 1, 1, off},
    {"charset", everywhere, 1, 1, off},
    {"dav_methods", conf::everywhere, 1, 1, off},
    {"fastcgi_cache", conf::everywhere, 1, 1, off},
    {"fastcgi_cache_bypass", conf::everywhere, 1, conf::any, conditions},
    {"fastcgi_no_cache", conf::everywhere, 1, conf::any, conditions},
    {"gunzip", conf::everywhere, 1, 1, off},
    {"gzip", everywhere, 1, 1, off},
    {"gzip_static", conf::everywhere, 1, 1, off},
    {"http2", conf::in_http | conf::in_server, 1, 1, off},
    {"http3", conf::in_http | conf::in_server, 1, 1, off},
    {"proxy_cache", conf::everywhere, 1, 1, off},
    {"proxy_cache_bypass", conf::everywhere, 1, conf::any, conditions},
    {"proxy_no_cache", conf::everywhere, 1, conf::any, conditions},
    {"random_index", conf::in_location, 1, 1, off},
    {"scgi_cache", conf::everywhere, 1, 1, off},
    {"scgi_cache_bypass", conf::everywhere, 1, conf::any, conditions},
    {"scgi_no_cache", conf::everywhere, 1, conf::any, conditions},
    {"ssi", everywhere, 1, 1, off},
    {"userid", conf::everywhere, 1, 1, off},
    {"uwsgi_cache", conf::everywhere, 1, 1, off},
    {"uwsgi_cache_bypass", conf::everywhere, 1, conf::any, conditions},
    {"uwsgi_no_cache", conf::everywhere, 1, conf::any, conditions},
};

http::Value nothing(Request&, const void*)
{
    return std::nullopt;
}

http::Value client_address(Request& r, const void*)
{
    return r.c.peer_host();
}

http::Value client_port(Request& r, const void*)
{
    return r.arena().copy(fmt::format_int(r.c.peer.port()).str());
}

void define_variables(http::Variables& v)
{
    // Of features that are at rest, as logs show them.
    for (std::string_view name :
         {"gzip_ratio", "http2", "http3", "proxy_protocol_addr", "proxy_protocol_port",
          "proxy_protocol_server_addr", "proxy_protocol_server_port", "upstream_cache_status"})
        v.define(name, nothing, nullptr, false, false);
    // Who the client was before its address was replaced.
    v.define("realip_remote_addr", client_address, nullptr, false, false);
    v.define("realip_remote_port", client_port, nullptr, false, false);
}

}  // namespace

const Module module{
    .name = "absent",
    .directives = directives,
    .install = [](Install& in) { define_variables(in.main.variables); },
};

}  // namespace sluice::absent
