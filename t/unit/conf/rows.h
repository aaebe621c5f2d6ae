// SPDX-License-Identifier: Apache-2.0
// A small set of directives with nginx's names and shapes, for the tests and the fuzz target.
#pragma once

#include <chrono>
#include <deque>
#include <memory>

#include "core/conf/conf.h"

namespace sluice::conf::test {

enum class Satisfy { all, any };

inline std::span<const std::pair<std::string_view, Satisfy>> enum_names(Satisfy*)
{
    static constexpr std::pair<std::string_view, Satisfy> names[] = {{"all", Satisfy::all},
                                                                     {"any", Satisfy::any}};
    return names;
}

struct Main {
    Setting<bool> daemon{true};
    Setting<std::string> pid;
    Setting<std::vector<std::string>> env;
    Setting<int> rlimit{0};
};

struct Location {
    Setting<bool> sendfile{false};
    Setting<std::chrono::milliseconds> body_timeout{std::chrono::milliseconds{60000}};
    Setting<std::chrono::seconds> resolve{std::chrono::seconds{30}};
    Setting<Size> buffer{Size{16384}};
    Setting<int64_t> requests{1000};
    Setting<Satisfy> satisfy{Satisfy::all};
    Setting<std::string> root{"html"};
    Setting<std::vector<std::string>> index{{"index.html"}};
};

inline constexpr ConfType main_type =
    conf_of<Main, &Main::daemon, &Main::pid, &Main::env, &Main::rlimit>;
inline constexpr ConfType location_type =
    conf_of<Location, &Location::sendfile, &Location::body_timeout, &Location::resolve,
            &Location::buffer, &Location::requests, &Location::satisfy, &Location::root,
            &Location::index>;

struct Level : Block {
    using Block::Block;
    void* conf(size_t, const void* tag) override
    {
        return tag == main_type.tag ? static_cast<void*>(&main) : &location;
    }
    Main main;
    Location location;
    bool events = false, http = false;
    std::deque<std::unique_ptr<Level>> inner;
};

template <Where W>
void open_block(Apply& apply)
{
    auto& outer = static_cast<Level&>(apply.block);
    if constexpr (W == in_events || W == in_http) {
        bool& seen = W == in_events ? outer.events : outer.http;
        if (seen)
            return apply.fail_directive("is duplicate");
        seen = true;
    }
    Level& level = *outer.inner.emplace_back(std::make_unique<Level>(W, &outer));
    apply.in.run(apply.node.children, level);
}

inline void values_block(Apply& apply)
{
    for (const Node& line : apply.node.children)
        if (line.block)
            apply.fail_node(line, "unexpected \"{\"");
}

inline constexpr Directive core_rows[] = {
    {"daemon", in_main, 1, 1, store<&Main::daemon>},
    {"pid", in_main, 1, 1, store<&Main::pid>},
    {"env", in_main, 1, 1, store<&Main::env>},
    {"worker_rlimit_nofile", in_main, 1, 1, store<&Main::rlimit>},
    {"events", in_main, 0, 0, run<open_block<in_events>>, true},
    {"worker_connections", in_events, 1, 1, ignored},
};

inline constexpr Directive http_rows[] = {
    {"http", in_main, 0, 0, run<open_block<in_http>>, true},
    {"server", in_http, 0, 0, run<open_block<in_server>>, true},
    {"upstream", in_http, 1, 1, run<open_block<in_upstream>>, true},
    {"server", in_upstream, 1, any, ignored},
    {"location", in_server | in_location, 1, 2, run<open_block<in_location>>, true},
    {"types", everywhere, 0, 0, run<values_block>, true},
    {"listen", in_server, 1, any, ignored},
    {"server_name", in_server, 1, any, ignored},
    {"return", in_server | in_location | in_if_server | in_if_location, 1, 2, ignored},
    {"sendfile", everywhere | in_if_location, 1, 1, store<&Location::sendfile>},
    {"client_body_timeout", everywhere, 1, 1, store<&Location::body_timeout>},
    {"resolver_timeout", everywhere, 1, 1, store<&Location::resolve>},
    {"client_body_buffer_size", everywhere, 1, 1, store<&Location::buffer>},
    {"keepalive_requests", everywhere, 1, 1, store<&Location::requests>},
    {"satisfy", everywhere, 1, 1, store<&Location::satisfy>},
    {"root", everywhere, 1, 1, store<&Location::root>},
    {"index", everywhere, 1, 1, store<&Location::index>},
};

inline std::vector<DirectiveSet> sets()
{
    return {{"core", core_rows}, {"http", http_rows}};
}

/// From the outermost level inwards, once all has been read.
inline void inherit(Level& level)
{
    for (auto& inner : level.inner) {
        location_type.inherit(&inner->location, &level.location);
        inherit(*inner);
    }
}

/// Loads and applies a text as /t.conf; what was read is in `level`.
inline void read(std::string_view text, Diagnostics& diag, Level& level)
{
    Tree tree = load_text("/t.conf", text, diag);
    Interpreter in(sets(), diag, tree);
    in.run(tree.nodes, level);
    inherit(level);
}

}  // namespace sluice::conf::test
