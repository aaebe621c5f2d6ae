// SPDX-License-Identifier: Apache-2.0
#include "core/base/bytes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/hash.h"

namespace sluice {
namespace {

TEST(Bytes, Characters)
{
    for (int i = 0; i < 256; ++i) {
        char c = static_cast<char>(i);
        bool upper = i >= 'A' && i <= 'Z', lower = i >= 'a' && i <= 'z';
        EXPECT_EQ(to_lower(c), upper ? static_cast<char>(i + 32) : c) << i;
        EXPECT_EQ(is_alpha(c), upper || lower) << i;
        EXPECT_EQ(is_digit(c), i >= '0' && i <= '9') << i;
    }
    EXPECT_EQ(hex_value('0'), 0);
    EXPECT_EQ(hex_value('9'), 9);
    EXPECT_EQ(hex_value('a'), 10);
    EXPECT_EQ(hex_value('F'), 15);
    for (char c : {'g', 'G', '/', ':', '@', '`', ' ', '\0', '\xff'})
        EXPECT_EQ(hex_value(c), -1) << c;
}

TEST(Bytes, ComparesWithoutCase)
{
    EXPECT_TRUE(iequals("Content-LENGTH", "content-length"));
    EXPECT_FALSE(iequals("abc", "ab"));
    EXPECT_FALSE(iequals("a[", "a{"));  // 0x5b and 0x7b are no letters
    EXPECT_TRUE(iequals("", ""));
    EXPECT_TRUE(istarts_with("HTTP/1.1", "http/"));
    EXPECT_FALSE(istarts_with("HT", "http"));
    EXPECT_EQ(hash_name("Host"), hash_name("hOST"));
    EXPECT_NE(hash_name("Host"), hash_name("Hosu"));
}

TEST(Bytes, Trims)
{
    EXPECT_EQ(trim(" \t a b\t "), "a b");
    EXPECT_EQ(trim(" \t "), "");
    EXPECT_EQ(trim("\r\na"), "\r\na");  // not optional white space
}

TEST(Bytes, Decimals)
{
    EXPECT_EQ(parse_decimal("0"), 0);
    EXPECT_EQ(parse_decimal("0042"), 42);
    EXPECT_EQ(parse_decimal("9223372036854775807"), INT64_MAX);
    for (const char* bad : {"", " 1", "1 ", "+1", "-1", "1,1", "0x1", "9223372036854775808",
                            "99999999999999999999", "18446744073709551617"})
        EXPECT_EQ(parse_decimal(bad), std::nullopt) << bad;
}

TEST(Bytes, Lower)
{
    EXPECT_EQ(lower("AbZ@[`{ 0\xC4"), "abz@[`{ 0\xC4");
    EXPECT_EQ(lower(""), "");
}

std::vector<std::string> elements(std::string_view list)
{
    std::vector<std::string> out;
    std::string_view one;
    while (next_element(list, one))
        out.emplace_back(one);
    return out;
}

TEST(Bytes, ListElements)
{
    using V = std::vector<std::string>;
    EXPECT_EQ(elements("a, b ,\tc"), (V{"a", "b", "c"}));
    EXPECT_EQ(elements(", ,a,, "), (V{"a"}));
    EXPECT_EQ(elements(""), V{});
    EXPECT_EQ(elements(" , "), V{});
    EXPECT_EQ(elements("close"), V{"close"});
}

TEST(Bytes, ListHas)
{
    EXPECT_TRUE(list_has("keep-alive, Close", "close"));
    EXPECT_TRUE(list_has("close", "close"));
    EXPECT_FALSE(list_has("closed, x close", "close"));
    EXPECT_FALSE(list_has("", "close"));
}

TEST(Bytes, Controls)
{
    for (int c = 0; c < 256; ++c)
        EXPECT_EQ(is_control(static_cast<char>(c)), (c < 0x20 && c != '\t') || c == 0x7f) << c;
}

}  // namespace
}  // namespace sluice
