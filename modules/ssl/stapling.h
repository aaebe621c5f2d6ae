// SPDX-License-Identifier: Apache-2.0
// OCSP stapling from a file: what the authority says of the certificate goes with it, to clients
// that ask. Nothing is fetched: who renews the certificate renews the file, and reloads.
#pragma once

#include <memory>
#include <string>

#include "core/net/tls_context.h"

namespace sluice::ssl {

class Staple
{
public:
    /// "" or why not, in nginx's words.
    std::string read(const std::string& path);
    /// It outlives the context.
    void offer(const net::TlsContext& context);
    const std::string& response() const { return response_; }

private:
    std::string response_;  // DER
};

}  // namespace sluice::ssl
