// SPDX-License-Identifier: Apache-2.0
// The `listen` directive: addresses, ports and port ranges, unix sockets, socket options.
#pragma once

#include "core/http/config.h"

namespace sluice::http {

/// Appends one line per port. Reports what is wrong.
void parse_listen(conf::Apply& apply, std::vector<ListenLine>& out);

/// A server without `listen`: *:80 (or *:8000 when not root).
ListenLine default_listen();

/// Groups servers by address, chooses default servers, and addresses by socket.
void build_listeners(Main& main, conf::Diagnostics& diag);

}  // namespace sluice::http
