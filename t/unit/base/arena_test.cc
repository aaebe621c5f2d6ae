// SPDX-License-Identifier: Apache-2.0
#include "core/base/arena.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

TEST(Arena, DestroysInReverseOrder)
{
    std::string order;
    struct Note {
        std::string& out;
        char name;
        ~Note() { out += name; }
    };
    Arena arena;
    arena.make<Note>(order, 'a');
    arena.make<Note>(order, 'b');
    arena.clear();
    EXPECT_EQ(order, "ba");
}

TEST(Arena, AlignsAndKeepsWhatItCopied)
{
    Arena arena;
    arena.chars(3);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.alloc(8, 64)) % 64, 0u);
    std::string big(10000, 'x');
    auto kept = arena.copy(big);
    big.assign(10000, 'y');
    EXPECT_EQ(kept, std::string(10000, 'x'));
    EXPECT_EQ(arena.concat("a", kept.substr(0, 2), "b"), "axxb");
}

TEST(FrameArena, RecyclesBySizeClass)
{
    FrameArena frames;
    for (int i = 0; i < 100; ++i) {
        void* a = frames.take(100);
        void* b = frames.take(5000);
        FrameArena::give(a);
        FrameArena::give(b);
    }
    EXPECT_EQ(frames.live(), 0u);
#ifndef __SANITIZE_ADDRESS__
    EXPECT_EQ(frames.made(), 101u);  // one recycled frame; the large ones are malloc's
#endif
}

}  // namespace
}  // namespace sluice
