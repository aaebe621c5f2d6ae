// SPDX-License-Identifier: Apache-2.0
// What lets a client resume a session: a store of them that workers share, or tickets that clients
// keep, sealed with keys that workers share. Who has the memory implements the interfaces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

struct ssl_ctx_st;

namespace sluice::net {

class TlsSessionStore
{
public:
    /// May be refused silently.
    virtual void add(std::string_view id, std::string_view session) = 0;
    /// Empty: unknown, or too old.
    virtual std::string find(std::string_view id) = 0;
    virtual void remove(std::string_view id) = 0;

protected:
    ~TlsSessionStore() = default;
};

/// The key of a ticket: its name stands in the ticket.
struct TlsTicketKey {
    static constexpr size_t name_size = 16;
    unsigned char name[name_size];
    unsigned char aes[32], hmac[32];
    unsigned char key_size = 32;  // 16: AES-128, and half of `hmac`
};

class TlsTicketKeys
{
public:
    /// What new tickets are sealed with; null: there is none, no ticket is sent.
    virtual const TlsTicketKey* current() = 0;
    /// Null: too old, or nobody's. `renew`: the client is given a new ticket.
    virtual const TlsTicketKey* find(std::string_view name, bool& renew) = 0;

protected:
    ~TlsTicketKeys() = default;
};

/// How a server's context keeps sessions.
struct TlsSessionRules {
    enum Builtin : int { off = -2, none = -1, unlimited = 0 };
    int builtin = none;  // or how many sessions each worker keeps
    TlsSessionStore* store = nullptr;
    TlsTicketKeys* tickets = nullptr;  // null: no tickets
    long timeout = 300;                // seconds
};

void set_sessions(ssl_ctx_st* ctx, const TlsSessionRules& rules);

}  // namespace sluice::net
