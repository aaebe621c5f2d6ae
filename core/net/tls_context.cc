// SPDX-License-Identifier: Apache-2.0
#include "core/net/tls_context.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/net/tls.h"
#include "core/net/tls_error.h"
#include "core/net/tls_keys.h"
#include "core/os/file.h"

namespace sluice::net {
namespace {

// Of upstreams: several records of a large answer in one recv. Towards clients it is OpenSSL's own,
// one record: blocks of twice the size between a connection's small ones cost 4 kB more of heap for
// each idle client.
constexpr size_t read_ahead = 32 * 1024;

// An extension's host name (RFC 6066 3): list length, type 0, name length, name.
std::string_view host_name(SSL* ssl)
{
    const unsigned char* p = nullptr;
    size_t size = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &size) != 1 || size < 5)
        return {};
    size_t list = static_cast<size_t>(p[0] << 8 | p[1]);
    size_t name = static_cast<size_t>(p[3] << 8 | p[4]);
    if (list + 2 != size || p[2] != TLSEXT_NAMETYPE_host_name || name + 5 > size)
        return {};
    return {reinterpret_cast<const char*>(p + 5), name};
}

// Before anything is negotiated: protocols and sessions are those of the server that was asked for.
int on_client_hello(SSL* ssl, int* alert, void*)
{
    TlsChooser* chooser = TlsSession::of(ssl)->chooser();
    const TlsContext* chosen = chooser ? chooser->choose_tls(host_name(ssl)) : nullptr;
    if (!chosen) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_CLIENT_HELLO_ERROR;
    }
    chosen->take_over(ssl);
    return SSL_CLIENT_HELLO_SUCCESS;
}

int on_server_name(SSL*, int*, void*)
{
    return SSL_TLSEXT_ERR_OK;  // it is acknowledged
}

// http/1.1 is all that we speak. A client that offers protocols, but none of ours, is refused (RFC
// 7301 3.2).
int on_alpn(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
            unsigned int in_size, void*)
{
    static constexpr unsigned char ours[] = "\x08http/1.1\x08http/1.0\x08http/0.9";
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, size, ours, sizeof ours - 1, in, in_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

int on_certificate(SSL* ssl, void*)
{
    TlsSession& session = *TlsSession::of(ssl);
    return !session.chooser() || session.chooser()->certify(session);
}

int on_status(SSL* ssl, void*)
{
    TlsSession& session = *TlsSession::of(ssl);
    std::string_view staple = session.chooser() ? session.chooser()->staple(session) : "";
    void* copy = staple.empty() ? nullptr : OPENSSL_memdup(staple.data(), staple.size());
    if (!copy)
        return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(staple.size()));  // its own now
    return SSL_TLSEXT_ERR_OK;
}

// Of a server, that a later connection may be resumed.
int on_new_session(SSL* ssl, SSL_SESSION* session)
{
    TlsKeeper* keeper = TlsSession::of(ssl)->keeper();
    if (!keeper)
        return 0;
    keeper->keep(session);
    return 1;
}

int accept_any(int, X509_STORE_CTX*)
{
    return 1;
}

std::string failed(std::string_view call, std::string_view argument)
{
    return fmt::format("{}(\"{}\") failed {}", call, argument, take_tls_error());
}

}  // namespace

TlsPasswords::~TlsPasswords()
{
    for (std::string& line : lines_)
        OPENSSL_cleanse(line.data(), line.size());
}

int TlsPasswords::read(const std::string& path)
{
    auto text = os::read_file(path);
    if (!text)
        return text.error();
    std::string_view rest = *text;
    while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (!line.empty())
            lines_.emplace_back(line);
    }
    OPENSSL_cleanse(text->data(), text->size());
    return 0;
}

TlsContext::TlsContext(Side side)
    : ctx_(SSL_CTX_new(side == server ? TLS_server_method() : TLS_client_method()))
{
    SLUICE_CHECK(ctx_);
    SSL_CTX_set_app_data(ctx_, this);
    SSL_CTX_set_mode(ctx_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                               SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_options(ctx_, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                  SSL_OP_SINGLE_DH_USE | SSL_OP_SINGLE_ECDH_USE);
    SSL_CTX_set_read_ahead(ctx_, 1);
    if (side == client) {
        SSL_CTX_set_default_read_buffer_len(ctx_, read_ahead);
        SSL_CTX_set_session_cache_mode(ctx_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ctx_, on_new_session);
        return;
    }
    SSL_CTX_set_client_hello_cb(ctx_, on_client_hello, nullptr);
    SSL_CTX_set_tlsext_servername_callback(ctx_, on_server_name);
    SSL_CTX_set_alpn_select_cb(ctx_, on_alpn, nullptr);
    SSL_CTX_set_cert_cb(ctx_, on_certificate, nullptr);
    SSL_CTX_set_tlsext_status_cb(ctx_, on_status);
    SSL_CTX_set_session_cache_mode(ctx_, SSL_SESS_CACHE_OFF);
}

TlsContext::~TlsContext()
{
    SSL_CTX_free(ctx_);
}

void TlsContext::set_protocols(uint32_t mask)
{
    static constexpr std::pair<uint32_t, uint64_t> options[] = {{tls_sslv3, SSL_OP_NO_SSLv3},
                                                                {tls_v1, SSL_OP_NO_TLSv1},
                                                                {tls_v1_1, SSL_OP_NO_TLSv1_1},
                                                                {tls_v1_2, SSL_OP_NO_TLSv1_2},
                                                                {tls_v1_3, SSL_OP_NO_TLSv1_3}};
    // What openssl.cnf says of the oldest one does not count: this does.
    SSL_CTX_set_min_proto_version(ctx_, 0);
    SSL_CTX_set_max_proto_version(ctx_, 0);
    for (auto [bit, option] : options)
        if (mask & bit)
            SSL_CTX_clear_options(ctx_, option);
        else
            SSL_CTX_set_options(ctx_, option);
}

std::string TlsContext::set_ciphers(const std::string& list, bool servers_order)
{
    if (SSL_CTX_set_cipher_list(ctx_, list.c_str()) != 1)
        return failed("SSL_CTX_set_cipher_list", list);
    if (servers_order)
        SSL_CTX_set_options(ctx_, SSL_OP_CIPHER_SERVER_PREFERENCE);
    return {};
}

std::string TlsContext::set_curves(const std::string& list)
{
    if (list == "auto")
        return {};
    if (SSL_CTX_set1_curves_list(ctx_, list.c_str()) != 1)
        return failed("SSL_CTX_set1_curves_list", list);
    return {};
}

std::string TlsContext::set_dh(const std::string& path)
{
    return read_dh(ctx_, path);
}

std::string TlsContext::command(const std::string& name, const std::string& value)
{
    SSL_CONF_CTX* conf = SSL_CONF_CTX_new();
    SSL_CONF_CTX_set_flags(conf, SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_SERVER | SSL_CONF_FLAG_CLIENT |
                                     SSL_CONF_FLAG_CERTIFICATE | SSL_CONF_FLAG_SHOW_ERRORS);
    SSL_CONF_CTX_set_ssl_ctx(conf, ctx_);
    bool good =
        SSL_CONF_cmd(conf, name.c_str(), value.c_str()) > 0 && SSL_CONF_CTX_finish(conf) == 1;
    SSL_CONF_CTX_free(conf);
    if (good)
        return {};
    return fmt::format("SSL_CONF_cmd(\"{}\", \"{}\") failed {}", name, value, take_tls_error());
}

// ---- certificates -------------------------------------------------------------------------------

std::string TlsContext::add_certificate(const std::string& certificate, const std::string& key,
                                        const TlsPasswords* passwords)
{
    std::string why;
    CertificateChain chain = read_certificates(certificate, why);
    if (!chain.leaf)
        return fmt::format("cannot load certificate \"{}\": {}", certificate, why);
    EvpKey own = read_key(key, passwords, why);
    if (!own)
        return fmt::format("cannot load certificate key \"{}\": {}", key, why);
    if (SSL_CTX_use_certificate(ctx_, chain.leaf.get()) != 1)
        return failed("SSL_CTX_use_certificate", certificate);
    for (auto& further : chain.further)
        if (SSL_CTX_add1_chain_cert(ctx_, further.get()) != 1)
            return failed("SSL_CTX_add1_chain_cert", certificate);
    if (SSL_CTX_use_PrivateKey(ctx_, own.get()) != 1)
        return failed("SSL_CTX_use_PrivateKey", key);
    certificates_.push_back(certificate);
    return {};
}

std::string TlsContext::check_certificates(const std::string& key_of_last)
{
    size_t pairs = 0;
    for (long op = SSL_CERT_SET_FIRST; SSL_CTX_set_current_cert(ctx_, op) == 1;
         op = SSL_CERT_SET_NEXT)
        ++pairs;  // only certificates that have a key
    forget_tls_errors();
    if (SSL_CTX_check_private_key(ctx_) == 1 && pairs > 0)
        return {};
    return failed("SSL_CTX_use_PrivateKey", key_of_last);
}

// ---- trust --------------------------------------------------------------------------------------

std::string TlsContext::trust(const std::string& path)
{
    if (SSL_CTX_load_verify_locations(ctx_, path.c_str(), nullptr) != 1)
        return failed("SSL_CTX_load_verify_locations", path);
    forget_tls_errors();  // of the end of the file
    return {};
}

void TlsContext::trust_system()
{
    SSL_CTX_set_default_verify_paths(ctx_);
    forget_tls_errors();
}

std::string TlsContext::revoke(const std::string& path)
{
    X509_STORE* store = SSL_CTX_get_cert_store(ctx_);
    X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (!lookup || X509_LOOKUP_load_file(lookup, path.c_str(), X509_FILETYPE_PEM) != 1)
        return failed("X509_LOOKUP_load_file", path);
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return {};
}

std::string TlsContext::ask_for(const std::string& path)
{
    std::string why = trust(path);
    if (!why.empty())
        return why;
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(path.c_str());
    if (!names)
        return failed("SSL_load_client_CA_file", path);
    SSL_CTX_set_client_CA_list(ctx_, names);
    forget_tls_errors();
    return {};
}

void TlsContext::verify_peer(int depth)
{
    SSL_CTX_set_verify(ctx_, SSL_VERIFY_PEER, accept_any);
    set_depth(depth);
}

void TlsContext::set_depth(int depth)
{
    SSL_CTX_set_verify_depth(ctx_, depth);
}

// ---- connections --------------------------------------------------------------------------------

void TlsContext::keep_sessions(const TlsSessionRules& rules)
{
    sessions_ = rules;
    set_sessions(ctx_, rules);
}

std::string TlsContext::session_id(std::string_view shape)
{
    unsigned char digest[32];
    unsigned int size = 0;
    SLUICE_CHECK(EVP_Digest(shape.data(), shape.size(), digest, &size, EVP_sha256(), nullptr));
    return {reinterpret_cast<char*>(digest), size};
}

void TlsContext::set_session_id(std::string_view digest)
{
    SSL_CTX_set_session_id_context(ctx_, reinterpret_cast<const unsigned char*>(digest.data()),
                                   static_cast<unsigned int>(digest.size()));
}

std::string TlsContext::check_pair(const TlsPair& pair, const std::string& certificate) const
{
    SSL* ssl = SSL_new(ctx_);
    SLUICE_CHECK(ssl);
    bool good = present(ssl, pair);
    SSL_free(ssl);
    return good ? std::string() : failed("SSL_CTX_use_certificate", certificate);
}

void TlsContext::take_over(SSL* ssl) const
{
    if (SSL_get_SSL_CTX(ssl) == ctx_)
        return;
    SSL_set_SSL_CTX(ssl, ctx_);
    SSL_set_verify(ssl, SSL_CTX_get_verify_mode(ctx_), SSL_CTX_get_verify_callback(ctx_));
    SSL_set_verify_depth(ssl, SSL_CTX_get_verify_depth(ctx_));
    uint64_t options = SSL_CTX_get_options(ctx_);
    SSL_clear_options(ssl, SSL_get_options(ssl) & ~options);
    SSL_set_options(ssl, options);
    SSL_set_min_proto_version(ssl, static_cast<int>(SSL_CTX_get_min_proto_version(ctx_)));
    SSL_set_max_proto_version(ssl, static_cast<int>(SSL_CTX_get_max_proto_version(ctx_)));
}

}  // namespace sluice::net
