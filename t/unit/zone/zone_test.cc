// SPDX-License-Identifier: Apache-2.0
#include "core/zone/zone.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

namespace sluice::zone {
namespace {

const int kind_a = 0, kind_b = 0;
constexpr size_t size = Table::min_memory;

struct Named : Set {
    Log log;
    Zone* make(const char* name, const void* kind, size_t n, const char* shape)
    {
        bool again = false;
        return *declare(name, kind, n, shape, again);
    }
};

TEST(Zones, UsedBeforeOrAfterTheyAreDeclared)
{
    Named zones;
    Zone* used = *zones.use("x", &kind_a);
    EXPECT_EQ(used->size(), 0u);
    bool again = true;
    EXPECT_EQ(*zones.declare("x", &kind_a, size, "$k", again), used);
    EXPECT_FALSE(again);
    EXPECT_EQ(used->size(), size);
    EXPECT_EQ(used->shape(), "$k");
    EXPECT_EQ(*zones.use("x", &kind_a), used);
    ASSERT_TRUE(zones.declare("x", &kind_a, size, "$other", again));
    EXPECT_TRUE(again);
    EXPECT_EQ(used->shape(), "$k");
}

TEST(Zones, ErrorsAreNginxs)
{
    Named zones;
    bool again = false;
    zones.make("x", &kind_a, size, "");
    EXPECT_EQ(zones.use("x", &kind_b).error(),
              "the shared memory zone \"x\" is already declared for a different use");
    EXPECT_EQ(zones.declare("x", &kind_a, 65536, "", again).error(),
              "the size 65536 of shared memory zone \"x\" conflicts with already declared size "
              "32768");
}

TEST(Zones, AReloadKeepsWhatHasTheSameShape)
{
    Named first, next;
    first.make("same", &kind_a, size, "$k");
    first.make("size", &kind_a, size, "$k");
    first.make("kind", &kind_a, size, "$k");
    first.make("key", &kind_a, size, "$k");
    first.make("gone", &kind_a, size, "$k");
    ASSERT_EQ(first.open(nullptr, first.log), "");
    for (const auto& zone : first.all()) {
        Lock lock(*zone);
        ASSERT_TRUE(zone->table().add("a", zone->table().hash("a"), 0, 1, 0));
    }
    auto nodes = [](const Zone* zone) { return zone->table().counts().nodes.get(); };
    Zone* same = next.make("same", &kind_a, size, "$k");
    Zone* new_size = next.make("size", &kind_a, 2 * size, "$k");
    Zone* new_kind = next.make("kind", &kind_b, size, "$k");
    Zone* new_key = next.make("key", &kind_a, size, "$other");
    ASSERT_EQ(next.open(&first, next.log), "");
    EXPECT_EQ(nodes(same), 1u);
    EXPECT_EQ(nodes(new_size), 0u);
    EXPECT_EQ(nodes(new_kind), 0u);
    EXPECT_EQ(nodes(new_key), 0u);
    for (const auto& zone : first.all())
        EXPECT_EQ(nodes(zone.get()), 1u);  // the running one has lost nothing
}

TEST(Zones, MemoryThatThereIsNot)
{
    Named zones;
    zones.make("x", &kind_a, Table::max_memory, "");
    Named more;
    for (int i = 0; i < 4096; ++i)
        more.make(std::to_string(i).c_str(), &kind_a, Table::max_memory, "");
    std::string why = more.open(nullptr, more.log);
    EXPECT_TRUE(why.starts_with("mmap(MAP_ANON|MAP_SHARED, 137438953472) failed (12: ")) << why;
}

// A process that is stopped with the lock keeps it. Who needs it waits once, then no more, until it
// is free again.
TEST(Zones, AStoppedHolderKeepsNobodyElse)
{
    Named zones;
    Zone* zone = zones.make("x", &kind_a, size, "");
    ASSERT_EQ(zones.open(nullptr, zones.log), "");
    int child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        {
            Lock lock(*zone);
            ::raise(SIGSTOP);
            zone->table().add("c", zone->table().hash("c"), 0, 1, 0);
        }
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
    ASSERT_TRUE(WIFSTOPPED(status));
    auto lock_takes = [&](bool& got) {
        auto began = std::chrono::steady_clock::now();
        Lock lock(*zone);
        got = static_cast<bool>(lock);
        return std::chrono::steady_clock::now() - began;
    };
    bool got = true;
    EXPECT_GE(lock_takes(got), Lock::patience);
    EXPECT_FALSE(got);
    auto others = std::chrono::steady_clock::duration{0};
    for (int i = 0; i < 100; ++i) {
        others += lock_takes(got);
        EXPECT_FALSE(got);
    }
    EXPECT_LT(others, Lock::patience);  // all of them
    EXPECT_EQ(zone->table().counts().missed, 101u);
    EXPECT_EQ(zone->table().counts().nodes, 0u);

    ::kill(child, SIGCONT);
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    lock_takes(got);
    EXPECT_TRUE(got);
    EXPECT_EQ(zone->table().counts().nodes, 1u);
    EXPECT_EQ(zone->table().counts().recovered, 0u);
}

}  // namespace
}  // namespace sluice::zone
