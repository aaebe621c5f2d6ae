// SPDX-License-Identifier: Apache-2.0
// What a server says about TLS towards its clients.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/http/module.h"
#include "core/net/tls_context.h"
#include "modules/lib/tls_values.h"
#include "modules/ssl/certificates.h"
#include "modules/ssl/sessions.h"

namespace sluice::ssl {

using tls::Command;
using tls::File;
using tls::Protocols;

enum class Verify : uint8_t { off, on, optional, optional_no_ca };
std::span<const std::pair<std::string_view, Verify>> enum_names(Verify*);

/// ssl_certificate_cache: certificates whose names have variables.
struct PairCache {
    size_t max = 0;  // 0: off
    std::chrono::seconds inactive{10}, valid{60};
};
bool parse(Apply& apply, size_t arg, PairCache& out);

struct Conf {
    Setting<std::vector<File>> certificate, certificate_key;
    Setting<File> password_file, dhparam;
    Setting<std::string> ecdh_curve{"auto"};
    Setting<Protocols> protocols;
    Setting<std::string> ciphers{"HIGH:!aNULL:!MD5"};
    Setting<bool> prefer_server_ciphers{false};
    Setting<std::vector<Command>> conf_command;
    Setting<bool> reject_handshake{false};
    Setting<ms> handshake_timeout{ms{0}};
    Setting<Size> buffer_size{Size{16384}};
    Setting<Verify> verify_client{Verify::off};
    Setting<int> verify_depth{1};
    Setting<Cache> session_cache;
    Setting<bool> session_tickets{true};
    Setting<std::vector<File>> session_ticket_key;
    Setting<std::chrono::seconds> session_timeout{std::chrono::seconds{300}};
    Setting<bool> early_data{false};
    Setting<bool> stapling{false};
    Setting<File> stapling_file;
    Setting<std::string> stapling_responder{""};
    Setting<bool> stapling_verify{false};
    Setting<File> client_certificate, trusted_certificate, crl;
    Setting<PairCache> certificate_cache;
};

struct Context;
class Stapler;

/// Of a whole configuration.
struct Main {
    std::shared_ptr<Certificates> certificates;
    std::map<std::string, std::shared_ptr<Context>> contexts;  // by their settings
    std::vector<std::shared_ptr<Stapler>> staplers;            // that ask responders
};

extern const Module module;

/// The conf of a server.
const Conf& conf_of_server(const http::Server& server);

/// Makes Server::tls. Reports what is wrong.
void make_context(http::Server& server, const Conf& conf, Main& main, conf::Diagnostics& diag);

/// post_read: plain HTTP on a TLS port, names that do not agree, certificates of clients.
Task<Rc> check_client(Request& r);

void define_variables(http::Variables& variables);

}  // namespace sluice::ssl
