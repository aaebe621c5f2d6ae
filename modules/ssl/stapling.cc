// SPDX-License-Identifier: Apache-2.0
#include "modules/ssl/stapling.h"

#include <fmt/format.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>

#include "core/net/tls_error.h"
#include "core/os/file.h"

namespace sluice::ssl {
namespace {

int on_status(SSL* ssl, void* data)
{
    const std::string& response = static_cast<Staple*>(data)->response();
    void* copy = OPENSSL_memdup(response.data(), response.size());  // OpenSSL's to free
    if (!copy)
        return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

std::string Staple::read(const std::string& path)
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
    response_ = std::move(*text);
    return {};
}

void Staple::offer(const net::TlsContext& context)
{
    SSL_CTX_set_tlsext_status_cb(context.handle(), on_status);
    SSL_CTX_set_tlsext_status_arg(context.handle(), this);
}

}  // namespace sluice::ssl
