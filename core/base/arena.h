// SPDX-License-Identifier: Apache-2.0
// Arena: memory with the life of one request or connection. Bump allocation in 4 KiB blocks that
// are recycled per worker; larger pieces come from malloc and go with the rest. Objects made with
// make<T>() are destroyed in reverse order by clear(). FrameArena: recycling store of coroutine
// frames by size class, so that a long stream does not grow. Neither is thread-safe: a worker has
// one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sluice {

class Arena
{
public:
    static constexpr size_t block_size = 4096;

    Arena() = default;
    ~Arena() { clear(); }
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    /// Uninitialised; never null (out of memory aborts: there is no way to serve on).
    void* alloc(size_t n, size_t align = alignof(void*))
    {
        auto at = (reinterpret_cast<uintptr_t>(at_) + align - 1) & ~(align - 1);
        if (at + n >= reinterpret_cast<uintptr_t>(end_))  // also when there is no block yet
            return alloc_more(n, align);
        at_ = reinterpret_cast<char*>(at + n);
        return reinterpret_cast<char*>(at);
    }
    char* chars(size_t n) { return static_cast<char*>(alloc(n, 1)); }

    std::string_view copy(std::string_view s)
    {
        if (s.empty())
            return {};
        char* p = chars(s.size());
        std::memcpy(p, s.data(), s.size());
        return {p, s.size()};
    }

    template <class... S>
    std::string_view concat(const S&... part)
    {
        std::string_view parts[] = {part...};
        size_t n = 0;
        for (auto s : parts)
            n += s.size();
        char* p = chars(n);
        size_t at = 0;
        for (auto s : parts) {
            if (!s.empty())
                std::memcpy(p + at, s.data(), s.size());
            at += s.size();
        }
        return {p, n};
    }

    template <class T, class... A>
    T* make(A&&... a)
    {
        if constexpr (std::is_trivially_destructible_v<T>) {
            return new (alloc(sizeof(T), alignof(T))) T{std::forward<A>(a)...};
        } else {
            auto* cleanup = static_cast<Cleanup*>(alloc(sizeof(Cleanup)));
            T* object = new (alloc(sizeof(T), alignof(T))) T{std::forward<A>(a)...};
            *cleanup = {[](void* p) { static_cast<T*>(p)->~T(); }, object, cleanups_};
            cleanups_ = cleanup;
            return object;
        }
    }

    /// Destroys what make() made and gives all memory back. The arena is as new.
    void clear();

    /// Nothing was handed out since the last clear().
    bool empty() const { return !blocks_ && !large_; }

private:
    void* alloc_more(size_t n, size_t align);
    struct Block {
        Block* next;
    };
    struct Cleanup {
        void (*run)(void*);
        void* object;
        Cleanup* next;
    };

    char* at_ = nullptr;
    char* end_ = nullptr;
    Block* blocks_ = nullptr;
    Block* large_ = nullptr;
    Cleanup* cleanups_ = nullptr;
};

/// An append-only array in an arena: growing leaves the old copy to the arena.
template <class T>
class ArenaVector
{
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

public:
    T& push(Arena& arena, const T& value)
    {
        if (size_ == capacity_) {
            size_t capacity = capacity_ ? capacity_ * 2 : 8;
            T* data = static_cast<T*>(arena.alloc(capacity * sizeof(T), alignof(T)));
            if (size_)
                std::memcpy(static_cast<void*>(data), data_, size_ * sizeof(T));
            data_ = data;
            capacity_ = static_cast<uint32_t>(capacity);
        }
        return *new (data_ + size_++) T(value);
    }
    void clear() { size_ = 0; }
    void reset() { *this = ArenaVector(); }
    void pop_back() { --size_; }
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T* begin() { return data_; }
    T* end() { return data_ + size_; }
    const T* begin() const { return data_; }
    const T* end() const { return data_ + size_; }
    T& operator[](size_t i) { return data_[i]; }
    const T& operator[](size_t i) const { return data_[i]; }
    T& back() { return data_[size_ - 1]; }

private:
    T* data_ = nullptr;
    uint32_t size_ = 0;
    uint32_t capacity_ = 0;
};

class FrameArena
{
public:
    FrameArena() = default;
    ~FrameArena();
    FrameArena(const FrameArena&) = delete;
    FrameArena& operator=(const FrameArena&) = delete;

    void* take(size_t n);
    /// A frame goes back to the arena that it came from (its header knows).
    static void give(void* frame);

    size_t live() const { return live_; }
    /// Frames that malloc had to make: flat after warm-up.
    size_t made() const { return made_; }

private:
    static constexpr size_t step = 16, classes = 128;  // up to 2 KiB; larger frames are malloc's
    struct Header {
        FrameArena* owner;
        size_t index;
    };
    struct Free {
        Free* next;
    };
    Free* free_[classes] = {};
    size_t live_ = 0;
    size_t made_ = 0;
};

}  // namespace sluice
