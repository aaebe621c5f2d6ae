// SPDX-License-Identifier: Apache-2.0
// PREFIX_ssl_* of forwarding modules (proxy, uwsgi): how upstreams are reached over TLS. A module
// has one SslConf in its conf and takes the rows from here.
#pragma once

#include <memory>

#include "core/http/module.h"
#include "core/upstream/secure.h"
#include "core/upstream/settings.h"
#include "modules/lib/tls_values.h"

namespace sluice::tls {

/// PREFIX_ssl auto: the name is sent, the certificate verified by the system's authorities.
enum class SslMode : uint8_t { by_hand, automatic };
std::span<const std::pair<std::string_view, SslMode>> enum_names(SslMode*);

struct SslConf {
    Setting<SslMode> mode{SslMode::by_hand};
    Setting<bool> server_name{false};
    Setting<Template> name;  // not set: $proxy_host
    Setting<bool> verify{false};
    Setting<int> verify_depth{1};
    Setting<File> trusted_certificate, crl;
    Setting<File> certificate, certificate_key, password_file;
    Setting<bool> session_reuse{true};
    Setting<Protocols> protocols;
    Setting<std::string> ciphers{"DEFAULT"};
    Setting<std::vector<Command>> conf_command;

    void inherit(const SslConf& parent);
};

/// Reports what is wrong; then it may still be null. `prefix`: "proxy_".
std::shared_ptr<upstream::Secure> make_secure(const SslConf& conf, Finish& finish, conf::Pos pos,
                                              std::string_view prefix);
/// Where an upstream that is not verified is named as `text`.
void warn_if_unverified(const upstream::Secure& secure, Finish& finish, conf::Pos pos,
                        std::string_view text, std::string_view prefix);
/// "host" of "host:80", "::1" of "[::1]:80".
std::string_view without_port(std::string_view name);

template <upstream::Text P, auto Part>
inline constexpr std::array ssl_rows{
    upstream::detail::row<P, Part, "ssl", &SslConf::mode>(),
    upstream::detail::row<P, Part, "ssl_server_name", &SslConf::server_name>(),
    upstream::detail::row<P, Part, "ssl_name", &SslConf::name>(),
    upstream::detail::row<P, Part, "ssl_verify", &SslConf::verify>(),
    upstream::detail::row<P, Part, "ssl_verify_depth", &SslConf::verify_depth>(),
    upstream::detail::row<P, Part, "ssl_trusted_certificate", &SslConf::trusted_certificate>(),
    upstream::detail::row<P, Part, "ssl_crl", &SslConf::crl>(),
    upstream::detail::row<P, Part, "ssl_certificate", &SslConf::certificate>(),
    upstream::detail::row<P, Part, "ssl_certificate_key", &SslConf::certificate_key>(),
    upstream::detail::row<P, Part, "ssl_password_file", &SslConf::password_file>(),
    upstream::detail::row<P, Part, "ssl_session_reuse", &SslConf::session_reuse>(),
    upstream::detail::row<P, Part, "ssl_protocols", &SslConf::protocols>(1, any),
    upstream::detail::row<P, Part, "ssl_ciphers", &SslConf::ciphers>(),
    upstream::detail::row<P, Part, "ssl_conf_command", &SslConf::conf_command>(2, 2),
};

}  // namespace sluice::tls
