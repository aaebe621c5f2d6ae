// SPDX-License-Identifier: Apache-2.0
#include "core/os/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace sluice::os {
namespace {

template <class T>
T& as(sockaddr_storage& s)
{
    return *reinterpret_cast<T*>(&s);
}
template <class T>
const T& as(const sockaddr_storage& s)
{
    return *reinterpret_cast<const T*>(&s);
}

}  // namespace

Address Address::from(const sockaddr* address, socklen_t length)
{
    Address a;
    a.length_ = std::min<socklen_t>(length, sizeof a.storage_);
    if (address && a.length_ >= sizeof(sa_family_t))
        std::memcpy(&a.storage_, address, a.length_);
    return a;
}

bool Address::from_literal(std::string_view host, uint16_t port, Address& out)
{
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    char text[INET6_ADDRSTRLEN + 1] = {};
    if (host.empty() || host.size() >= sizeof text)
        return false;
    host.copy(text, host.size());
    Address a;
    auto& v4 = as<sockaddr_in>(a.storage_.any);
    auto& v6 = as<sockaddr_in6>(a.storage_.any);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        a.length_ = sizeof v4;
    } else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        a.length_ = sizeof v6;
    } else {
        return false;
    }
    out = a;
    return true;
}

bool Address::from_unix(std::string_view path, Address& out)
{
    Address a;
    if (path.empty() || path.size() >= sizeof a.storage_.un.sun_path)
        return false;
    a.storage_.un.sun_family = AF_UNIX;
    path.copy(a.storage_.un.sun_path, path.size());
    a.length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    out = a;
    return true;
}

Address Address::any(int family, uint16_t port)
{
    Address a;
    from_literal(family == AF_INET6 ? "::" : "0.0.0.0", port, a);
    return a;
}

uint16_t Address::port() const
{
    switch (family()) {
    case AF_INET: return ntohs(as<sockaddr_in>(storage_.any).sin_port);
    case AF_INET6: return ntohs(as<sockaddr_in6>(storage_.any).sin6_port);
    default: return 0;
    }
}

void Address::set_port(uint16_t port)
{
    if (family() == AF_INET)
        as<sockaddr_in>(storage_.any).sin_port = htons(port);
    else if (family() == AF_INET6)
        as<sockaddr_in6>(storage_.any).sin6_port = htons(port);
}

bool Address::is_wildcard() const
{
    std::string_view b = bytes();
    return !b.empty() && std::all_of(b.begin(), b.end(), [](char c) { return c == 0; });
}

std::string_view Address::bytes() const
{
    switch (family()) {
    case AF_INET:
        return {reinterpret_cast<const char*>(&as<sockaddr_in>(storage_.any).sin_addr), 4};
    case AF_INET6:
        return {reinterpret_cast<const char*>(&as<sockaddr_in6>(storage_.any).sin6_addr), 16};
    default: return {};
    }
}

std::string Address::host() const
{
    char text[INET6_ADDRSTRLEN];
    std::string_view b = bytes();
    if (is_unix())
        return this->text();
    if (b.empty() || !inet_ntop(family(), b.data(), text, sizeof text))
        return {};
    return text;
}

std::string Address::text() const
{
    switch (family()) {
    case AF_INET: return fmt::format("{}:{}", host(), port());
    case AF_INET6: return fmt::format("[{}]:{}", host(), port());
    default: {
        size_t at = offsetof(sockaddr_un, sun_path);
        size_t n = length_ > at ? strnlen(storage_.un.sun_path, length_ - at) : 0;
        return fmt::format("unix:{}", std::string_view(storage_.un.sun_path, n));
    }
    }
}

bool Address::operator==(const Address& other) const
{
    if (family() != other.family() || port() != other.port())
        return false;
    if (family() == AF_UNIX)
        return text() == other.text();
    return bytes() == other.bytes();
}

PeerAddress::PeerAddress(const Address& address)
{
    storage_.any.sa_family = static_cast<sa_family_t>(address.family());
    if (!address.is_unix())
        std::memcpy(&storage_, address.get(), std::min<size_t>(sizeof storage_, address.size()));
}

Address PeerAddress::address() const
{
    switch (storage_.any.sa_family) {
    case AF_INET: return Address::from(&storage_.any, sizeof storage_.in);
    case AF_INET6: return Address::from(&storage_.any, sizeof storage_.in6);
    default: return Address::from(&storage_.any, sizeof storage_.any.sa_family);
    }
}

std::string_view PeerAddress::bytes() const
{
    switch (storage_.any.sa_family) {
    case AF_INET: return {reinterpret_cast<const char*>(&storage_.in.sin_addr), 4};
    case AF_INET6: return {reinterpret_cast<const char*>(&storage_.in6.sin6_addr), 16};
    default: return {};
    }
}

Result<std::vector<Address>, std::string> resolve(const std::string& host, uint16_t port)
{
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    int rc = getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (rc != 0)
        return fail(std::string(gai_strerror(rc)));
    std::vector<Address> v4, v6;
    for (addrinfo* at = list; at; at = at->ai_next) {
        Address a = Address::from(at->ai_addr, at->ai_addrlen);
        a.set_port(port);
        auto& to = a.family() == AF_INET6 ? v6 : v4;
        if (std::find(to.begin(), to.end(), a) == to.end())
            to.push_back(a);
    }
    freeaddrinfo(list);
    v4.insert(v4.end(), v6.begin(), v6.end());
    return v4;
}

}  // namespace sluice::os
