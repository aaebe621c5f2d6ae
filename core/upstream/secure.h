// SPDX-License-Identifier: Apache-2.0
// Secure: how peers are reached over TLS, as one or more locations say it (proxy_ssl_*): whom to
// trust, what is shown, and the sessions to resume. Made while the configuration is read; what
// changes afterwards is each worker's own. A connection that was opened by one Secure, for one
// server name, is never used for another.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/net/stream.h"
#include "core/net/tls.h"
#include "core/net/tls_context.h"

namespace sluice::upstream {

class Secure
{
public:
    net::TlsContext context{net::TlsContext::client};
    bool sends_name = false;  // SNI
    bool verifies = false;    // the certificate, and that it is for the name
    bool resumes = true;

    /// Makes a connection to this peer speak TLS; its handshake comes next.
    void begin(net::Stream& stream, const std::string& peer, std::string_view name);
    /// Of this peer and name; null when it is not to be kept.
    net::TlsKeeper* keeper(const std::string& peer, std::string_view name);

private:
    static constexpr size_t max_kept = 1000;
    std::map<std::string, net::TlsKeeper, std::less<>> kept_;
};

/// What one request wants of its connections. Views live as long as the request.
struct TlsTarget {
    Secure* secure = nullptr;
    std::string_view name;  // the server's, without port
};

/// Whether the peer is who it should be. 0, or why not, with nginx's words for it in `why`.
int verify_peer(const net::TlsSession& session, std::string_view name, std::string& why);

}  // namespace sluice::upstream
