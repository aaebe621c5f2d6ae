// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "core/buf/pool.h"

namespace sluice::buf {
namespace {

TEST(Buffer, IsAWindow)
{
    Buffer b(1000);
    EXPECT_EQ(b.capacity(), 1024u);
    EXPECT_TRUE(b.empty());
    EXPECT_TRUE(b.append("hello world"));
    b.consume(6);
    EXPECT_EQ(b.view(), "world");
    EXPECT_EQ(b.room_size(), 1024u - 11);
    b.compact();
    EXPECT_EQ(b.view(), "world");
    EXPECT_EQ(b.room_size(), 1024u - 5);
    b.consume(5);  // empty: the whole room is back
    EXPECT_EQ(b.room_size(), 1024u);
}

TEST(Buffer, AppendIsAllOrNothing)
{
    Buffer b(1024);
    EXPECT_FALSE(b.append(std::string(1025, 'x')));
    EXPECT_TRUE(b.empty());
    EXPECT_TRUE(b.append(std::string(1024, 'x')));
    EXPECT_TRUE(b.append(""));
    EXPECT_FALSE(b.append("y"));
    EXPECT_EQ(b.size(), 1024u);
}

TEST(Buffer, GrowsAndKeepsItsData)
{
    Buffer b(1024);
    b.append("0123456789");
    b.consume(3);
    b.grow(5000);
    EXPECT_EQ(b.capacity(), 8192u);
    EXPECT_EQ(b.view(), "3456789");
    b.append(std::string(8000, 'z'));
    b.grow(1);  // never loses what it holds
    EXPECT_EQ(b.size(), 8007u);
    EXPECT_EQ(b.view().substr(0, 7), "3456789");
}

TEST(Buffer, RoundsUpToAClass)
{
    EXPECT_EQ(Buffer(1).capacity(), 1024u);
    EXPECT_EQ(Buffer(1025).capacity(), 2048u);
    EXPECT_EQ(Buffer(256 * 1024).capacity(), 256u * 1024);
    EXPECT_EQ(Buffer(256 * 1024 + 1).capacity(), 256u * 1024 + 1);
}

TEST(Buffer, MovesAndGivesBack)
{
    uint64_t before = pool_stats().in_use;
    {
        Buffer a(4096);
        a.append("abc");
        Buffer b = std::move(a);
        EXPECT_FALSE(a);
        EXPECT_EQ(b.view(), "abc");
        EXPECT_EQ(pool_stats().in_use, before + 4096);
        b.release();
        EXPECT_FALSE(b);
        b.release();
        EXPECT_EQ(b.size(), 0u);
        EXPECT_EQ(b.room_size(), 0u);
    }
    EXPECT_EQ(pool_stats().in_use, before);
}

#ifndef __SANITIZE_ADDRESS__
TEST(Buffer, IsRecycled)
{
    {
        Buffer warm(2048);
    }
    uint64_t made = pool_stats().allocated;
    for (int i = 0; i < 100; ++i)
        Buffer b(2000);
    EXPECT_EQ(pool_stats().allocated, made);
}
#endif

TEST(Slice, IsMemoryOrFile)
{
    Slice text(std::string_view("abc"));
    EXPECT_EQ(text.size, 3u);
    EXPECT_LT(text.file, 0);
    Slice file = Slice::of_file(7, 100, 50);
    EXPECT_EQ(file.file, 7);
    EXPECT_EQ(file.offset, 100);
    EXPECT_EQ(file.size, 50u);
}

}  // namespace
}  // namespace sluice::buf
