// SPDX-License-Identifier: Apache-2.0
// ArenaText: text that grows by appending, in an arena. Nothing is measured first; growing leaves
// the old copy to the arena, so that start with about the size you expect.
#pragma once

#include <cstring>
#include <string_view>

#include "core/base/arena.h"

namespace sluice {

class ArenaText
{
public:
    explicit ArenaText(Arena& arena, size_t room = 128)
        : arena_(arena), data_(arena.chars(room)), room_(room)
    {
    }

    void append(std::string_view s)
    {
        if (s.empty())
            return;
        if (s.size() > room_ - size_)
            grow(s.size());
        std::memcpy(data_ + size_, s.data(), s.size());
        size_ += s.size();
    }
    void push_back(char c) { append({&c, 1}); }
    std::string_view view() const { return {data_, size_}; }
    size_t size() const { return size_; }
    /// Cuts it to the first n bytes.
    void truncate(size_t n) { size_ = n < size_ ? n : size_; }
    char back() const { return data_[size_ - 1]; }

private:
    void grow(size_t more)
    {
        size_t room = room_ * 2 > size_ + more ? room_ * 2 : size_ + more;
        char* data = arena_.chars(room);
        std::memcpy(data, data_, size_);
        data_ = data;
        room_ = room;
    }

    Arena& arena_;
    char* data_;
    size_t room_, size_ = 0;
};

}  // namespace sluice
