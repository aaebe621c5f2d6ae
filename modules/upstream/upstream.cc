// SPDX-License-Identifier: Apache-2.0
// upstream: groups of servers that forwarding modules share, and the $upstream_* variables.
#include "core/base/bytes.h"
#include "core/http/module.h"
#include "core/upstream/exchange.h"
#include "core/upstream/group_block.h"
#include "core/upstream/groups.h"

namespace sluice::upstream_ {

extern const Module module;

namespace {

using upstream::Group;
using upstream::Groups;
using upstream::PeerSource;

/// Groups that say themselves who resolves their names.
struct Main {
    std::vector<std::pair<Group*, http::ResolverSettings>> own;
};

Main& main_of(Apply& apply)
{
    return http::http_block(apply).main.conf<Main>(module);
}

// What a group does not say the http level does.
void finish_main(Finish& finish, void* object)
{
    Groups& groups = Groups::of(finish.main);
    for (Group* group : groups.defined())
        group->resolver = finish.main.root.resolver;
    for (auto& [group, settings] : static_cast<Main*>(object)->own) {
        settings.inherit(finish.main.root.core->names);
        group->resolver = settings.rules();
    }
}

class UpstreamBlock final : public upstream::GroupBlock
{
public:
    using GroupBlock::GroupBlock;
    bool keepalive = false;  // written
    http::ResolverSettings names;
};

UpstreamBlock& block_of(Apply& apply)
{
    return static_cast<UpstreamBlock&>(upstream::group_block(apply));
}

void open_upstream(Apply& apply)
{
    std::string place = apply.diag.in_place(apply.node.name.pos);
    Group* group = Groups::of(http::http_block(apply).main)
                       .define(apply.arg(0), place.substr(std::min<size_t>(place.size(), 4)));
    if (!group)
        return apply.fail(fmt::format("duplicate upstream \"{}\"", apply.arg(0)));
    UpstreamBlock block(&apply.block, *group);
    apply.in.run(apply.node.children, block);
    if (block.names.rules())
        main_of(apply).own.emplace_back(group, block.names);
    if (group->empty() && !group->has_names())
        apply.fail_end("no servers are inside upstream");
    else if (!apply.diag.failed())
        group->prepare();
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

bool parse_weight(Apply& apply, size_t i, std::string_view word, int& out)
{
    if (!set_number(apply, i, word, out))
        return false;
    if (out == 0)
        apply.fail_at(i, fmt::format("invalid parameter \"{}\"", word));
    return out != 0;
}

bool parse_time(Apply& apply, size_t i, std::string_view word, ms& out)
{
    auto time = conf::parse_seconds(word.substr(word.find('=') + 1));
    if (time)
        out = *time;
    else
        apply.fail_at(i, fmt::format("invalid parameter \"{}\"", word));
    return time.has_value();
}

bool unsupported(Apply& apply, size_t i)
{
    std::string_view word = apply.arg(i);
    apply.fail_at(i, fmt::format("balancing method does not support parameter \"{}\"",
                                 word.substr(0, word.find('='))));
    return false;
}

bool parse_route(Apply& apply, size_t i, std::string_view word, std::string& out)
{
    out = word.substr(word.find('=') + 1);
    if (out.empty() || out.size() > 32)
        apply.fail_at(i, fmt::format("invalid parameter \"{}\"", word), "1 to 32 bytes");
    return !apply.failed();
}

bool parse_parameter(Apply& apply, size_t i, upstream::PeerSpec& peer)
{
    std::string_view word = apply.arg(i);
    if (word == "down")
        return peer.down = true;
    if (word == "drain")
        return peer.drain = true;
    if (word == "backup")
        return block_of(apply).backups ? (peer.backup = true) : unsupported(apply, i);
    if (word.starts_with("weight="))
        return parse_weight(apply, i, word, peer.weight);
    if (word.starts_with("max_fails="))
        return set_number(apply, i, word, peer.max_fails);
    if (word.starts_with("max_conns="))
        return set_number(apply, i, word, peer.max_conns);
    if (word.starts_with("fail_timeout="))
        return parse_time(apply, i, word, peer.fail_timeout);
    if (word.starts_with("slow_start="))
        return block_of(apply).slow_start ? parse_time(apply, i, word, peer.slow_start)
                                          : unsupported(apply, i);
    if (word.starts_with("route="))
        return parse_route(apply, i, word, peer.route);
    apply.fail_at(i, fmt::format("invalid parameter \"{}\"", word));
    return false;
}

bool check_service(Apply& apply, const PeerSource& source, std::string_view text)
{
    if (source.service.empty())
        return true;
    os::Address address;
    if (text.starts_with("unix:") || os::Address::from_literal(text, 0, address))
        apply.fail(fmt::format("service upstream \"{}\" requires domain name", text));
    else if (text.find(':') != text.npos)
        apply.fail(fmt::format("service upstream \"{}\" may not have port", text));
    else if (!source.resolve)
        apply.fail(fmt::format("service upstream \"{}\" requires \"resolve\" parameter", text));
    return !apply.failed();
}

void add_server(Apply& apply)
{
    Group& group = upstream::group_block(apply).group;
    PeerSource source;
    for (size_t i = 1; i < apply.size(); ++i) {
        std::string_view word = apply.arg(i);
        if (word == "resolve")
            source.resolve = true;
        else if (word == "service=")
            return apply.fail_at(i, "service is empty");
        else if (word.starts_with("service="))
            source.service = word.substr(8);
        else if (!parse_parameter(apply, i, source.pattern))
            return;
    }
    std::string_view text = apply.arg(0);
    if (!check_service(apply, source, text))
        return;
    source.pattern.server = text;
    if (!upstream::split_host_port(text, 80, source.host, source.port))
        return apply.fail_at(0, fmt::format("invalid port in upstream \"{}\"", text));
    os::Address address;
    bool is_unix = source.host.starts_with("unix:");
    bool literal = is_unix
                       ? os::Address::from_unix(std::string_view(source.host).substr(5), address)
                       : os::Address::from_literal(source.host, source.port, address);
    if (literal) {
        source.pattern.address = address;
        group.add(source.pattern);
        return;
    }
    if (is_unix)
        return apply.fail_at(0, fmt::format("invalid unix socket path in upstream \"{}\"", text));
    std::string why;
    if (!group.add_name(std::move(source), why))
        apply.warn("host-not-found",
                   fmt::format(
                       "host not found in upstream \"{}\" ({}); requests get 502 until it resolves",
                       text, why));
}

void set_keepalive(Apply& apply)
{
    UpstreamBlock& block = block_of(apply);
    if (block.keepalive)
        return apply.fail_directive("is duplicate");
    auto n = parse_decimal(apply.arg(0));
    if (!n || *n > INT32_MAX)
        return apply.fail(
            fmt::format("invalid value \"{}\" in \"keepalive\" directive", apply.arg(0)));
    if (apply.size() > 1 && apply.arg(1) != "local")
        return apply.fail_at(1, fmt::format("invalid parameter \"{}\"", apply.arg(1)));
    block.keepalive = true;
    block.group.keepalive.connections = static_cast<size_t>(*n);
}

void set_keepalive_requests(Apply& apply)
{
    conf::parse(apply, 0, block_of(apply).group.keepalive.requests);
}
void set_keepalive_time(Apply& apply)
{
    conf::parse(apply, 0, block_of(apply).group.keepalive.time);
}
void set_keepalive_timeout(Apply& apply)
{
    conf::parse(apply, 0, block_of(apply).group.keepalive.timeout);
}

// What workers know of servers they share anyway (core/upstream/board.h): the name is checked, so
// that a configuration that is good here is good for nginx too.
void set_zone(Apply& apply)
{
    std::string_view name = apply.arg(0);
    if (name.empty())
        return apply.fail_at(0, fmt::format("invalid zone name \"{}\"", name));
    if (apply.size() == 1) {
        http::use_zone(apply, 0, name, module);
        return;
    }
    auto size = conf::parse_size(apply.arg(1));
    if (!size)
        return apply.fail_at(1, fmt::format("invalid zone size \"{}\"", apply.arg(1)));
    if (*size < zone::Table::min_memory)
        return apply.fail_at(1, fmt::format("zone \"{}\" is too small", name));
    bool again = false;
    auto zone = http::http_block(apply).main.zones.declare(name, &module, *size, "", again);
    if (!zone)
        apply.fail_at(0, zone.error());
}

// retry_budget 20% [burst=N] | off
void set_retry_budget(Apply& apply)
{
    upstream::RetryBudget& budget = block_of(apply).group.budget;
    std::string_view text = apply.arg(0);
    if (text == "off" && apply.size() == 1) {
        budget = {};
        return;
    }
    auto percent =
        text.ends_with('%') ? parse_decimal(text.substr(0, text.size() - 1)) : std::nullopt;
    if (!percent || *percent > 1000)
        return apply.fail_at(0, fmt::format("invalid value \"{}\"", text),
                             "a part of the requests, as 20%, or off");
    int burst = 10;
    if (apply.size() > 1) {
        std::string_view word = apply.arg(1);
        if (!word.starts_with("burst="))
            return apply.fail_at(1, fmt::format("invalid parameter \"{}\"", word));
        if (!set_number(apply, 1, word, burst))
            return;
    }
    budget.share = static_cast<double>(*percent) / 100;
    budget.left = budget.burst = burst;
}

// queue N [timeout=TIME]
void set_queue(Apply& apply)
{
    upstream::QueueRules& queue = block_of(apply).group.queue;
    if (queue.most)
        return apply.fail_directive("is duplicate");
    auto n = parse_decimal(apply.arg(0));
    if (!n || *n < 1 || *n > INT32_MAX)
        return apply.fail_at(0, fmt::format("invalid value \"{}\"", apply.arg(0)));
    queue.most = static_cast<size_t>(*n);
    if (apply.size() == 1)
        return;
    std::string_view word = apply.arg(1);
    auto time = word.starts_with("timeout=") ? conf::parse_ms(word.substr(8)) : std::nullopt;
    if (!time)
        return apply.fail_at(1, fmt::format("invalid parameter \"{}\"", word));
    queue.timeout = *time;
}

template <auto Member>
void set_names(Apply& apply)
{
    conf::detail::store_value(apply, block_of(apply).names.*Member);
}

constexpr Directive directives[] = {
    {"upstream", in_http, 1, 1, conf::run<open_upstream>, true},
    {"server", in_upstream, 1, any, conf::run<add_server>},
    {"keepalive", in_upstream, 1, 2, conf::run<set_keepalive>},
    {"keepalive_requests", in_upstream, 1, 1, conf::run<set_keepalive_requests>},
    {"keepalive_time", in_upstream, 1, 1, conf::run<set_keepalive_time>},
    {"keepalive_timeout", in_upstream, 1, 1, conf::run<set_keepalive_timeout>},
    {"retry_budget", in_upstream, 1, 2, conf::run<set_retry_budget>},
    {"queue", in_upstream, 1, 2, conf::run<set_queue>},
    {"resolver", in_upstream, 1, any, conf::run<set_names<&http::ResolverSettings::resolver>>},
    {"resolver_timeout", in_upstream, 1, 1, conf::run<set_names<&http::ResolverSettings::timeout>>},
    {"resolver_stale", in_upstream, 1, 1, conf::run<set_names<&http::ResolverSettings::stale>>},
    {"zone", in_upstream, 1, 2, conf::run<set_zone>},
};

}  // namespace

const Module module{
    .name = "upstream",
    .directives = directives,
    .main_conf = &conf_of<Main, &Main::own>,
    .install = [](Install& in) { upstream::define_upstream_variables(in.main.variables); },
    .finish_main = finish_main,
};

}  // namespace sluice::upstream_
