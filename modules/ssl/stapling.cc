// SPDX-License-Identifier: Apache-2.0
#include "modules/ssl/stapling.h"

#include <fmt/format.h>
#include <openssl/ocsp.h>

#include "core/net/tls_error.h"
#include "core/os/file.h"

namespace sluice::ssl {
std::string read_staple(const std::string& path, std::string& out)
{
    auto text = os::read_file(path);
    if (!text) {
        BIO* never = BIO_new_file(path.c_str(), "rb");
        BIO_free(never);
        return fmt::format("BIO_new_file(\"{}\", \"rb\") failed {}", path, net::take_tls_error());
    }
    const auto* p = reinterpret_cast<const unsigned char*>(text->data());
    OCSP_RESPONSE* parsed = d2i_OCSP_RESPONSE(nullptr, &p, static_cast<long>(text->size()));
    if (!parsed)
        return fmt::format("d2i_OCSP_RESPONSE_bio(\"{}\") failed {}", path, net::take_tls_error());
    OCSP_RESPONSE_free(parsed);
    out = std::move(*text);
    return {};
}

}  // namespace sluice::ssl
