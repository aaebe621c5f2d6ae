// SPDX-License-Identifier: Apache-2.0
// $ssl_*: what was negotiated, and the client's certificate. On a plain connection there are none.
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cstring>

#include "core/http/uri.h"
#include "core/net/tls.h"
#include "modules/ssl/ssl.h"

namespace sluice::ssl {
namespace {

using http::Value;

/// A memory BIO, as text in the request's arena.
class Output
{
public:
    Output() : bio_(BIO_new(BIO_s_mem())) {}
    ~Output() { BIO_free(bio_); }
    Output(const Output&) = delete;
    BIO* bio() const { return bio_; }
    std::string_view text() const
    {
        char* data = nullptr;
        long size = BIO_get_mem_data(bio_, &data);
        return {data, static_cast<size_t>(size)};
    }

private:
    BIO* bio_;
};

std::string_view hex(Request& r, const unsigned char* bytes, size_t size)
{
    char* text = r.arena().chars(2 * size);
    for (size_t i = 0; i < size; ++i) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return {text, 2 * size};
}

/// Calls `Get` where there is TLS.
template <Value (*Get)(Request&, SSL*)>
Value of_session(Request& r, const void*)
{
    net::TlsSession* tls = r.c.stream.tls();
    return tls ? Get(r, tls->handle()) : std::nullopt;
}

/// Calls `Get` where there is a client's certificate.
template <Value (*Get)(Request&, X509*)>
Value of_certificate(Request& r, const void*)
{
    net::TlsSession* tls = r.c.stream.tls();
    X509* certificate = tls ? SSL_get0_peer_certificate(tls->handle()) : nullptr;
    return certificate ? Get(r, certificate) : std::nullopt;
}

Value protocol(Request&, SSL* ssl)
{
    return SSL_get_version(ssl);
}

Value cipher(Request&, SSL* ssl)
{
    const char* name = SSL_get_cipher_name(ssl);
    return name ? Value(name) : std::nullopt;
}

Value ciphers(Request& r, SSL* ssl)
{
    unsigned char* bytes = nullptr;
    SSL_get0_raw_cipherlist(ssl, nullptr);
    auto n = static_cast<size_t>(SSL_get0_raw_cipherlist(ssl, &bytes));
    std::string text;
    for (size_t i = 0; bytes && i + 1 < n; i += 2) {
        const SSL_CIPHER* c = SSL_CIPHER_find(ssl, bytes + i);
        text += text.empty() ? "" : ":";
        text += c ? std::string(SSL_CIPHER_get_name(c))
                  : fmt::format("0x{:02x}{:02x}", bytes[i], bytes[i + 1]);
    }
    return bytes ? Value(r.arena().copy(text)) : std::nullopt;
}

std::string curve_name(int nid)
{
    return nid & TLSEXT_nid_unknown ? fmt::format("0x{:04x}", nid & 0xffff)
                                    : std::string(OBJ_nid2sn(nid));
}

Value curve(Request& r, SSL* ssl)
{
    auto nid = static_cast<int>(SSL_get_negotiated_group(ssl));
    return nid ? Value(r.arena().copy(curve_name(nid))) : std::nullopt;
}

// As TLS 1.3 calls it (RFC 8446 4.2.3). OpenSSL 3.0 has the parts only.
std::string sigalg_name(int type, int hash, X509* certificate)
{
    switch (type) {
    case NID_undef: return {};
    case EVP_PKEY_ED25519: return "ed25519";
    case EVP_PKEY_ED448: return "ed448";
    default: break;
    }
    std::string digest = OBJ_nid2ln(hash);  // "sha256"
    if (type == EVP_PKEY_EC) {
        std::string_view curve = hash == NID_sha256   ? "secp256r1_"
                                 : hash == NID_sha384 ? "secp384r1_"
                                 : hash == NID_sha512 ? "secp521r1_"
                                                      : "";
        return fmt::format("ecdsa_{}{}", curve, digest);
    }
    if (type == EVP_PKEY_RSA_PSS) {
        EVP_PKEY* key = certificate ? X509_get0_pubkey(certificate) : nullptr;
        bool pss_key = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA_PSS;
        return fmt::format("rsa_pss_{}_{}", pss_key ? "pss" : "rsae", digest);
    }
    return fmt::format("{}_{}", type == EVP_PKEY_RSA ? "rsa_pkcs1" : OBJ_nid2ln(type), digest);
}

Value sigalg(Request& r, SSL* ssl)
{
    int type = NID_undef, hash = NID_undef;
    SSL_get_signature_type_nid(ssl, &type);
    SSL_get_signature_nid(ssl, &hash);
    return r.arena().copy(sigalg_name(type, hash, SSL_get_certificate(ssl)));
}

Value client_sigalg(Request& r, SSL* ssl)
{
    int type = NID_undef, hash = NID_undef;
    SSL_get_peer_signature_type_nid(ssl, &type);
    SSL_get_peer_signature_nid(ssl, &hash);
    return r.arena().copy(sigalg_name(type, hash, SSL_get0_peer_certificate(ssl)));
}

Value curves(Request& r, SSL* ssl)
{
    int n = static_cast<int>(SSL_get1_groups(ssl, nullptr));
    if (n <= 0)
        return std::nullopt;
    std::vector<int> nids(static_cast<size_t>(n));
    SSL_get1_groups(ssl, nids.data());
    std::string text;
    for (int nid : nids)
        text += (text.empty() ? "" : ":") + curve_name(nid);
    return r.arena().copy(text);
}

Value session_id(Request& r, SSL* ssl)
{
    unsigned int size = 0;
    SSL_SESSION* session = SSL_get0_session(ssl);
    if (!session)
        return std::nullopt;
    const unsigned char* id = SSL_SESSION_get_id(session, &size);
    return hex(r, id, size);
}

Value session_reused(Request&, SSL* ssl)
{
    return SSL_session_reused(ssl) ? "r" : ".";
}

Value early_data(Request& r, SSL*)
{
    return r.c.stream.tls()->in_early_data() ? Value("1") : std::nullopt;
}

Value server_name(Request& r, SSL* ssl)
{
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    return name ? Value(r.arena().copy(name)) : std::nullopt;
}

Value alpn_protocol(Request&, SSL* ssl)
{
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl, &name, &size);
    if (!name)
        return std::nullopt;
    return std::string_view(reinterpret_cast<const char*>(name), size);
}

Value client_verify(Request& r, SSL* ssl)
{
    if (!SSL_get0_peer_certificate(ssl))
        return "NONE";
    long result = SSL_get_verify_result(ssl);
    if (result == X509_V_OK)
        return "SUCCESS";
    return r.arena().concat("FAILED:", X509_verify_cert_error_string(result));
}

// ---- the client's certificate -------------------------------------------------------------------

std::string_view pem(const Output& out, X509* certificate)
{
    PEM_write_bio_X509(out.bio(), certificate);
    return out.text();
}

Value raw(Request& r, X509* certificate)
{
    Output out;
    return r.arena().copy(pem(out, certificate));
}

// As a header's value: further lines begin with a tab, and the last one has no end.
Value folded(Request& r, X509* certificate)
{
    Output out;
    std::string_view lines = pem(out, certificate);
    while (lines.ends_with('\n'))
        lines.remove_suffix(1);
    std::string text;
    for (char c : lines) {
        text += c;
        if (c == '\n')
            text += '\t';
    }
    return r.arena().copy(text);
}

Value escaped(Request& r, X509* certificate)
{
    Output out;
    std::string text;
    for (char c : pem(out, certificate)) {
        bool plain = is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain)
            text += c;
        else
            text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return r.arena().copy(text);
}

std::string_view name_text(Request& r, const X509_NAME* name)
{
    Output out;
    X509_NAME_print_ex(out.bio(), name, 0, XN_FLAG_RFC2253);
    return r.arena().copy(out.text());
}

std::string_view name_line(Request& r, const X509_NAME* name)
{
    char* text = X509_NAME_oneline(name, nullptr, 0);
    std::string_view kept = text ? r.arena().copy(text) : std::string_view();
    OPENSSL_free(text);
    return kept;
}

Value subject(Request& r, X509* c)
{
    return name_text(r, X509_get_subject_name(c));
}
Value issuer(Request& r, X509* c)
{
    return name_text(r, X509_get_issuer_name(c));
}
Value subject_legacy(Request& r, X509* c)
{
    return name_line(r, X509_get_subject_name(c));
}
Value issuer_legacy(Request& r, X509* c)
{
    return name_line(r, X509_get_issuer_name(c));
}

Value serial(Request& r, X509* c)
{
    Output out;
    i2a_ASN1_INTEGER(out.bio(), X509_get0_serialNumber(c));
    return r.arena().copy(out.text());
}

Value fingerprint(Request& r, X509* c)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (X509_digest(c, EVP_sha1(), digest, &size) != 1)
        return std::nullopt;
    return hex(r, digest, size);
}

Value time_text(Request& r, const ASN1_TIME* time)
{
    Output out;
    ASN1_TIME_print(out.bio(), time);
    return r.arena().copy(out.text());
}

Value valid_from(Request& r, X509* c)
{
    return time_text(r, X509_get0_notBefore(c));
}
Value valid_to(Request& r, X509* c)
{
    return time_text(r, X509_get0_notAfter(c));
}

Value days_left(Request& r, X509* c)
{
    int days = 0, seconds = 0;
    if (ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(c)) != 1)
        return std::nullopt;
    fmt::format_int text(days < 0 || seconds < 0 ? 0 : days);
    return r.arena().copy({text.data(), text.size()});
}

}  // namespace

void define_variables(http::Variables& v)
{
    auto fixed = [&v](std::string_view name, http::Variables::Get get, bool is_volatile = false) {
        v.define(name, get, nullptr, is_volatile, false);
    };
    fixed("ssl_protocol", of_session<protocol>);
    fixed("ssl_cipher", of_session<cipher>);
    fixed("ssl_ciphers", of_session<ciphers>);
    fixed("ssl_curve", of_session<curve>);
    fixed("ssl_curves", of_session<curves>);
    fixed("ssl_sigalg", of_session<sigalg>);
    fixed("ssl_client_sigalg", of_session<client_sigalg>);
    fixed("ssl_session_id", of_session<session_id>);
    fixed("ssl_session_reused", of_session<session_reused>);
    fixed("ssl_early_data", of_session<early_data>, true);
    fixed("ssl_server_name", of_session<server_name>);
    fixed("ssl_alpn_protocol", of_session<alpn_protocol>);
    fixed("ssl_client_verify", of_session<client_verify>);
    fixed("ssl_client_cert", of_certificate<folded>);
    fixed("ssl_client_raw_cert", of_certificate<raw>);
    fixed("ssl_client_escaped_cert", of_certificate<escaped>);
    fixed("ssl_client_s_dn", of_certificate<subject>);
    fixed("ssl_client_i_dn", of_certificate<issuer>);
    fixed("ssl_client_s_dn_legacy", of_certificate<subject_legacy>);
    fixed("ssl_client_i_dn_legacy", of_certificate<issuer_legacy>);
    fixed("ssl_client_serial", of_certificate<serial>);
    fixed("ssl_client_fingerprint", of_certificate<fingerprint>);
    fixed("ssl_client_v_start", of_certificate<valid_from>);
    fixed("ssl_client_v_end", of_certificate<valid_to>);
    fixed("ssl_client_v_remain", of_certificate<days_left>);
}

}  // namespace sluice::ssl
