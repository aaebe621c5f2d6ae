// SPDX-License-Identifier: Apache-2.0
// proxy_ssl_*: how upstreams are reached over TLS.
#pragma once

#include <memory>

#include "core/http/module.h"
#include "core/upstream/secure.h"
#include "modules/lib/tls_values.h"

namespace sluice::proxy {

/// proxy_ssl auto: the name is sent, the certificate verified by the system's authorities.
enum class SslMode : uint8_t { by_hand, automatic };
std::span<const std::pair<std::string_view, SslMode>> enum_names(SslMode*);

struct SslConf {
    Setting<SslMode> mode{SslMode::by_hand};
    Setting<bool> server_name{false};
    Setting<Template> name;  // not set: $proxy_host
    Setting<bool> verify{false};
    Setting<int> verify_depth{1};
    Setting<tls::File> trusted_certificate, crl;
    Setting<tls::File> certificate, certificate_key, password_file;
    Setting<bool> session_reuse{true};
    Setting<tls::Protocols> protocols;
    Setting<std::string> ciphers{"DEFAULT"};
    Setting<std::vector<tls::Command>> conf_command;

    void inherit(const SslConf& parent);
};

/// Reports what is wrong; then it may still be null.
std::shared_ptr<upstream::Secure> make_secure(const SslConf& conf, Finish& finish, conf::Pos pos);

}  // namespace sluice::proxy
