// SPDX-License-Identifier: Apache-2.0
// What is asked of a client before its request is served.
#include <openssl/ssl.h>

#include "core/base/bytes.h"
#include "core/net/tls.h"
#include "modules/ssl/ssl.h"

namespace sluice::ssl {
namespace {

// The chain ends nowhere that we know: what optional_no_ca lets pass.
bool only_unknown_issuer(long error)
{
    switch (error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED: return true;
    default: return false;
    }
}

Rc check_certificate(Request& r, SSL* ssl, Verify how)
{
    long result = SSL_get_verify_result(ssl);
    if (result != X509_V_OK && !(how == Verify::optional_no_ca && only_unknown_issuer(result))) {
        r.log(Level::info,
              "client SSL certificate verify error: ({}:{}) while reading client request headers",
              result, X509_verify_cert_error_string(result));
        SSL_CTX_remove_session(SSL_get_SSL_CTX(ssl), SSL_get0_session(ssl));
        return reply(495);
    }
    if (how == Verify::on && !SSL_get0_peer_certificate(ssl)) {
        r.log(Level::info,
              "client sent no required SSL certificate while reading client request headers");
        SSL_CTX_remove_session(SSL_get_SSL_CTX(ssl), SSL_get0_session(ssl));
        return reply(496);
    }
    return next;
}

}  // namespace

Task<Rc> check_client(Request& r)
{
    if (r.c.plain_on_tls) {
        r.log(Level::info,
              "client sent plain HTTP request to HTTPS port while reading client request headers");
        return reply(497);
    }
    net::TlsSession* tls = r.c.stream.tls();
    if (!tls)
        return next;
    Verify how = *conf_of_server(*r.server).verify_client;
    if (how == Verify::off)
        return next;
    // The certificate was asked for, or not, by the rules of the server that SNI named.
    std::string_view name = tls->server_name();
    if (name.ends_with('.'))
        name.remove_suffix(1);
    bool other = r.c.asked_for() && !iequals(name, r.head.host);
    if (other && r.c.listen_address().servers.size() > 1) {
        r.log(Level::info,
              "client attempted to request the server name different from the one that was "
              "negotiated while reading client request headers");
        return reply(421);
    }
    return check_certificate(r, tls->handle(), how);
}

}  // namespace sluice::ssl
