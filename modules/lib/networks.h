// SPDX-License-Identifier: Apache-2.0
// Networks as configurations write them: `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`, `unix:`,
// `all`. Addresses are what os::PeerAddress::bytes() has: 4 or 16 bytes in network order, none for
// a unix socket. An IPv4 address within IPv6 (::ffff:192.0.2.1) is the IPv4 address.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace sluice::networks {

struct Network {
    enum Kind : uint8_t { all, unix_socket, ip } kind = all;
    uint8_t size = 0;  // of its addresses, in bytes
    uint8_t bits = 0;  // that must be the same
    std::array<char, 16> address{};
    bool contains(std::string_view bytes) const;
};

/// Null: it is none. `low_bits`: bits behind the prefix were set; they are cleared.
std::optional<Network> parse_network(std::string_view text, bool& low_bits);

}  // namespace sluice::networks
