// SPDX-License-Identifier: Apache-2.0
// upstream: groups of servers that forwarding modules share, and the $upstream_* variables.
#include "core/base/bytes.h"
#include "core/http/module.h"
#include "core/upstream/exchange.h"
#include "core/upstream/groups.h"

namespace sluice::upstream_ {
namespace {

using upstream::Group;
using upstream::Groups;
using upstream::PeerSource;

/// What stands inside upstream { }: directives write to the group at once.
struct Body {
    Group* group = nullptr;
    conf::Setting<int> keepalive;
};

class UpstreamBlock : public conf::Block
{
public:
    UpstreamBlock(conf::Block* outer, Group& group) : Block(conf::in_upstream, outer)
    {
        body_.group = &group;
    }
    void* conf(size_t set, const void* tag) override
    {
        return tag == conf::tag_of<Body>() ? &body_ : parent->conf(set, tag);
    }

private:
    Body body_;
};

void open_upstream(Apply& apply)
{
    Group* group = Groups::of(http::http_block(apply).main).define(apply.arg(0));
    if (!group)
        return apply.fail(fmt::format("duplicate upstream \"{}\"", apply.arg(0)));
    UpstreamBlock block(&apply.block, *group);
    apply.in.run(apply.node.children, block);
    if (group->empty() && !group->has_names())
        apply.fail_end("no servers are inside upstream");
}

bool set_number(Apply& apply, size_t i, std::string_view word, int& out)
{
    auto n = parse_decimal(word.substr(word.find('=') + 1));
    if (!n || *n > INT32_MAX) {
        apply.fail_at(i, fmt::format("invalid parameter \"{}\"", word));
        return false;
    }
    out = static_cast<int>(*n);
    return true;
}

bool parse_parameter(Apply& apply, size_t i, upstream::PeerSpec& peer)
{
    std::string_view word = apply.arg(i);
    if (word == "down")
        return peer.down = true;
    if (word == "backup")
        return peer.backup = true;
    if (word.starts_with("weight=")) {
        if (!set_number(apply, i, word, peer.weight))
            return false;
        if (peer.weight == 0) {
            apply.fail_at(i, fmt::format("invalid parameter \"{}\"", word));
            return false;
        }
        return true;
    }
    if (word.starts_with("max_fails="))
        return set_number(apply, i, word, peer.max_fails);
    if (word.starts_with("max_conns="))
        return set_number(apply, i, word, peer.max_conns);
    if (word.starts_with("fail_timeout=")) {
        auto time = conf::parse_seconds(word.substr(13));
        if (time) {
            peer.fail_timeout = *time;
            return true;
        }
    }
    apply.fail_at(i, fmt::format("invalid parameter \"{}\"", word));
    return false;
}

void add_server(Apply& apply, Body& body)
{
    PeerSource source;
    for (size_t i = 1; i < apply.size(); ++i)
        if (apply.arg(i) != "resolve" && !parse_parameter(apply, i, source.pattern))
            return;
    std::string_view text = apply.arg(0);
    if (!upstream::split_host_port(text, 80, source.host, source.port))
        return apply.fail_at(0, fmt::format("invalid port in upstream \"{}\"", text));
    os::Address address;
    bool is_unix = source.host.starts_with("unix:");
    bool literal = is_unix
                       ? os::Address::from_unix(std::string_view(source.host).substr(5), address)
                       : os::Address::from_literal(source.host, source.port, address);
    if (literal) {
        source.pattern.address = address;
        return body.group->add(source.pattern);
    }
    if (is_unix)
        return apply.fail_at(0, fmt::format("invalid unix socket path in upstream \"{}\"", text));
    std::string why;
    if (!body.group->add_name(std::move(source), why))
        apply.warn("host-not-found",
                   fmt::format(
                       "host not found in upstream \"{}\" ({}); requests get 502 until it resolves",
                       text, why));
}

void set_keepalive(Apply& apply, Body& body)
{
    if (body.keepalive.is_set())
        return apply.fail_directive("is duplicate");
    auto n = parse_decimal(apply.arg(0));
    if (!n || *n > INT32_MAX)
        return apply.fail(
            fmt::format("invalid value \"{}\" in \"keepalive\" directive", apply.arg(0)));
    if (apply.size() > 1 && apply.arg(1) != "local")
        return apply.fail_at(1, fmt::format("invalid parameter \"{}\"", apply.arg(1)));
    body.keepalive.set(static_cast<int>(*n));
    body.group->keepalive.connections = static_cast<size_t>(*n);
}

void set_keepalive_requests(Apply& apply, Body& body)
{
    conf::parse(apply, 0, body.group->keepalive.requests);
}
void set_keepalive_time(Apply& apply, Body& body)
{
    conf::parse(apply, 0, body.group->keepalive.time);
}
void set_keepalive_timeout(Apply& apply, Body& body)
{
    conf::parse(apply, 0, body.group->keepalive.timeout);
}

constexpr Directive directives[] = {
    {"upstream", in_http, 1, 1, conf::run<open_upstream>, true},
    {"server", in_upstream, 1, any, call<add_server>},
    {"keepalive", in_upstream, 1, 2, call<set_keepalive>},
    {"keepalive_requests", in_upstream, 1, 1, call<set_keepalive_requests>},
    {"keepalive_time", in_upstream, 1, 1, call<set_keepalive_time>},
    {"keepalive_timeout", in_upstream, 1, 1, call<set_keepalive_timeout>},
    {"zone", in_upstream, 1, 2, conf::ignored},  // state is per worker
};

}  // namespace

extern const Module module;
const Module module{
    .name = "upstream",
    .directives = directives,
    .install = [](Install& in) { upstream::define_upstream_variables(in.main.variables); },
};

}  // namespace sluice::upstream_
