// SPDX-License-Identifier: Apache-2.0
// Certificates, keys and parameters from files. A key's text is wiped as soon as it has been read.
// Failures are texts in nginx's words: "BIO_new_file() failed (SSL: …)".
#pragma once

#include <memory>
#include <string>
#include <vector>

struct x509_st;
struct evp_pkey_st;
struct ssl_ctx_st;

namespace sluice::net {

class TlsPasswords;

struct X509Free {
    void operator()(x509_st* p) const;
    void operator()(evp_pkey_st* p) const;
};
using Certificate = std::unique_ptr<x509_st, X509Free>;
using EvpKey = std::unique_ptr<evp_pkey_st, X509Free>;

struct CertificateChain {
    Certificate leaf;
    std::vector<Certificate> further;  // as they stand in the file
};

/// `from` is a path, or `data:` and the text. No leaf: `why` says it.
CertificateChain read_certificates(const std::string& from, std::string& why);
/// Passwords are tried in their order; may be null.
EvpKey read_key(const std::string& from, const TlsPasswords* passwords, std::string& why);
/// DH parameters into the context; "" or why not.
std::string read_dh(ssl_ctx_st* ctx, const std::string& path);

}  // namespace sluice::net
