// SPDX-License-Identifier: Apache-2.0
// Buffers of the worker: sizes 1 KiB to 256 KiB in powers of two, recycled per size; those that
// nobody needed for 5 seconds are given back to the system. A Buffer owns its bytes and is a
// window: [begin, end) holds data, [end, capacity) is room. Taking one never fails (out of memory
// aborts); what a request may hold is bounded by those who take.
//
// Slice: a piece of output, memory or a range of an open file. It owns nothing: whoever awaits a
// write keeps the memory until the write has returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace sluice::buf {

class Buffer
{
public:
    static constexpr size_t smallest = 1024, largest = 256 * 1024;

    Buffer() = default;
    /// At least `size` bytes of room (rounded up to a class; beyond `largest` it is malloc's).
    explicit Buffer(size_t size);
    Buffer(Buffer&& other) noexcept { *this = std::move(other); }
    Buffer& operator=(Buffer&& other) noexcept
    {
        std::swap(data_, other.data_);
        std::swap(capacity_, other.capacity_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
        return *this;
    }
    ~Buffer() { release(); }

    explicit operator bool() const { return data_ != nullptr; }
    size_t capacity() const { return capacity_; }
    std::string_view view() const { return {data_ + begin_, end_ - begin_}; }
    size_t size() const { return end_ - begin_; }
    bool empty() const { return begin_ == end_; }

    char* room() { return data_ + end_; }
    size_t room_size() const { return capacity_ - end_; }
    void filled(size_t n) { end_ += n; }
    void consume(size_t n)
    {
        begin_ += n;
        if (begin_ == end_)
            begin_ = end_ = 0;
    }
    void clear() { begin_ = end_ = 0; }
    /// False when there is not enough room: nothing was written.
    bool append(std::string_view s)
    {
        if (s.size() > room_size())
            return false;
        if (!s.empty())
            std::memcpy(room(), s.data(), s.size());
        end_ += s.size();
        return true;
    }

    /// Moves the data to a buffer of at least `size` bytes, at its start.
    void grow(size_t size);
    /// Moves the data to the start of this one.
    void compact();
    /// Room for at least a byte: moves the data to the start, or to a buffer of twice the size.
    void make_room();
    /// Back to the pool: holds nothing.
    void release();

private:
    char* data_ = nullptr;
    size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

struct PoolStats {
    uint64_t allocated = 0;  // buffers malloc made so far: flat after warm-up
    uint64_t in_use = 0;     // bytes handed out now
};
const PoolStats& pool_stats();

struct Slice {
    const char* memory;
    int file;  // or: `size` bytes of this descriptor from `offset`; -1: memory
    int64_t offset;
    size_t size;

    /// Holds nothing that may be looked at: arrays of slices cost nothing until they are filled.
    Slice() {}
    Slice(std::string_view b) : memory(b.data()), file(-1), offset(0), size(b.size()) {}
    static Slice of_file(int fd, int64_t offset, size_t size)
    {
        Slice s{std::string_view()};
        s.file = fd;
        s.offset = offset;
        s.size = size;
        return s;
    }
    std::string_view bytes() const { return {memory, size}; }
    /// Without its first n bytes (n <= size).
    void drop(size_t n)
    {
        if (file >= 0)
            offset += static_cast<int64_t>(n);
        else
            memory += n;
        size -= n;
    }
};

}  // namespace sluice::buf
