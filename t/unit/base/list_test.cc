// SPDX-License-Identifier: Apache-2.0
#include "core/base/list.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sluice {
namespace {

struct Other;
struct Item : ListHook<>, ListHook<Other> {
    explicit Item(char letter) : name(letter) {}
    char name;
};

struct ListTest : testing::Test {
    List<Item> list;
    Item a{'a'}, b{'b'}, c{'c'};

    template <class L>
    static std::string text(L& l)
    {
        std::string out;
        l.each([&](Item& item) { out += item.name; });
        return out;
    }
};

TEST_F(ListTest, KeepsOrder)
{
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(list.pop_front(), nullptr);
    list.push_back(b);
    list.push_back(c);
    list.push_front(a);
    EXPECT_EQ(text(list), "abc");
    EXPECT_EQ(list.size(), 3u);
    EXPECT_EQ(list.front().name, 'a');
    EXPECT_EQ(list.back().name, 'c');
    EXPECT_EQ(list.pop_front(), &a);
    EXPECT_EQ(text(list), "bc");
}

TEST_F(ListTest, UnlinksAnywhereAndTwice)
{
    list.push_back(a);
    list.push_back(b);
    list.push_back(c);
    b.ListHook<>::unlink();
    b.ListHook<>::unlink();
    EXPECT_FALSE(b.ListHook<>::linked());
    EXPECT_EQ(text(list), "ac");
    list.push_back(b);
    EXPECT_EQ(text(list), "acb");
}

TEST_F(ListTest, AnItemThatDiesLeaves)
{
    auto d = std::make_unique<Item>('d');
    list.push_back(a);
    list.push_back(*d);
    d.reset();
    EXPECT_EQ(text(list), "a");
}

TEST_F(ListTest, AListThatDiesFreesItsItems)
{
    {
        List<Item> shorter;
        shorter.push_back(a);
    }
    EXPECT_FALSE(a.ListHook<>::linked());
    list.push_back(a);
    EXPECT_EQ(text(list), "a");
}

TEST_F(ListTest, OneItemInTwoLists)
{
    List<Item, Other> others;
    list.push_back(a);
    others.push_back(a);
    others.push_back(b);
    a.ListHook<>::unlink();
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(text(others), "ab");
}

TEST_F(ListTest, EachMayUnlinkItsItem)
{
    list.push_back(a);
    list.push_back(b);
    list.push_back(c);
    std::string seen;
    list.each([&](Item& item) {
        seen += item.name;
        static_cast<ListHook<>&>(item).unlink();
    });
    EXPECT_EQ(seen, "abc");
    EXPECT_TRUE(list.empty());
}

TEST_F(ListTest, SplicesBehind)
{
    List<Item> more;
    list.push_back(a);
    more.push_back(b);
    more.push_back(c);
    list.splice_back(more);
    EXPECT_TRUE(more.empty());
    EXPECT_EQ(text(list), "abc");
}

}  // namespace
}  // namespace sluice
