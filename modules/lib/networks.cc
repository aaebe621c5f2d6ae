// SPDX-License-Identifier: Apache-2.0
#include "modules/lib/networks.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/os/address.h"

namespace sluice::networks {
namespace {

constexpr std::string_view mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);

// Of byte `i`: the bits that belong to the prefix.
unsigned char mask_of(size_t i, size_t bits)
{
    size_t left = bits > 8 * i ? std::min<size_t>(bits - 8 * i, 8) : 0;
    return static_cast<unsigned char>(0xff00 >> left);
}

unsigned char byte(char c)
{
    return static_cast<unsigned char>(c);
}

}  // namespace

bool Network::contains(std::string_view bytes) const
{
    if (kind != ip)
        return kind == all || bytes.empty();
    if (bytes.size() == 16 && bytes.starts_with(mapped))
        bytes.remove_prefix(mapped.size());
    if (bytes.size() != size)
        return false;
    for (size_t i = 0; i < size; ++i)
        if ((byte(bytes[i]) ^ byte(address[i])) & mask_of(i, bits))
            return false;
    return true;
}

std::optional<Network> parse_network(std::string_view text, bool& low_bits)
{
    low_bits = false;
    if (text == "all")
        return Network{};
    if (text == "unix:")
        return Network{Network::unix_socket};
    size_t slash = text.find('/');
    os::Address literal;
    if (text.starts_with('[') || !os::Address::from_literal(text.substr(0, slash), 0, literal))
        return std::nullopt;
    std::string_view bytes = literal.bytes();
    Network network{Network::ip, static_cast<uint8_t>(bytes.size())};
    std::optional<int64_t> bits = static_cast<int64_t>(8 * bytes.size());
    if (slash != text.npos) {
        int64_t most = *bits;
        bits = parse_decimal(text.substr(slash + 1));
        if (!bits || *bits > most)
            return std::nullopt;
    }
    network.bits = static_cast<uint8_t>(*bits);
    for (size_t i = 0; i < bytes.size(); ++i) {
        unsigned char mask = mask_of(i, network.bits);
        low_bits = low_bits || (byte(bytes[i]) & ~mask & 0xff);
        network.address[i] = static_cast<char>(byte(bytes[i]) & mask);
    }
    return network;
}

}  // namespace sluice::networks
