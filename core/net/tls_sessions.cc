// SPDX-License-Identifier: Apache-2.0
#include "core/net/tls_sessions.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <cstring>

#include "core/net/tls.h"
#include "core/net/tls_context.h"
#include "core/net/tls_error.h"

namespace sluice::net {
namespace {

constexpr int max_session = 4096;  // one that carries a long chain of a client is not kept

TlsContext& context_of(SSL_CTX* ctx)
{
    return *static_cast<TlsContext*>(SSL_CTX_get_app_data(ctx));
}

// The context that the connection began with, also when SNI has chosen another.
const TlsSessionRules& rules_of(const SSL* ssl)
{
    return TlsSession::of(ssl)->first_context().sessions();
}

std::string_view id_of(const SSL_SESSION* session)
{
    unsigned int size = 0;
    const unsigned char* id = SSL_SESSION_get_id(session, &size);
    return {reinterpret_cast<const char*>(id), size};
}

int on_new(SSL* ssl, SSL_SESSION* session)
{
    TlsSessionStore* store = rules_of(ssl).store;
    // A TLS 1.3 session whose ticket holds it all is told here too.
    bool stateless =
        SSL_version(ssl) == TLS1_3_VERSION && !(SSL_get_options(ssl) & SSL_OP_NO_TICKET);
    if (!store || stateless)
        return 0;
    int size = i2d_SSL_SESSION(session, nullptr);
    if (size <= 0 || size > max_session)
        return 0;
    unsigned char bytes[max_session];
    unsigned char* p = bytes;
    i2d_SSL_SESSION(session, &p);
    store->add(id_of(session), {reinterpret_cast<char*>(bytes), static_cast<size_t>(size)});
    OPENSSL_cleanse(bytes, static_cast<size_t>(size));
    return 0;  // the reference stays OpenSSL's
}

SSL_SESSION* on_get(SSL* ssl, const unsigned char* id, int size, int* copy)
{
    *copy = 0;
    TlsSessionStore* store = rules_of(ssl).store;
    if (!store)
        return nullptr;
    std::string bytes = store->find({reinterpret_cast<const char*>(id), static_cast<size_t>(size)});
    const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
    SSL_SESSION* session =
        bytes.empty() ? nullptr : d2i_SSL_SESSION(nullptr, &p, static_cast<long>(bytes.size()));
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return session;
}

void on_remove(SSL_CTX* ctx, SSL_SESSION* session)
{
    if (TlsSessionStore* store = context_of(ctx).sessions().store)
        store->remove(id_of(session));
}

bool begin_mac(EVP_MAC_CTX* mac, const TlsTicketKey& key)
{
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.hmac),
                                          key.key_size),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

// Fetched once: looking a cipher up costs as much as using it.
const EVP_CIPHER* cipher_of(const TlsTicketKey& key)
{
    static EVP_CIPHER* aes256 = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
    static EVP_CIPHER* aes128 = EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr);
    return key.key_size == 32 ? aes256 : aes128;
}

// OpenSSL's contract: 1 go on, 2 and send a new ticket, 0 no ticket (or not one of ours), -1 error.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac, int seal)
{
    TlsTicketKeys* keys = rules_of(ssl).tickets;
    if (!keys)
        return 0;
    if (seal) {
        const TlsTicketKey* key = keys->current();
        if (!key)
            return 0;
        const EVP_CIPHER* aes = cipher_of(*key);
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(aes)) != 1 ||
            EVP_EncryptInit_ex2(cipher, aes, key->aes, iv, nullptr) != 1 || !begin_mac(mac, *key))
            return -1;
        std::memcpy(name, key->name, TlsTicketKey::name_size);
        return 1;
    }
    bool renew = false;
    const TlsTicketKey* key =
        keys->find({reinterpret_cast<char*>(name), TlsTicketKey::name_size}, renew);
    if (!key)
        return 0;
    if (!begin_mac(mac, *key) ||
        EVP_DecryptInit_ex2(cipher, cipher_of(*key), key->aes, iv, nullptr) != 1)
        return -1;
    // A TLS 1.3 client gets a new one with each resumption anyway, and asks by this.
    return renew || SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1;
}

}  // namespace

void set_sessions(SSL_CTX* ctx, const TlsSessionRules& rules)
{
    SSL_CTX_set_timeout(ctx, rules.timeout);
    // OpenSSL sends two. A second one costs every full handshake, and serves clients only that open
    // two connections at once, before the first resumption has given them another.
    SSL_CTX_set_num_tickets(ctx, 1);
    if (rules.tickets)
        SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
    else
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    using Rules = TlsSessionRules;
    if (rules.builtin == Rules::off && !rules.store) {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        return;
    }
    if (rules.builtin < 0 && !rules.store) {
        // Clients are given session ids all the same: some fail without.
        SSL_CTX_set_session_cache_mode(
            ctx, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_AUTO_CLEAR | SSL_SESS_CACHE_NO_INTERNAL);
        return;
    }
    long mode = SSL_SESS_CACHE_SERVER;
    if (rules.builtin < 0)
        mode |= SSL_SESS_CACHE_NO_INTERNAL;
    SSL_CTX_set_session_cache_mode(ctx, mode);
    if (rules.builtin > 0)
        SSL_CTX_sess_set_cache_size(ctx, rules.builtin);
    if (rules.store) {
        SSL_CTX_sess_set_new_cb(ctx, on_new);
        SSL_CTX_sess_set_get_cb(ctx, on_get);
        SSL_CTX_sess_set_remove_cb(ctx, on_remove);
    }
}

}  // namespace sluice::net
