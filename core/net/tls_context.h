// SPDX-License-Identifier: Apache-2.0
// TlsContext: what the TLS connections of one server, or to upstreams of one kind, have in common:
// protocols, ciphers, certificates with their keys, whom to trust. Filled while a configuration is
// read (by the master, as root: keys need not be readable for workers), the same from then on but
// for certificates that changed on disk. Workers inherit it over the fork.
//
// Setters say "" or, in nginx's words, why not.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/net/tls_sessions.h"

struct ssl_ctx_st;
struct ssl_st;

namespace sluice::net {

struct TlsPair;

enum TlsProtocol : uint32_t {
    tls_sslv2 = 1,  // known by name only
    tls_sslv3 = 2,
    tls_v1 = 4,
    tls_v1_1 = 8,
    tls_v1_2 = 16,
    tls_v1_3 = 32,
};

/// Lines of a password file; wiped when they go.
class TlsPasswords
{
public:
    TlsPasswords() = default;
    TlsPasswords(TlsPasswords&&) = default;
    TlsPasswords& operator=(TlsPasswords&&) = default;
    ~TlsPasswords();
    /// errno of the file.
    int read(const std::string& path);
    const std::vector<std::string>& lines() const { return lines_; }

private:
    std::vector<std::string> lines_;
};

class TlsContext
{
public:
    enum Side : uint8_t { server, client };
    explicit TlsContext(Side side);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;

    void set_protocols(uint32_t mask);
    std::string set_ciphers(const std::string& list, bool servers_order);
    std::string set_curves(const std::string& list);
    std::string set_dh(const std::string& path);
    std::string command(const std::string& name, const std::string& value);

    /// Paths, or `data:` and the PEM text. The key may be `engine:…`, which is refused.
    std::string add_certificate(const std::string& certificate, const std::string& key,
                                const TlsPasswords* passwords);
    /// After the last one: each certificate has its key (pairs of several kinds may be mixed up).
    std::string check_certificates(const std::string& key_of_last);
    bool has_certificate() const { return !certificates_.empty(); }

    /// Certificates of authorities that peers' chains may end in.
    std::string trust(const std::string& path);
    void trust_system();
    std::string revoke(const std::string& crl_path);
    /// Names of `path`'s certificates are sent to clients (and they are trusted).
    std::string ask_for(const std::string& path);
    /// Peers are asked for a certificate; their chains are looked at afterwards: a handshake does
    /// not fail for them, so that the peer can be told in its own protocol.
    void verify_peer(int depth);
    void set_depth(int depth);

    /// Who is named in the rules outlives the context.
    void keep_sessions(const TlsSessionRules& rules);
    const TlsSessionRules& sessions() const { return sessions_; }
    /// Sessions of one id are never resumed under another.
    void set_session_id(std::string_view digest);
    /// 32 bytes.
    static std::string session_id(std::string_view shape);
    /// "" or why these certificates cannot be presented by it.
    std::string check_pair(const TlsPair& pair, const std::string& certificate) const;
    ssl_ctx_st* handle() const { return ctx_; }
    /// A connection that began under another context goes on under this one.
    void take_over(ssl_st* ssl) const;

private:
    ssl_ctx_st* ctx_;
    TlsSessionRules sessions_;
    std::vector<std::string> certificates_;  // as named
};

}  // namespace sluice::net
