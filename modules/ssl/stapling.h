// SPDX-License-Identifier: Apache-2.0
// OCSP stapling from a file: what the authority says of the certificate goes with it, to clients
// that ask. Nothing is fetched: who renews the certificate renews the file, and reloads.
#pragma once

#include <string>

namespace sluice::ssl {

/// The response in a file, as DER, into `out`. "" or why not, in nginx's words.
std::string read_staple(const std::string& path, std::string& out);

}  // namespace sluice::ssl
