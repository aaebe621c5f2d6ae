// SPDX-License-Identifier: Apache-2.0
// The engine's own module: http, server and location blocks and the core directives.
#include <algorithm>
#include <cerrno>

#include "core/base/bytes.h"
#include "core/http/config.h"
#include "core/http/core_blocks.h"
#include "core/http/listen_directive.h"

namespace sluice::http {
namespace {

constexpr conf::ConfType server_type =
    conf::conf_of<CoreServer, &CoreServer::client_header_buffer_size,
                  &CoreServer::large_client_header_buffers, &CoreServer::client_header_timeout,
                  &CoreServer::max_headers, &CoreServer::ignore_invalid_headers,
                  &CoreServer::underscores_in_headers, &CoreServer::merge_slashes>;

constexpr conf::ConfType location_type = conf::conf_of<
    CoreLocation, &CoreLocation::client_max_body_size, &CoreLocation::client_body_buffer_size,
    &CoreLocation::client_body_timeout, &CoreLocation::client_body_temp_path,
    &CoreLocation::client_min_rate, &CoreLocation::send_timeout, &CoreLocation::keepalive_timeout,
    &CoreLocation::keepalive_min_timeout, &CoreLocation::keepalive_requests,
    &CoreLocation::keepalive_time, &CoreLocation::lingering_close, &CoreLocation::lingering_time,
    &CoreLocation::lingering_timeout, &CoreLocation::reset_timedout_connection,
    &CoreLocation::sendfile, &CoreLocation::tcp_nodelay, &CoreLocation::tcp_nopush,
    &CoreLocation::server_tokens, &CoreLocation::absolute_redirect, &CoreLocation::port_in_redirect,
    &CoreLocation::server_name_in_redirect, &CoreLocation::chunked_transfer_encoding,
    &CoreLocation::etag, &CoreLocation::log_not_found, &CoreLocation::log_subrequest,
    &CoreLocation::recursive_error_pages, &CoreLocation::satisfy, &CoreLocation::default_type,
    &CoreLocation::limit_rate, &CoreLocation::limit_rate_after, &CoreLocation::early_hints,
    &CoreLocation::keepalive_disable, &CoreLocation::msie_padding, &CoreLocation::types,
    &CoreLocation::error_page, &CoreLocation::error_log, &CoreLocation::names>;

void set_listen(conf::Apply& apply)
{
    parse_listen(apply, http_block(apply).server->listens);
}

void set_internal(conf::Apply& apply)
{
    http_block(apply).location.internal = true;
}

void set_ignored_with_note(conf::Apply& apply)
{
    apply.warn("no-effect",
               fmt::format("the \"{}\" directive has no effect in sluice", apply.name()));
}

template <auto Member>
void set_names(conf::Apply& apply, CoreLocation& conf)
{
    conf::detail::store_value(apply, conf.names.*Member);
}

using conf::call;
using conf::ignored;
using conf::in_http;
using conf::in_if_location;
using conf::in_location;
using conf::in_main;
using conf::in_server;
using conf::run;
using conf::store;

constexpr conf::Where http_server = in_http | in_server;
constexpr conf::Where all = conf::everywhere;

constexpr conf::Directive rows[] = {
    {"http", in_main, 0, 0, call<open_http>, true},
    {"server", in_http, 0, 0, run<open_server>, true},
    {"location", in_server | in_location, 1, 2, run<open_location>, true},
    {"types", all, 0, 0, call<open_types>, true},
    {"listen", in_server, 1, conf::any, run<set_listen>},
    {"server_name", in_server, 1, conf::any, run<set_server_name>},
    {"internal", in_location, 0, 0, run<set_internal>},

    {"client_header_buffer_size", http_server, 1, 1, store<&CoreServer::client_header_buffer_size>},
    {"large_client_header_buffers", http_server, 2, 2,
     store<&CoreServer::large_client_header_buffers>},
    {"client_header_timeout", http_server, 1, 1, store<&CoreServer::client_header_timeout>},
    {"max_headers", http_server, 1, 1, store<&CoreServer::max_headers>},
    {"ignore_invalid_headers", http_server, 1, 1, store<&CoreServer::ignore_invalid_headers>},
    {"underscores_in_headers", http_server, 1, 1, store<&CoreServer::underscores_in_headers>},
    {"merge_slashes", http_server, 1, 1, store<&CoreServer::merge_slashes>},

    {"client_max_body_size", all, 1, 1, store<&CoreLocation::client_max_body_size>},
    {"client_body_buffer_size", all, 1, 1, store<&CoreLocation::client_body_buffer_size>},
    {"client_body_timeout", all, 1, 1, store<&CoreLocation::client_body_timeout>},
    {"client_min_rate", all, 1, 2, store<&CoreLocation::client_min_rate>},
    {"client_body_temp_path", all, 1, 4, store<&CoreLocation::client_body_temp_path>},
    {"send_timeout", all, 1, 1, store<&CoreLocation::send_timeout>},
    {"keepalive_timeout", all, 1, 2, store<&CoreLocation::keepalive_timeout>},
    {"keepalive_min_timeout", all, 1, 1, store<&CoreLocation::keepalive_min_timeout>},
    {"keepalive_requests", all, 1, 1, store<&CoreLocation::keepalive_requests>},
    {"keepalive_time", all, 1, 1, store<&CoreLocation::keepalive_time>},
    {"lingering_close", all, 1, 1, store<&CoreLocation::lingering_close>},
    {"lingering_time", all, 1, 1, store<&CoreLocation::lingering_time>},
    {"lingering_timeout", all, 1, 1, store<&CoreLocation::lingering_timeout>},
    {"reset_timedout_connection", all, 1, 1, store<&CoreLocation::reset_timedout_connection>},
    {"sendfile", all | in_if_location, 1, 1, store<&CoreLocation::sendfile>},
    {"tcp_nodelay", all, 1, 1, store<&CoreLocation::tcp_nodelay>},
    {"tcp_nopush", all, 1, 1, store<&CoreLocation::tcp_nopush>},
    {"server_tokens", all, 1, 1, store<&CoreLocation::server_tokens>},
    {"absolute_redirect", all, 1, 1, store<&CoreLocation::absolute_redirect>},
    {"port_in_redirect", all, 1, 1, store<&CoreLocation::port_in_redirect>},
    {"server_name_in_redirect", all, 1, 1, store<&CoreLocation::server_name_in_redirect>},
    {"chunked_transfer_encoding", all, 1, 1, store<&CoreLocation::chunked_transfer_encoding>},
    {"etag", all, 1, 1, store<&CoreLocation::etag>},
    {"log_not_found", all, 1, 1, store<&CoreLocation::log_not_found>},
    {"log_subrequest", all, 1, 1, store<&CoreLocation::log_subrequest>},
    {"recursive_error_pages", all, 1, 1, store<&CoreLocation::recursive_error_pages>},
    {"limit_rate", all | in_if_location, 1, 1, store<&CoreLocation::limit_rate>},
    {"limit_rate_after", all | in_if_location, 1, 1, store<&CoreLocation::limit_rate_after>},
    {"early_hints", all, 1, conf::any, store<&CoreLocation::early_hints>},
    {"satisfy", all, 1, 1, store<&CoreLocation::satisfy>},
    {"default_type", all, 1, 1, store<&CoreLocation::default_type>},
    {"error_page", all | in_if_location, 2, conf::any, store<&CoreLocation::error_page>},
    {"error_log", all, 1, 3, call<set_error_log>},

    // Sizing and tuning of nginx's own memory and hashes: sluice needs none of it.
    {"server_names_hash_max_size", in_http, 1, 1, ignored},
    {"server_names_hash_bucket_size", in_http, 1, 1, ignored},
    {"variables_hash_max_size", in_http, 1, 1, ignored},
    {"variables_hash_bucket_size", in_http, 1, 1, ignored},
    {"types_hash_max_size", all, 1, 1, ignored},
    {"types_hash_bucket_size", all, 1, 1, ignored},
    {"connection_pool_size", http_server, 1, 1, ignored},
    {"request_pool_size", http_server, 1, 1, ignored},
    {"output_buffers", all, 2, 2, ignored},
    {"postpone_output", all, 1, 1, ignored},
    {"send_lowat", all, 1, 1, ignored},
    {"sendfile_max_chunk", all, 1, 1, ignored},
    {"read_ahead", all, 1, 1, ignored},
    {"subrequest_output_buffer_size", all, 1, 1, ignored},
    {"msie_padding", all, 1, 1, store<&CoreLocation::msie_padding>},
    {"msie_refresh", all, 1, 1, ignored},
    {"keepalive_disable", all, 1, conf::any, store<&CoreLocation::keepalive_disable>},
    {"client_body_in_file_only", all, 1, 1, run<set_ignored_with_note>},
    {"client_body_in_single_buffer", all, 1, 1, ignored},
    {"resolver", all, 1, conf::any, call<set_names<&ResolverSettings::resolver>>},
    {"resolver_timeout", all, 1, 1, call<set_names<&ResolverSettings::timeout>>},
    {"resolver_stale", all, 1, 1, call<set_names<&ResolverSettings::stale>>},
};

}  // namespace

const Module core_module{
    .name = "http",
    .directives = rows,
    .server_conf = &server_type,
    .location_conf = &location_type,
};

// ---- values -------------------------------------------------------------------------------------

bool parse(conf::Apply& apply, size_t arg, KeepaliveTimeout& out)
{
    if (!conf::parse(apply, arg, out.timeout))
        return false;
    out.header = std::chrono::seconds{0};
    if (apply.size() > arg + 1)
        return conf::parse(apply, arg + 1, out.header);
    return true;
}

bool parse(conf::Apply& apply, size_t arg, MinRate& out)
{
    conf::Size size;
    if (!conf::parse(apply, arg, size))
        return false;
    out = {size.n, ms{5000}};
    if (apply.size() <= arg + 1)
        return true;
    std::string_view word = apply.arg(arg + 1);
    auto grace = word.starts_with("grace=") ? conf::parse_ms(word.substr(6)) : std::nullopt;
    if (!grace) {
        apply.fail_at(arg + 1, fmt::format("invalid value \"{}\"", word), "it is grace=TIME");
        return false;
    }
    out.grace = *grace;
    return true;
}

bool parse(conf::Apply& apply, size_t arg, KeepaliveDisable& out)
{
    out = {false, false};
    for (size_t i = arg; i < apply.size(); ++i) {
        if (apply.arg(i) == "msie6")
            out.msie6 = true;
        else if (apply.arg(i) == "safari")
            out.safari = true;
        else if (apply.arg(i) != "none") {
            apply.fail_at(i, fmt::format("invalid value \"{}\"", apply.arg(i)));
            return false;
        }
    }
    return true;
}

bool parse(conf::Apply& apply, size_t arg, Buffers& out)
{
    Size size;
    if (!conf::parse(apply, arg, out.count) || !conf::parse(apply, arg + 1, size))
        return false;
    if (out.count == 0 || size.n == 0) {
        apply.fail_directive("invalid value");
        return false;
    }
    out.size = size.n;
    return true;
}

std::span<const std::pair<std::string_view, Tokens>> enum_names(Tokens*)
{
    static constexpr std::pair<std::string_view, Tokens> names[] = {
        {"off", Tokens::off}, {"on", Tokens::on}, {"build", Tokens::build}};
    return names;
}

std::span<const std::pair<std::string_view, Lingering>> enum_names(Lingering*)
{
    static constexpr std::pair<std::string_view, Lingering> names[] = {
        {"off", Lingering::off}, {"on", Lingering::on}, {"always", Lingering::always}};
    return names;
}

std::span<const std::pair<std::string_view, Satisfy>> enum_names(Satisfy*)
{
    static constexpr std::pair<std::string_view, Satisfy> names[] = {{"all", Satisfy::all},
                                                                     {"any", Satisfy::any}};
    return names;
}

bool parse(conf::Apply& apply, size_t arg, ErrorPage& out)
{
    size_t last = apply.size() - 1, codes_end = last;
    const std::string& before = apply.arg(last - 1);
    if (before.starts_with('=')) {
        if (last == 1 + arg) {
            apply.fail(fmt::format("invalid value \"{}\"", before));
            return false;
        }
        codes_end = last - 1;
        auto code = parse_decimal(std::string_view(before).substr(1));
        if (before.size() > 1 && !code) {
            apply.fail(fmt::format("invalid value \"{}\"", before));
            return false;
        }
        out.replace = before.size() == 1 ? -1 : static_cast<int>(*code);
    }
    for (size_t i = arg; i < codes_end; ++i) {
        auto code = parse_decimal(apply.arg(i));
        if (!code) {
            apply.fail_at(i, fmt::format("invalid value \"{}\"", apply.arg(i)));
            return false;
        }
        if (*code == 499 || *code < 300 || *code > 599) {
            apply.fail_at(i, *code == 499 ? "invalid value \"499\""
                                          : fmt::format("value \"{}\" must be between 300 and 599",
                                                        apply.arg(i)));
            return false;
        }
        out.statuses.push_back(static_cast<int>(*code));
    }
    return parse(apply, last, out.target);
}

bool parse(conf::Apply& apply, size_t arg, Template& out)
{
    auto compiled = Template::compile(apply, http_block(apply).main.variables, arg);
    if (!compiled)
        return false;
    out = std::move(*compiled);
    return true;
}

}  // namespace sluice::http
