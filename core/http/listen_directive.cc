// SPDX-License-Identifier: Apache-2.0
#include "core/http/listen_directive.h"

#include <algorithm>
#include <optional>

#include "core/base/bytes.h"
#include "core/os/sys.h"

namespace sluice::http {
namespace {

struct Where {
    std::string host;  // empty: all addresses
    uint16_t first = 80, last = 80;
};

bool split_port(std::string_view text, Where& out)
{
    size_t dash = text.find('-');
    auto first = parse_decimal(text.substr(0, dash));
    auto last = dash == std::string_view::npos ? first : parse_decimal(text.substr(dash + 1));
    if (!first || !last || *first < 1 || *last > 65535 || *first > *last)
        return false;
    out.first = static_cast<uint16_t>(*first);
    out.last = static_cast<uint16_t>(*last);
    return true;
}

// `port`, `host`, `host:port`, `[v6]`, `[v6]:port`, `*:port`; the reason when it is none.
std::optional<std::string> split_address(std::string_view text, Where& out)
{
    if (text.starts_with('[')) {
        size_t end = text.find(']');
        if (end == std::string_view::npos)
            return "invalid IPv6 address";
        out.host = text.substr(0, end + 1);
        text.remove_prefix(end + 1);
        if (text.empty())
            return std::nullopt;
        if (text.front() != ':' || !split_port(text.substr(1), out))
            return "invalid port";
        return std::nullopt;
    }
    size_t colon = text.rfind(':');
    if (colon != std::string_view::npos) {
        out.host = text.substr(0, colon);
        if (!split_port(text.substr(colon + 1), out))
            return "invalid port";
        if (out.host.empty())
            return "no host";
    } else if (!text.empty() && std::all_of(text.begin(), text.end(),
                                            [](char c) { return is_digit(c) || c == '-'; })) {
        if (!split_port(text, out))
            return "invalid port";
    } else {
        out.host = text;
    }
    if (out.host == "*")
        out.host.clear();
    return std::nullopt;
}

bool parse_keepalive(std::string_view value, os::ListenOptions& o)
{
    if (value == "on" || value == "off") {
        o.keepalive = value == "on";
        return true;
    }
    // idle:interval:count, each may be left out
    size_t a = value.find(':'), b = a == std::string_view::npos ? a : value.find(':', a + 1);
    if (b == std::string_view::npos || value == "::")
        return false;
    auto seconds = [](std::string_view s) -> std::optional<int> {
        if (s.empty())
            return 0;
        auto t = conf::parse_seconds(s);
        return t ? std::optional<int>(static_cast<int>(t->count())) : std::nullopt;
    };
    auto idle = seconds(value.substr(0, a)), interval = seconds(value.substr(a + 1, b - a - 1));
    auto count =
        b + 1 == value.size() ? std::optional<int64_t>(0) : parse_decimal(value.substr(b + 1));
    if (!idle || !interval || !count)
        return false;
    o.keepalive = 1;
    o.keep_idle = *idle;
    o.keep_interval = *interval;
    o.keep_count = static_cast<int>(*count);
    return true;
}

enum class Taken { yes, no, bad };

Taken parse_number_option(conf::Apply& apply, size_t i, std::string_view name,
                          std::string_view value, os::ListenOptions& o)
{
    auto number = [&](int& out) {
        auto n = parse_decimal(value);
        if (!n || *n > INT32_MAX) {
            apply.fail_at(i, fmt::format("invalid {} \"{}\"", name, value));
            return Taken::bad;
        }
        out = static_cast<int>(*n);
        return Taken::yes;
    };
    auto size = [&](int& out) {
        auto n = conf::parse_size(value);
        if (!n || *n > INT32_MAX) {
            apply.fail_at(i, fmt::format("invalid {} \"{}\"", name, value));
            return Taken::bad;
        }
        out = static_cast<int>(*n);
        return Taken::yes;
    };
    if (name == "backlog")
        return number(o.backlog);
    if (name == "fastopen")
        return number(o.fastopen);
    if (name == "rcvbuf")
        return size(o.rcvbuf);
    if (name == "sndbuf")
        return size(o.sndbuf);
    return Taken::no;
}

// accept= and accept_trigger=, of sluice.
Taken parse_accept(conf::Apply& apply, size_t i, std::string_view name, std::string_view value,
                   net::ListenSpec& spec)
{
    using net::AcceptMode, net::AcceptTrigger;
    if (name == "accept_trigger") {
        if (value != "level" && value != "edge") {
            apply.fail_at(i, fmt::format("invalid accept_trigger \"{}\"", value),
                          "it is level or edge");
            return Taken::bad;
        }
        spec.trigger = value == "edge" ? AcceptTrigger::edge : AcceptTrigger::level;
        return Taken::yes;
    }
    if (name != "accept")
        return Taken::no;
    if (value != "mutex" && value != "exclusive" && value != "reuseport") {
        apply.fail_at(i, fmt::format("invalid accept mode \"{}\"", value),
                      "it is mutex, exclusive or reuseport");
        return Taken::bad;
    }
    if (spec.options.reuseport && value != "reuseport") {
        apply.fail_at(i,
                      fmt::format("\"reuseport\" and \"accept={}\" contradict each other", value));
        return Taken::bad;
    }
    bool other = spec.mode_is_set && spec.mode != AcceptMode::reuseport && value == "reuseport";
    if (other) {
        apply.fail_at(i, "\"reuseport\" contradicts the accept mode that stands before it");
        return Taken::bad;
    }
    spec.options.reuseport = value == "reuseport";
    spec.mode = value == "mutex"       ? AcceptMode::mutex
                : value == "exclusive" ? AcceptMode::exclusive
                                       : AcceptMode::reuseport;
    spec.mode_is_set = true;
    return Taken::yes;
}

Taken parse_value_option(conf::Apply& apply, size_t i, net::ListenSpec& spec)
{
    std::string_view word = apply.arg(i);
    os::ListenOptions& o = spec.options;
    size_t equals = word.find('=');
    if (equals == std::string_view::npos)
        return Taken::no;
    std::string_view name = word.substr(0, equals), value = word.substr(equals + 1);
    if (name == "ipv6only") {
        if (value != "on" && value != "off") {
            apply.fail_at(i, fmt::format("invalid ipv6only flags \"{}\"", value));
            return Taken::bad;
        }
        o.ipv6only = value == "on";
        return Taken::yes;
    }
    if (name == "so_keepalive") {
        if (!parse_keepalive(value, o)) {
            apply.fail_at(i, fmt::format("invalid so_keepalive value: \"{}\"", value));
            return Taken::bad;
        }
        return Taken::yes;
    }
    if (name == "setfib" || name == "accept_filter") {
        apply.fail_at(
            i, fmt::format("{} \"{}\" is not supported on this platform, ignored", name, word));
        return Taken::bad;
    }
    if (Taken taken = parse_accept(apply, i, name, value, spec); taken != Taken::no)
        return taken;
    return parse_number_option(apply, i, name, value, o);
}

// What may stand behind the address, here or in nginx.
const std::vector<std::string> known_options = {
    "default_server", "bind",          "deferred", "reuseport", "use_reserve",    "ssl",
    "http2",          "quic",          "backlog",  "fastopen",  "proxy_protocol", "multipath",
    "rcvbuf",         "sndbuf",        "ipv6only", "setfib",    "so_keepalive",   "accept_filter",
    "accept",         "accept_trigger"};

bool parse_option(conf::Apply& apply, size_t i, ListenLine& line)
{
    std::string_view word = apply.arg(i);
    os::ListenOptions& o = line.spec.options;
    if (word == "default_server" || word == "default") {
        line.default_server = true;
        return true;
    }
    if (word == "bind" || word == "deferred" || word == "reuseport") {
        o.deferred = o.deferred || word == "deferred";
        line.options_set = true;
        return word != "reuseport" ||
               parse_accept(apply, i, "accept", "reuseport", line.spec) == Taken::yes;
    }
    if (word == "use_reserve") {
        line.spec.use_reserve = line.options_set = true;
        return true;
    }
    if (word == "ssl") {
        line.ssl = true;
        return true;
    }
    Taken taken = parse_value_option(apply, i, line.spec);
    if (taken == Taken::bad)
        return false;
    if (taken == Taken::yes) {
        line.options_set = true;
        return true;
    }
    for (std::string_view other : {"http2", "quic", "proxy_protocol", "multipath"})
        if (word == other) {
            bool leave_out = word == "http2" || word == "quic";
            apply.diag.lacks(word);
            apply.fail_at(i,
                          fmt::format("the \"{}\" parameter is not built into this sluice", word),
                          leave_out ? "without it clients speak HTTP/1.1" : "");
            return false;
        }
    size_t equals = std::min(word.find('='), word.size());
    std::string near = conf::nearest_name(word.substr(0, equals), known_options);
    apply.fail_at(i, fmt::format("invalid parameter \"{}\"", word),
                  near.empty() ? near : fmt::format("did you mean \"{}\"?", near));
    return false;
}

bool resolve_hosts(conf::Apply& apply, const Where& where, std::vector<os::Address>& out)
{
    os::Address one;
    if (where.host.empty()) {
        out.push_back(os::Address::any(AF_INET, where.first));
        return true;
    }
    if (os::Address::from_literal(where.host, where.first, one)) {
        out.push_back(one);
        return true;
    }
    auto found =
        where.host.front() == '[' ? fail(std::string()) : os::resolve(where.host, where.first);
    if (!found || found->empty()) {
        apply.fail(where.host.front() == '['
                       ? fmt::format("invalid IPv6 address in \"{}\" of the \"listen\" directive",
                                     apply.arg(0))
                       : fmt::format("host not found in \"{}\" of the \"listen\" directive",
                                     apply.arg(0)));
        return false;
    }
    out = *found;
    return true;
}

}  // namespace

void parse_listen(conf::Apply& apply, std::vector<ListenLine>& out)
{
    std::string_view text = apply.arg(0);
    ListenLine line;
    line.pos = apply.node.name.pos;
    std::vector<os::Address> addresses;
    Where where;
    if (text.starts_with("unix:")) {
        os::Address a;
        if (!os::Address::from_unix(text.substr(5), a))
            return apply.fail(fmt::format("{} in \"{}\" of the \"listen\" directive",
                                          text.size() == 5 ? "no path" : "too long path", text));
        addresses.push_back(a);
        where.first = where.last = 0;
    } else {
        if (auto why = split_address(text, where))
            return apply.fail(fmt::format("{} in \"{}\" of the \"listen\" directive", *why, text));
        if (!resolve_hosts(apply, where, addresses))
            return;
    }
    for (size_t i = 1; i < apply.size(); ++i)
        if (!parse_option(apply, i, line))
            return;
    for (os::Address& address : addresses)
        for (uint32_t port = where.first; port <= where.last; ++port) {
            address.set_port(static_cast<uint16_t>(port));
            for (const ListenLine& other : out)
                if (other.spec.address == address)
                    return apply.fail(fmt::format("a duplicate listen {}", address.text()));
            line.spec.address = address;
            line.spec.text = address.text();
            line.spec.where = apply.diag.in_place(apply.node.stop);
            out.push_back(line);
        }
}

ListenLine default_listen()
{
    ListenLine line;
    line.spec.address = os::Address::any(AF_INET, os::is_root() ? 80 : 8000);
    line.spec.text = line.spec.address.text();
    return line;
}

namespace {

struct Group {
    ListenAddress* address;
    ListenLine line;
};

void add_server(Main& main, Server& server, const ListenLine& line, std::vector<Group>& groups,
                conf::Diagnostics& diag)
{
    auto it = std::find_if(groups.begin(), groups.end(), [&](const Group& g) {
        return g.line.spec.address == line.spec.address;
    });
    if (it == groups.end()) {
        main.addresses.push_back(std::make_unique<ListenAddress>());
        groups.push_back({main.addresses.back().get(), line});
        it = groups.end() - 1;
        it->address->address = line.spec.address;
        it->address->default_server = &server;
        it->address->explicit_default = line.default_server;
    } else {
        if (line.options_set) {
            if (it->line.options_set)
                return diag.error(line.pos,
                                  fmt::format("duplicate listen options for {}", line.spec.text));
            it->line.spec.options = line.spec.options;
            it->line.spec.mode = line.spec.mode;
            it->line.spec.mode_is_set = line.spec.mode_is_set;
            it->line.spec.trigger = line.spec.trigger;
            it->line.options_set = true;
        }
        if (line.default_server) {
            if (it->address->explicit_default)
                return diag.error(line.pos,
                                  fmt::format("a duplicate default server for {}", line.spec.text));
            it->address->explicit_default = true;
            it->address->default_server = &server;
        }
    }
    it->address->servers.push_back(&server);
    it->address->ssl = it->address->ssl || line.ssl;
}

void add_names(ListenAddress& address, const std::string& text, conf::Diagnostics& diag)
{
    for (Server* server : address.servers)
        for (const ServerName& name : server->names)
            if (!address.names.add(name, *server))
                diag.warn(
                    conf::Pos{}, "conflicting-server-name",
                    fmt::format("conflicting server name \"{}\" on {}, ignored", name.text, text));
}

// A specific address whose port has a wildcard of the same family needs no socket of its own.
Listener* socket_of(Main& main, const Group& g)
{
    if (g.line.options_set || g.line.spec.address.is_unix())
        return nullptr;
    for (Listener& l : main.listeners)
        if (l.spec.address.is_wildcard() &&
            l.spec.address.family() == g.line.spec.address.family() &&
            l.spec.address.port() == g.line.spec.address.port())
            return &l;
    return nullptr;
}

}  // namespace

void build_listeners(Main& main, conf::Diagnostics& diag)
{
    std::vector<Group> groups;
    for (auto& server : main.servers) {
        auto& lines = server->listens;
        if (lines.empty())
            lines.push_back(default_listen());
        for (const ListenLine& line : lines)
            add_server(main, *server, line, groups, diag);
    }
    for (Group& g : groups)
        add_names(*g.address, g.line.spec.text, diag);
    for (Group& g : groups)
        if (g.line.spec.address.is_wildcard())
            main.listeners.push_back({g.line.spec, {g.address}});
    for (Group& g : groups) {
        if (g.line.spec.address.is_wildcard())
            continue;
        if (Listener* shared = socket_of(main, g))
            shared->addresses.insert(shared->addresses.begin(), g.address);
        else
            main.listeners.push_back({g.line.spec, {g.address}});
    }
}

}  // namespace sluice::http
