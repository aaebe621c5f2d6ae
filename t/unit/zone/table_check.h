// SPDX-License-Identifier: Apache-2.0
// A table of a test, whose values are made of their keys, and what must be true of every table.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "core/base/hash.h"
#include "core/zone/table.h"

namespace sluice::zone {

struct TestTable {
    explicit TestTable(size_t size = Table::min_memory) : TestTable(os::SharedMemory(size)) {}
    explicit TestTable(os::SharedMemory memory) : table(std::move(memory), 42) {}
    static uint64_t value_of(std::string_view key) { return hash_bytes(key, 1); }
    Node* add(std::string_view key, uint32_t owner = 0, uint32_t now = 0)
    {
        return table.add(key, table.hash(key), owner, value_of(key), now);
    }
    Node* find(std::string_view key, uint32_t owner = 0)
    {
        return table.find(key, table.hash(key), owner);
    }

    Table table;
};

/// Order, its ends and the count of nodes agree.
inline void expect_whole(Table& table)
{
    std::set<Node*> seen;
    Node* last = nullptr;
    for (Node* node = table.oldest(); node; node = table.newer(*node)) {
        ASSERT_TRUE(seen.insert(node).second) << "a loop";
        last = node;
    }
    EXPECT_EQ(seen.size(), table.counts().nodes);
    EXPECT_EQ(seen.empty(), last == nullptr);
    EXPECT_GE(table.counts().used.get(), seen.size());
    EXPECT_LE(table.counts().used.get(), table.cells());
}

}  // namespace sluice::zone
