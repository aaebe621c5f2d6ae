// SPDX-License-Identifier: Apache-2.0
// Socket addresses: IPv4, IPv6, unix. A value of fixed size; no names are resolved here except by
// the blocking resolve(), which is for start-up only.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace sluice::os {

class Address
{
public:
    Address() = default;
    static Address from(const sockaddr* address, socklen_t length);
    /// "127.0.0.1", "[::1]" or "::1"; false when it is no literal.
    static bool from_literal(std::string_view host, uint16_t port, Address& out);
    static bool from_unix(std::string_view path, Address& out);
    /// All addresses of 0.0.0.0 and [::].
    static Address any(int family, uint16_t port);

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t size() const { return length_; }
    int family() const { return storage_.any.ss_family; }
    bool is_unix() const { return family() == AF_UNIX; }
    uint16_t port() const;
    void set_port(uint16_t port);
    bool is_wildcard() const;

    /// "127.0.0.1", "::1", "unix:/path" ("unix:" for a peer without a name).
    std::string host() const;
    /// "127.0.0.1:80", "[::1]:80", "unix:/path".
    std::string text() const;
    /// 4 or 16 bytes in network order; empty for unix ($binary_remote_addr).
    std::string_view bytes() const;

    bool operator==(const Address& other) const;

private:
    union {
        sockaddr_storage any;
        sockaddr_un un;
    } storage_{};
    socklen_t length_ = 0;
};

/// What is worth keeping of a client's address: family, IP, port. Clients of unix sockets have no
/// name (nginx: "unix:"). A quarter of an Address: each connection has one.
class PeerAddress
{
public:
    PeerAddress() = default;
    explicit PeerAddress(const Address& address);

    /// The whole of it.
    Address address() const;
    std::string text() const { return address().text(); }
    uint16_t port() const { return address().port(); }
    /// As Address::bytes().
    std::string_view bytes() const;

private:
    union {
        sockaddr any;
        sockaddr_in in;
        sockaddr_in6 in6;
    } storage_{};
};

/// getaddrinfo(3), blocking: for start-up. IPv4 first, then IPv6, each once; or its reason.
Result<std::vector<Address>, std::string> resolve(const std::string& host, uint16_t port);

}  // namespace sluice::os
