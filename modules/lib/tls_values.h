// SPDX-License-Identifier: Apache-2.0
// Values of directives about TLS, towards clients and upstreams: files and where they are named,
// protocols, commands of OpenSSL.
#pragma once

#include <string>

#include "core/http/module.h"
#include "core/net/tls_context.h"

namespace sluice::tls {

/// A file that a directive names, and where it does.
struct File {
    std::string path;
    conf::Pos pos;
    bool empty() const { return path.empty(); }
};
bool parse(Apply& apply, size_t arg, File& out);

struct Protocols {
    uint32_t mask = net::tls_v1_2 | net::tls_v1_3;
};
bool parse(Apply& apply, size_t arg, Protocols& out);

/// ssl_conf_command and its like.
struct Command {
    std::string name, value;
    conf::Pos pos;
};
bool parse(Apply& apply, size_t arg, Command& out);

/// Relative names begin at the folder of the main configuration file, as nginx's. `data:` and its
/// like stay as they are.
std::string full_path(const File& file, const http::Main& main, const conf::Diagnostics& diag);

/// False: reported.
bool read_passwords(const File& file, const http::Main& main, conf::Diagnostics& diag,
                    net::TlsPasswords& out);

}  // namespace sluice::tls
