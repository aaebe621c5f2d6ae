// SPDX-License-Identifier: Apache-2.0
// What the three HTTP fuzz targets check with: requirements that abort, and parsing in pieces, each
// from a buffer of exactly its size, so that AddressSanitizer sees any step beyond.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "core/http/message.h"

namespace sluice::http::fuzz {

inline void require(bool x)
{
    if (!x)
        std::abort();
}

/// A copy of its own on the heap.
class Exact
{
public:
    explicit Exact(std::string_view bytes) : data_(new char[bytes.size()]), size_(bytes.size())
    {
        if (size_)
            std::memcpy(data_.get(), bytes.data(), size_);
    }
    std::string_view view() const { return {data_.get(), size_}; }
    bool holds(std::string_view part) const
    {
        return part.empty() ||
               (part.data() >= data_.get() && part.data() + part.size() <= data_.get() + size_);
    }

private:
    std::unique_ptr<char[]> data_;
    size_t size_;
};

/// A place to cut that depends on the bytes alone.
inline size_t place(std::string_view bytes, uint64_t seed)
{
    uint64_t h = 1469598103934665603ull ^ seed;
    for (char c : bytes)
        h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    return bytes.empty() ? 0 : (h >> 20) % bytes.size();
}

inline void check_headers(const Headers& headers, const Exact& input)
{
    for (const Header& header : headers) {
        require(!header.name.empty() && header.id == header_id(header.name) &&
                headers.has(header.id));
        require(input.holds(header.name) && input.holds(header.value));
        require(header.name.find_first_of(" \t\r\n:") == std::string_view::npos);
        require(header.value.find_first_of(std::string_view("\r\n\0", 3)) ==
                std::string_view::npos);
        require(header.value.empty() ||
                (header.value.front() != ' ' && header.value.back() != ' '));
    }
}

inline std::string write_headers(const Headers& headers)
{
    std::string out;
    for (const Header& header : headers)
        out.append(header.name).append(": ").append(header.value).append("\r\n");
    return out;
}

inline std::string write_framing(const Framing& framing)
{
    return std::to_string(framing.kind) + " " + std::to_string(framing.size);
}

}  // namespace sluice::http::fuzz
