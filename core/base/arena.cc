// SPDX-License-Identifier: Apache-2.0
#include "core/base/arena.h"

#include <cstdlib>

#include "core/base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#define SLUICE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_ASAN 1
#endif
#endif

namespace sluice {
namespace {

void* must_malloc(size_t n)
{
    void* p = std::malloc(n);
    SLUICE_CHECK(p);
    return p;
}

#ifndef SLUICE_ASAN
// Blocks of ended requests, at most 4 MiB of them, wait here for the next ones.
struct Spare {
    Spare* next;
};
Spare* spare = nullptr;
size_t spares = 0;
constexpr size_t max_spares = 1024;
#endif

void* take_block()
{
#ifndef SLUICE_ASAN
    if (spare) {
        Spare* p = spare;
        spare = p->next;
        --spares;
        return p;
    }
#endif
    return must_malloc(Arena::block_size);
}

void give_block(void* p)
{
#ifndef SLUICE_ASAN
    if (spares < max_spares) {
        spare = new (p) Spare{spare};
        ++spares;
        return;
    }
#endif
    std::free(p);
}

}  // namespace

void* Arena::alloc_more(size_t n, size_t align)
{
    auto aligned = [align](char* p) {
        return reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(p) + align - 1) & ~(align - 1));
    };
#ifdef SLUICE_ASAN
    constexpr size_t large_from = 0;  // every piece its own allocation, so that overruns are seen
#else
    constexpr size_t large_from = block_size / 2;
#endif
    if (n >= large_from) {
        constexpr size_t head = alignof(std::max_align_t);
        static_assert(sizeof(Block) <= head);
        auto* block = new (must_malloc(head + n + align)) Block{large_};
        large_ = block;
        return aligned(reinterpret_cast<char*>(block) + head);
    }
    auto* block = new (take_block()) Block{blocks_};
    blocks_ = block;
    end_ = reinterpret_cast<char*>(block) + block_size;
    char* p = aligned(reinterpret_cast<char*>(block + 1));
    at_ = p + n;
    return p;
}

void Arena::clear()
{
    while (Cleanup* c = cleanups_) {
        cleanups_ = c->next;
        c->run(c->object);
    }
    for (Block* b = blocks_; b;) {
        Block* next = b->next;
        give_block(b);
        b = next;
    }
    for (Block* b = large_; b;) {
        Block* next = b->next;
        std::free(b);
        b = next;
    }
    at_ = end_ = nullptr;
    blocks_ = large_ = nullptr;
}

FrameArena::~FrameArena()
{
    for (Free*& list : free_)
        while (list) {
            Free* frame = list;
            list = frame->next;
            std::free(reinterpret_cast<char*>(frame) - sizeof(Header));
        }
}

void* FrameArena::take(size_t n)
{
    size_t index = (n + step - 1) / step;
    ++live_;
    if (index < classes && free_[index]) {
        Free* frame = free_[index];
        free_[index] = frame->next;
        return frame;
    }
    ++made_;
    size_t size = index < classes ? index * step : n;
    auto* header = new (must_malloc(sizeof(Header) + size)) Header{this, index};
    return header + 1;
}

void FrameArena::give(void* frame)
{
    Header* header = static_cast<Header*>(frame) - 1;
    FrameArena& arena = *header->owner;
    --arena.live_;
#ifdef SLUICE_ASAN
    std::free(header);
#else
    if (header->index >= classes) {
        std::free(header);
        return;
    }
    arena.free_[header->index] = new (frame) Free{arena.free_[header->index]};
#endif
}

}  // namespace sluice
