// SPDX-License-Identifier: Apache-2.0
// ssl: TLS towards clients. Here: directives, and what must hold of a configuration.
#include "modules/ssl/ssl.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "modules/ssl/stapling.h"

namespace sluice::ssl {
namespace {

constexpr conf::Where http_server = in_http | in_server;

constexpr Directive directives[] = {
    {"ssl_certificate", http_server, 1, 1, store<&Conf::certificate>},
    {"ssl_certificate_key", http_server, 1, 1, store<&Conf::certificate_key>},
    {"ssl_certificate_cache", http_server, 1, 3, store<&Conf::certificate_cache>},
    {"ssl_password_file", http_server, 1, 1, store<&Conf::password_file>},
    {"ssl_dhparam", http_server, 1, 1, store<&Conf::dhparam>},
    {"ssl_ecdh_curve", http_server, 1, 1, store<&Conf::ecdh_curve>},
    {"ssl_protocols", http_server, 1, any, store<&Conf::protocols>},
    {"ssl_ciphers", http_server, 1, 1, store<&Conf::ciphers>},
    {"ssl_prefer_server_ciphers", http_server, 1, 1, store<&Conf::prefer_server_ciphers>},
    {"ssl_conf_command", http_server, 2, 2, store<&Conf::conf_command>},
    {"ssl_reject_handshake", http_server, 1, 1, store<&Conf::reject_handshake>},
    {"ssl_handshake_timeout", http_server, 1, 1, store<&Conf::handshake_timeout>},
    {"ssl_buffer_size", http_server, 1, 1, store<&Conf::buffer_size>},
    {"ssl_session_cache", http_server, 1, 2, store<&Conf::session_cache>},
    {"ssl_session_tickets", http_server, 1, 1, store<&Conf::session_tickets>},
    {"ssl_session_ticket_key", http_server, 1, 1, store<&Conf::session_ticket_key>},
    {"ssl_session_timeout", http_server, 1, 1, store<&Conf::session_timeout>},
    {"ssl_early_data", http_server, 1, 1, store<&Conf::early_data>},
    {"ssl_stapling", http_server, 1, 1, store<&Conf::stapling>},
    {"ssl_stapling_file", http_server, 1, 1, store<&Conf::stapling_file>},
    {"ssl_stapling_responder", http_server, 1, 1, store<&Conf::stapling_responder>},
    {"ssl_stapling_verify", http_server, 1, 1, store<&Conf::stapling_verify>},
    {"ssl_verify_client", http_server, 1, 1, store<&Conf::verify_client>},
    {"ssl_verify_depth", http_server, 1, 1, store<&Conf::verify_depth>},
    {"ssl_client_certificate", http_server, 1, 1, store<&Conf::client_certificate>},
    {"ssl_trusted_certificate", http_server, 1, 1, store<&Conf::trusted_certificate>},
    {"ssl_crl", http_server, 1, 1, store<&Conf::crl>},
};

constexpr conf::ConfType conf_type =
    conf_of<Conf, &Conf::certificate, &Conf::certificate_key, &Conf::password_file, &Conf::dhparam,
            &Conf::ecdh_curve, &Conf::protocols, &Conf::ciphers, &Conf::prefer_server_ciphers,
            &Conf::conf_command, &Conf::reject_handshake, &Conf::handshake_timeout,
            &Conf::buffer_size, &Conf::verify_client, &Conf::verify_depth, &Conf::session_cache,
            &Conf::session_tickets, &Conf::session_ticket_key, &Conf::session_timeout,
            &Conf::early_data, &Conf::stapling, &Conf::stapling_file, &Conf::stapling_responder,
            &Conf::stapling_verify, &Conf::client_certificate, &Conf::trusted_certificate,
            &Conf::crl, &Conf::certificate_cache>;

// Which listen line of these servers made the address speak TLS.
conf::Pos ssl_line(const http::ListenAddress& address)
{
    for (const http::Server* server : address.servers)
        for (const http::ListenLine& line : server->listens)
            if (line.ssl && line.spec.address == address.address)
                return line.pos;
    return {};
}

bool listens_with_ssl(const http::Main& main, const http::Server& server)
{
    return std::any_of(main.addresses.begin(), main.addresses.end(), [&](const auto& address) {
        const auto& servers = address->servers;
        return address->ssl && std::find(servers.begin(), servers.end(), &server) != servers.end();
    });
}

void check_addresses(const http::Main& main, conf::Diagnostics& diag)
{
    for (const auto& address : main.addresses) {
        if (!address->ssl)
            continue;
        const Conf& first = conf_of_server(*address->default_server);
        bool needed = first.certificate->empty() && !*first.reject_handshake;
        for (const http::Server* server : address->servers) {
            const Conf& conf = conf_of_server(*server);
            // Behind a default server that has one, or refuses, each needs its own.
            needed = needed || (conf.certificate->empty() && !*conf.reject_handshake);
        }
        if (needed)
            diag.error(ssl_line(*address),
                       "no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive");
    }
}

void finish_main(Finish& finish, void* conf)
{
    static_cast<Main*>(conf)->certificates = std::make_shared<Certificates>(*finish.main.log);
    check_addresses(finish.main, finish.diag);
}

void finish_location(Finish& finish, void*)
{
    http::Location& location = *finish.location;
    if (location.kind != http::Location::server_root || !location.server)
        return;
    const Conf& conf = conf_of_server(*location.server);
    if (!conf.certificate->empty() || listens_with_ssl(finish.main, *location.server))
        make_context(*location.server, conf, finish.main.conf<Main>(module), finish.diag);
}

std::shared_ptr<void> start(http::Service& service)
{
    const auto& staplers = service.main().conf<Main>(module).staplers;
    if (staplers.empty())
        return nullptr;
    return std::make_shared<Fetcher>(staplers, service.main().root.resolver, service.name_counts());
}

void install(Install& in)
{
    in.at_start(start);
    define_variables(in.main.variables);
    const Main& main = in.conf<Main>(module);
    if (main.certificates && main.certificates->open())
        in.main.chores.push_back(main.certificates);
    in.at(Phase::post_read, check_client,
          [](const http::Location& l) { return l.server && l.server->tls; });
}

}  // namespace

const Module module{
    .name = "ssl",
    .directives = directives,
    .main_conf = &conf_of<Main, &Main::certificates, &Main::contexts, &Main::staplers>,
    .server_conf = &conf_type,
    .install = install,
    .finish_location = finish_location,
    .finish_main = finish_main,
};

const Conf& conf_of_server(const http::Server& server)
{
    return *static_cast<const Conf*>(server.confs.at(module.index));
}

// ---- values -------------------------------------------------------------------------------------

std::span<const std::pair<std::string_view, Verify>> enum_names(Verify*)
{
    static constexpr std::pair<std::string_view, Verify> names[] = {
        {"off", Verify::off},
        {"on", Verify::on},
        {"optional", Verify::optional},
        {"optional_no_ca", Verify::optional_no_ca}};
    return names;
}

bool parse(Apply& apply, size_t arg, PairCache& out)
{
    out = {};
    for (size_t i = arg; i < apply.size(); ++i) {
        std::string_view word = apply.arg(i);
        bool good = false;
        if (word == "off" && apply.size() == arg + 1)
            return true;
        if (word.starts_with("max=")) {
            auto n = parse_decimal(word.substr(4));
            good = n && *n > 0;
            out.max = good ? static_cast<size_t>(*n) : 0;
        } else if (word.starts_with("inactive=") || word.starts_with("valid=")) {
            auto time = conf::parse_seconds(word.substr(word.find('=') + 1));
            good = time.has_value();
            if (good)
                (word.front() == 'v' ? out.valid : out.inactive) = *time;
        }
        if (!good) {
            apply.fail_at(i, fmt::format("invalid parameter \"{}\"", word),
                          "off, or max=N [inactive=TIME] [valid=TIME]");
            return false;
        }
    }
    if (out.max == 0)
        apply.fail("\"ssl_certificate_cache\" must have the \"max\" parameter");
    return out.max > 0;
}

}  // namespace sluice::ssl
