// SPDX-License-Identifier: Apache-2.0
// CRC-32 of IEEE 802.3, a byte at a time: for what has to agree with others on it.
//     uint32_t c = crc32(crc32_begin, "ab"); c = crc32(c, "cd"); c = crc32_end(c);
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice {

namespace detail {
constexpr std::array<uint32_t, 256> crc32_table()
{
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; ++bit)
            c = (c >> 1) ^ ((c & 1) ? 0xEDB88320u : 0);
        table[i] = c;
    }
    return table;
}
inline constexpr std::array<uint32_t, 256> crc32_of_byte = crc32_table();
}  // namespace detail

constexpr uint32_t crc32_begin = 0xFFFFFFFFu;

constexpr uint32_t crc32(uint32_t c, std::string_view bytes)
{
    for (char b : bytes)
        c = detail::crc32_of_byte[(c ^ static_cast<unsigned char>(b)) & 0xFF] ^ (c >> 8);
    return c;
}
constexpr uint32_t crc32_end(uint32_t c)
{
    return ~c;
}
static_assert(crc32_end(crc32(crc32_begin, "123456789")) == 0xCBF43926u);

}  // namespace sluice
