// SPDX-License-Identifier: Apache-2.0
// Where sessions of clients are kept (ssl_session_cache shared) and what tickets are sealed with.
// Both lie in shared zones, so that all workers know them and a reload forgets nothing.
//
// Tickets have a key for each span of ssl_session_timeout: the first worker that needs it makes it.
// It opens tickets in the next span, too; then it is gone, and with it what could open them.
#pragma once

#include <memory>
#include <string>

#include "core/net/tls_sessions.h"
#include "modules/lib/tls_values.h"

namespace sluice::ssl {

/// ssl_session_cache.
struct Cache {
    int builtin = net::TlsSessionRules::none;
    zone::Zone* zone = nullptr;
};
bool parse(Apply& apply, size_t arg, Cache& out);

class ZoneStore final : public net::TlsSessionStore
{
public:
    ZoneStore(const zone::Zone& zone, std::chrono::seconds timeout);
    void add(std::string_view id, std::string_view session) override;
    std::string find(std::string_view id) override;
    void remove(std::string_view id) override;

private:
    struct Entry {
        uint32_t expires;  // steady seconds
    };
    const zone::Zone& zone_;
    uint32_t timeout_;
};

class ZoneKeys final : public net::TlsTicketKeys
{
public:
    ZoneKeys(const zone::Zone& zone, std::chrono::seconds lifetime);
    ~ZoneKeys();
    const net::TlsTicketKey* current() override;
    const net::TlsTicketKey* find(std::string_view name, bool& renew) override;

private:
    void look();
    bool load(int64_t span, net::TlsTicketKey& out);
    std::string prefix(int64_t span) const;
    const zone::Zone& zone_;
    int64_t lifetime_;
    int64_t span_ = 0;  // that keys_[0] is of; keys_[1] is of the one before
    bool known_[2] = {};
    net::TlsTicketKey keys_[2] = {};
};

/// ssl_session_ticket_key: the first seals, all open.
class FileKeys final : public net::TlsTicketKeys
{
public:
    ~FileKeys();
    /// "" or why not, in nginx's words.
    std::string add(const std::string& path);
    const net::TlsTicketKey* current() override;
    const net::TlsTicketKey* find(std::string_view name, bool& renew) override;

private:
    std::vector<net::TlsTicketKey> keys_;
};

/// The zone of ticket keys of a configuration.
const zone::Zone& ticket_zone(http::Main& main);

}  // namespace sluice::ssl
