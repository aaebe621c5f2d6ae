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
struct ssl_st;

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

/// A file's text, or what stands behind `data:`. Wiped when it goes.
class PemText
{
public:
    PemText() = default;
    PemText(PemText&& other) noexcept { bytes_.swap(other.bytes_); }
    PemText& operator=(PemText&& other) noexcept
    {
        bytes_.swap(other.bytes_);
        return *this;
    }
    ~PemText() { wipe(); }
    /// Keys of `engine:` and `store:` are refused. False: `why` says it as OpenSSL would have.
    bool read(const std::string& from, std::string& why);
    /// Takes it over, and wipes what it had.
    void set(std::string&& text);
    const std::string& text() const { return bytes_; }

private:
    void wipe();
    std::string bytes_;
};

/// `from` is a path, or `data:` and the text. No leaf: `why` says it.
CertificateChain read_certificates(const std::string& from, std::string& why);
CertificateChain read_certificates(const PemText& text, std::string& why);
/// Passwords are tried in their order; may be null.
EvpKey read_key(const std::string& from, const TlsPasswords* passwords, std::string& why);
EvpKey read_key(const PemText& text, const TlsPasswords* passwords, std::string& why);
/// The key as PEM, not encrypted.
PemText text_of_key(const EvpKey& key);

/// A certificate, those that it comes with, and its key.
struct TlsPair {
    CertificateChain chain;
    EvpKey key;
};
bool fits(const TlsPair& pair);
/// Into one connection, for its handshake. False: the error queue says why not.
bool present(ssl_st* ssl, const TlsPair& pair);

/// DH parameters into the context; "" or why not.
std::string read_dh(ssl_ctx_st* ctx, const std::string& path);

}  // namespace sluice::net
