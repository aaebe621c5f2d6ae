// SPDX-License-Identifier: Apache-2.0
// Hashing of byte views (xxHash). Not for anything that faces an attacker without a seed.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"

namespace sluice {

inline uint64_t hash_bytes(std::string_view s, uint64_t seed = 0)
{
    return XXH3_64bits_withSeed(s.data(), s.size(), seed);
}

/// Same for names that differ in ASCII case only.
inline uint64_t hash_name(std::string_view s)
{
    uint64_t h = 1469598103934665603ull;  // FNV-1a: header names are short
    for (char c : s)
        h = (h ^ static_cast<unsigned char>(to_lower(c))) * 1099511628211ull;
    return h;
}

/// For unordered containers with std::string keys and string_view look-ups.
struct ViewHash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const { return hash_bytes(s); }
};

}  // namespace sluice
