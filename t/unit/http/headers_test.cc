// SPDX-License-Identifier: Apache-2.0
#include "core/http/headers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/base/bytes.h"
#include "core/http/message.h"

namespace sluice::http {
namespace {

TEST(HeaderId, every_name_in_any_case)
{
    for (unsigned i = 1; i < static_cast<unsigned>(HeaderId::count_); ++i) {
        auto id = static_cast<HeaderId>(i);
        std::string name(header_name(id)), upper = name, lower = name;
        std::transform(name.begin(), name.end(), upper.begin(), ::toupper);
        std::transform(name.begin(), name.end(), lower.begin(), to_lower);
        EXPECT_EQ(header_id(name), id) << name;
        EXPECT_EQ(header_id(upper), id) << name;
        EXPECT_EQ(header_id(lower), id) << name;
        for (size_t at = 0; at < name.size(); ++at) {
            // No other byte at any place makes the same name.
            for (int c = 0; c < 256; ++c) {
                std::string other = name;
                other[at] = static_cast<char>(c);
                EXPECT_EQ(header_id(other) == id, iequals(other, name))
                    << name << " " << at << " " << c;
            }
        }
        EXPECT_NE(header_id(name + "x"), id);
        EXPECT_NE(header_id(name.substr(1)), id);
    }
    EXPECT_EQ(header_id(""), HeaderId::other);
    EXPECT_EQ(header_id("X-Whatever"), HeaderId::other);
}

TEST(Headers, add_find_set_remove)
{
    Arena arena;
    Headers h;
    EXPECT_FALSE(h.has(HeaderId::host));
    EXPECT_EQ(h.value(HeaderId::host), "");
    h.add(arena, "Host", "a");
    h.add(arena, "X-A", "1");
    h.add(arena, "Cookie", "1");
    h.add(arena, "x-a", "2");
    h.add(arena, HeaderId::cookie, "2");
    EXPECT_EQ(h.size(), 5u);
    EXPECT_EQ(h.value(HeaderId::host), "a");
    EXPECT_EQ(h.find("X-a")->value, "1");
    EXPECT_EQ(h.find("cookie")->value, "1");
    EXPECT_EQ(h.find("nothing"), nullptr);

    h.set(arena, "x-A", "3");
    EXPECT_EQ(h.size(), 4u);
    EXPECT_EQ(h[1].name, "x-A");
    EXPECT_EQ(h[1].value, "3");
    h.set(arena, HeaderId::cookie, "3");
    EXPECT_EQ(h.size(), 3u);
    h.set(arena, "Date", "now");
    EXPECT_EQ(h[3].id, HeaderId::date);
    EXPECT_EQ(h.remove(HeaderId::host), 1u);
    EXPECT_FALSE(h.has(HeaderId::host));
    EXPECT_TRUE(h.has(HeaderId::cookie));
    EXPECT_EQ(h.remove("X-a"), 1u);
    EXPECT_EQ(h.remove("X-a"), 0u);
    EXPECT_EQ(h.size(), 2u);
    h.truncate(1);
    EXPECT_FALSE(h.has(HeaderId::date));
    EXPECT_EQ(h.begin()->value, "3");
}

TEST(Headers, tokens_over_all_lines)
{
    Arena arena;
    Headers h;
    h.add(arena, "Connection", "a, ,Keep-Alive");
    h.add(arena, "Connection", "close");
    EXPECT_TRUE(has_token(h, HeaderId::connection, "keep-alive"));
    EXPECT_TRUE(has_token(h, HeaderId::connection, "close"));
    EXPECT_FALSE(has_token(h, HeaderId::connection, "keep"));
    EXPECT_FALSE(has_token(h, HeaderId::upgrade, "a"));
}

TEST(Method, names)
{
    for (unsigned i = 1; i <= static_cast<unsigned>(Method::unlock); ++i)
        EXPECT_EQ(method_id(method_name(static_cast<Method>(i))), static_cast<Method>(i));
    EXPECT_EQ(method_id("get"), Method::other);
    EXPECT_EQ(method_id(""), Method::other);
    EXPECT_EQ(method_id("BREW"), Method::other);
}

TEST(Headers, AValueOfVariablesIsOneLine)
{
    Arena arena;
    EXPECT_EQ(one_line(std::string_view("a\r\nb: c\0d", 9), arena), "a  b: c d");
    std::string_view plain = "a\tb";
    EXPECT_EQ(one_line(plain, arena).data(), plain.data());
}

}  // namespace
}  // namespace sluice::http
