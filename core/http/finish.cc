// SPDX-License-Identifier: Apache-2.0
// From what was read to what is served: inheritance, trees, listeners, handlers.
#include <algorithm>

#include "core/http/core_blocks.h"
#include "core/http/listen_directive.h"
#include "core/http/zones.h"

namespace sluice::http {
namespace {

void inherit_all(Main& main)
{
    for (auto& server : main.servers) {
        server->confs.inherit(main.server_confs);
        server->root.confs.inherit(main.root.confs);
        for (auto& location : server->locations)  // outer ones were read first
            location->confs.inherit(location->parent->confs);
    }
}

void bind_location(Location& location, const Location* outer, const Log* main_log)
{
    location.core = &location.conf<CoreLocation>(core_module);
    const auto& own = location.core->error_log;
    bool as_outside = outer && location.core->names == outer->core->names;
    location.resolver = as_outside ? outer->resolver : location.core->names.rules();
    location.log = own.is_set() && *own ? own->get() : main_log;
    location.children.build();
}

void bind_server(Server& server)
{
    server.core = static_cast<const CoreServer*>(server.confs.at(core_module.index));
    server.limits = {
        .first_buffer = server.core->client_header_buffer_size->n,
        .line = server.core->large_client_header_buffers->size,
        .large_count = server.core->large_client_header_buffers->count,
        .max_headers = *server.core->max_headers,
        .underscores_in_headers = *server.core->underscores_in_headers,
        .ignore_invalid_headers = *server.core->ignore_invalid_headers,
    };
    bind_location(server.root, &server.main.root, server.main.log);
    for (auto& location : server.locations)
        bind_location(*location, location->parent, server.main.log);
    if (server.names.empty())
        server.names.push_back({});  // the empty name: requests without Host
}

template <class F>
void each_location(Main& main, F f)
{
    f(main.root);
    for (auto& server : main.servers) {
        f(server->root);
        for (auto& location : server->locations)
            f(*location);
    }
}

void finish_modules(Main& main, conf::Diagnostics& diag)
{
    for (const Module* m : all_modules())
        if (m->finish_main) {
            Finish finish{main, diag};
            m->finish_main(finish, m->main_conf ? main.main_confs.at(m->index) : nullptr);
        }
    for (const Module* m : all_modules())
        if (m->finish_location)
            each_location(main, [&](Location& location) {
                Finish finish{main, diag, &location};
                if (!m->location_conf || location.confs.owns(m->index))
                    m->finish_location(finish, location.confs.at(m->index));
            });
}

void install_modules(Main& main)
{
    for (const Module* m : all_modules())
        if (m->install) {
            Install install(main);
            m->install(install);
        }
}

// Or clients would be answered in plain text where they were promised TLS.
void check_tls(const Main& main, conf::Diagnostics& diag)
{
    for (const auto& address : main.addresses)
        if (address->ssl && !address->default_server->tls && !diag.failed())
            diag.error("\"listen ... ssl\" requires the ssl module");
}

void flatten_handlers(const Main& main, Location& location)
{
    for (const PhaseHandler& h : main.handlers) {
        if (h.phase == Phase::content && location.content)
            continue;  // has its own
        if (!h.active || h.active(location))
            location.handlers.emplace_back(h.phase, h.run);
    }
    if (location.content)
        location.handlers.insert(
            std::find_if(location.handlers.begin(), location.handlers.end(),
                         [](const auto& h) { return h.first > Phase::content; }),
            {Phase::content, location.content});
    for (auto [phase, handler] : location.handlers)
        ++location.stages[static_cast<size_t>(stage_of(phase)) + 1];
    for (size_t i = 1; i <= stage_count; ++i)
        location.stages[i] += location.stages[i - 1];
}

void flatten_all_handlers(Main& main)
{
    std::stable_sort(main.handlers.begin(), main.handlers.end(),
                     [](const auto& a, const auto& b) { return a.phase < b.phase; });
    each_location(main, [&](Location& location) { flatten_handlers(main, location); });
    // Filters of the list run from content to client; the list is written from client to upstream.
    std::reverse(main.head_filters.begin(), main.head_filters.end());
}

}  // namespace

void finish_main(Main& main, conf::Diagnostics& diag)
{
    inherit_all(main);
    bind_location(main.root, nullptr, main.log);
    for (auto& server : main.servers)
        bind_server(*server);
    build_listeners(main, diag);
    finish_modules(main, diag);
    install_modules(main);
    check_tls(main, diag);
    main.limit_rate_variable = main.variables.use("limit_rate", {});
    main.variables.finish(diag);
    check_zones(main, diag);
    flatten_all_handlers(main);
}

void check_names(Main& main, conf::Diagnostics& diag)
{
    install_modules(main);
    main.variables.finish(diag);
    check_zones(main, diag);
}

}  // namespace sluice::http
