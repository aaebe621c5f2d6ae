// SPDX-License-Identifier: Apache-2.0
#include "core/zone/table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "t/unit/zone/table_check.h"

namespace sluice::zone {
namespace {

TEST(Table, FindsWhatWasAddedByAllOfItsKey)
{
    TestTable t;
    for (size_t size : {0, 1, 4, 15, 16, 17, 68, 69, 255, 4096}) {
        std::string key(size, 'k');
        ASSERT_TRUE(t.add(key));
        ASSERT_TRUE(t.find(key));
        if (size == 0)
            continue;
        key.back() = 'x';
        EXPECT_FALSE(t.find(key)) << size;
    }
    expect_whole(t.table);
}

TEST(Table, ValuesAndOwners)
{
    TestTable t;
    struct Count {
        uint32_t n;
    };
    uint32_t h = t.table.hash("a");
    t.table.add("a", h, 1, Count{5}, 0);
    t.table.add("a", h, 2, Count{7}, 0);
    EXPECT_EQ(t.table.find("a", h, 0), nullptr);
    EXPECT_EQ(t.table.find("a", h, 2)->value<Count>().n, 7u);
    uint32_t sum = 0;
    t.table.each("a", h, [&](Node& node) { sum += node.value<Count>().n; });
    EXPECT_EQ(sum, 12u);
    EXPECT_EQ(t.table.drop_owner(1), 1u);
    EXPECT_EQ(t.table.drop_owner(1), 0u);
    EXPECT_EQ(t.table.find("a", h, 1), nullptr);
    EXPECT_NE(t.table.find("a", h, 2), nullptr);
    EXPECT_EQ(t.table.counts().nodes, 1u);
}

TEST(Table, FromTheOldestToTheNewest)
{
    TestTable t;
    for (const char* key : {"a", "b", "c"})
        t.add(key);
    t.table.touch(*t.find("a"), 2);
    t.table.touch(*t.find("a"), 3);  // is the newest already
    EXPECT_EQ(t.table.oldest(), t.find("b"));
    EXPECT_EQ(t.table.newer(*t.find("b")), t.find("c"));
    EXPECT_EQ(t.table.newer(*t.find("c")), t.find("a"));
    EXPECT_EQ(t.table.newer(*t.find("a")), nullptr);
}

TEST(Table, FullMeansEveryCellAndRefusesWhole)
{
    TestTable t;
    size_t n = 0;
    while (t.add(std::to_string(n)))
        ++n;
    EXPECT_EQ(n, t.table.cells());
    EXPECT_EQ(t.table.counts().used, n);
    EXPECT_EQ(t.table.counts().refused, 1u);
    t.table.remove(*t.find("0"));
    EXPECT_FALSE(t.add(std::string(17, 'x')));  // would take two
    EXPECT_TRUE(t.add("x"));
    EXPECT_FALSE(t.table.has_room(1));
    expect_whole(t.table);
}

TEST(Table, AKeyMayBeAsLongAsItIsAllowed)
{
    TestTable t(size_t{1} << 20);
    EXPECT_TRUE(t.add(std::string(Table::max_key, 'a')));
    EXPECT_FALSE(t.add(std::string(Table::max_key + 1, 'a')));
    EXPECT_TRUE(t.find(std::string(Table::max_key, 'a')));
    TestTable small;
    EXPECT_FALSE(small.add(std::string(Table::max_key, 'a')));
    EXPECT_EQ(small.table.counts().used, 0u);
}

TEST(Table, AMegabyteHoldsFifteenThousandAddresses)
{
    TestTable t(size_t{1} << 20);
    EXPECT_GE(t.table.cells(), 15000u);  // nginx: 16 thousand of IPv4, 8 of IPv6
}

TEST(Table, DoesWhatAMapDoes)
{
    TestTable t;
    std::map<std::string, uint64_t> model;
    std::mt19937 random(7);
    for (int i = 0; i < 20000; ++i) {
        std::string key(1 + random() % 90, static_cast<char>('a' + random() % 8));
        Node* node = t.find(key);
        ASSERT_EQ(node != nullptr, model.count(key) == 1);
        if (node) {
            ASSERT_EQ(node->value<uint64_t>(), t.value_of(key));
        }
        switch (random() % 3) {
        case 0:
            if (!node && t.add(key))
                model[key] = 1;
            break;
        case 1:
            if (node) {
                t.table.remove(*node);
                model.erase(key);
            }
            break;
        default:
            if (node)
                t.table.touch(*node, static_cast<uint32_t>(i));
        }
        if (i % 1000 == 0) {
            t.table.recover();  // without need, it changes nothing
            expect_whole(t.table);
        }
    }
    EXPECT_EQ(t.table.counts().nodes, model.size());
    while (Node* node = t.table.oldest())
        t.table.remove(*node);
    EXPECT_EQ(t.table.counts().used, 0u);
}

TEST(Table, RecoveryKeepsTheOrder)
{
    TestTable t;
    uint32_t now = 0;
    for (const char* key : {"c", "a", "b"})
        t.table.add(key, t.table.hash(key), 0, uint64_t{1}, ++now);
    t.table.touch(*t.find("c"), ++now);
    Table::Recovered found = t.table.recover();
    EXPECT_EQ(found.kept, 3u);
    EXPECT_EQ(found.lost, 0u);
    EXPECT_EQ(t.table.oldest(), t.find("a"));
    EXPECT_EQ(t.table.newer(*t.find("b")), t.find("c"));
}

TEST(Table, WhatStandsBehindAPrefixIsFoundByIt)
{
    TestTable t;
    for (size_t prefix_size : {1, 16, 17, 32, 70})
        for (size_t size : {0, 1, 52, 500}) {
            std::string prefix(prefix_size, 'p'), data(size, 'd');
            uint32_t h = t.table.hash(prefix);
            Node* node = t.table.add(prefix + data, h, 0, uint64_t{size}, 0);
            ASSERT_NE(node, nullptr);
            EXPECT_EQ(t.table.find_prefix(prefix, h), node);
            EXPECT_EQ(t.table.key_of(*node), prefix + data);
            EXPECT_EQ(t.table.key_of(*node, prefix_size), data);
            std::string other = prefix;
            other.back() = 'x';
            EXPECT_EQ(t.table.find_prefix(other, h), nullptr);
            EXPECT_EQ(t.table.find_prefix(prefix + data + "x", h), nullptr);
            t.table.recover();
            EXPECT_EQ(t.table.find_prefix(prefix, h), node);
            t.table.remove(*node);
            EXPECT_EQ(t.table.find_prefix(prefix, h), nullptr);
        }
    expect_whole(t.table);
}

}  // namespace
}  // namespace sluice::zone
