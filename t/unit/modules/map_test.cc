// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/map/table.h"

namespace sluice::map {
namespace {

size_t find(const Table& table, std::string_view text, bool hostnames = true)
{
    http::Captures captures;
    return table.find(text, hostnames, captures).entry;
}

TEST(MapTable, TextsMasksRegexes)
{
    Table table;
    EXPECT_TRUE(table.add_exact("One", 1));
    EXPECT_FALSE(table.add_exact("one", 2));
    EXPECT_EQ(table.add_mask("*.b.test", 3), true);
    EXPECT_EQ(table.add_mask(".a.test", 4), true);
    EXPECT_EQ(table.add_mask("mail.*", 5), true);
    EXPECT_EQ(table.add_mask("*.deep.b.test", 6), true);
    EXPECT_EQ(table.add_mask("*.b.test", 7), false);
    for (std::string_view wrong : {"a*.test", "*.a.*", "a..b", "*", "."})
        EXPECT_EQ(table.add_mask(wrong, 8), std::nullopt) << wrong;
    table.add_regex(*http::Regex::compile("^x(\\d)", false), 9);

    EXPECT_EQ(find(table, "ONE"), 1u);
    EXPECT_EQ(find(table, "y.b.test"), 3u);
    EXPECT_EQ(find(table, "y.deep.b.test"), 6u);
    EXPECT_EQ(find(table, "b.test"), Table::none);
    EXPECT_EQ(find(table, "a.test"), 4u);
    EXPECT_EQ(find(table, "w.a.test."), 4u);
    EXPECT_EQ(find(table, "mail.org"), 5u);
    EXPECT_EQ(find(table, "x1"), 9u);
    EXPECT_EQ(find(table, "X1"), Table::none);
    EXPECT_EQ(find(table, std::string(300, 'q')), Table::none);
    http::Captures captures;
    EXPECT_EQ(table.find("x7", false, captures).regex, 0u);
    EXPECT_EQ(captures.get(1), "7");
}

}  // namespace
}  // namespace sluice::map
