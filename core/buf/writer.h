// SPDX-License-Identifier: Apache-2.0
// Writer: appends text to a Buffer that grows with it. Nobody computes a length beforehand; made
// for heads, where many short pieces follow each other.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "core/buf/pool.h"

namespace sluice::buf {

class Writer
{
public:
    explicit Writer(Buffer& b) : b_(b) {}

    Writer& operator<<(std::string_view s)
    {
        char* to = room(s.size());
        put(to, s);
        b_.filled(s.size());
        return *this;
    }
    Writer& operator<<(uint64_t n)
    {
        fmt::format_int text(n);
        return *this << std::string_view(text.data(), text.size());
    }
    /// "Name: value\r\n"
    void field(std::string_view name, std::string_view value)
    {
        size_t size = name.size() + value.size() + 4;
        char* to = room(size);
        to = put(to, name);
        *to++ = ':';
        *to++ = ' ';
        to = put(to, value);
        *to++ = '\r';
        *to++ = '\n';
        b_.filled(size);
    }

private:
    char* room(size_t n)
    {
        if (b_.room_size() < n)
            b_.grow(std::max(b_.capacity() * 2, b_.size() + n));
        return b_.room();
    }
    static char* put(char* to, std::string_view s)
    {
        if (!s.empty())
            std::memcpy(to, s.data(), s.size());
        return to + s.size();
    }
    Buffer& b_;
};

}  // namespace sluice::buf
