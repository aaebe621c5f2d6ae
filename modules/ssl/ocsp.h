// SPDX-License-Identifier: Apache-2.0
// OCSP (RFC 6960) without the network: what is asked about a certificate, of whom, and what an
// answer is worth.
#pragma once

#include <openssl/ssl.h>

#include <ctime>
#include <memory>
#include <string>

#include "core/net/tls_keys.h"

namespace sluice::ssl {

struct Responder {
    std::string host, path;
    uint16_t port = 80;
};
/// "http://host[:port]/path"; false: it is none.
bool parse_responder(std::string_view url, Responder& out);

/// A certificate that is asked about, and its issuer.
struct Subject {
    net::Certificate leaf, issuer;
};
/// Finds the issuer of the session's certificate: in what it comes with, or among the authorities
/// that its context trusts. "" or why there is none.
std::string find_issuer(SSL* ssl, Subject& out);
/// The first that the certificate names; empty: none.
std::string responder_of(const Subject& subject);
/// DER.
std::string make_request(const Subject& subject);

struct Verdict {
    std::string why;        // empty: the certificate is good, and the answer is the authority's
    time_t good_until = 0;  // 0: it does not say
};
/// `verify`: who signed the answer must be the issuer, or have it from one of `trusted`.
Verdict judge(const std::string& response, const Subject& subject, X509_STORE* trusted,
              bool verify);

}  // namespace sluice::ssl
