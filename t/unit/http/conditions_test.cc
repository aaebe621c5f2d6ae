// SPDX-License-Identifier: Apache-2.0
#include "core/http/conditions.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(Conditions, EntityTags)
{
    constexpr std::string_view etag = "\"a-1\"";
    EXPECT_TRUE(matches_etag("*", etag, true));
    EXPECT_TRUE(matches_etag("\"a-1\"", etag, false));
    EXPECT_TRUE(matches_etag("\"x\" , \"a-1\"", etag, false));
    EXPECT_TRUE(matches_etag("W/\"a-1\"", etag, true));
    EXPECT_FALSE(matches_etag("W/\"a-1\"", etag, false));
    EXPECT_FALSE(matches_etag("\"a-12\"", etag, true));
    EXPECT_FALSE(matches_etag("\"a-1\"x", etag, true));
    EXPECT_FALSE(matches_etag("\"x\"", {}, true));
}

constexpr int64_t modified = 1000000000;  // Sun, 09 Sep 2001 01:46:40 GMT

int status(std::vector<std::pair<std::string_view, std::string_view>> fields,
           IfModified rule = IfModified::exact)
{
    Arena arena;
    Headers headers;
    for (auto [name, value] : fields)
        headers.add(arena, name, value);
    return check_conditions(headers, rule, modified, "\"a-1\"");
}

TEST(Conditions, Table)
{
    constexpr std::string_view same = "Sun, 09 Sep 2001 01:46:40 GMT",
                               later = "Sun, 09 Sep 2001 01:46:41 GMT",
                               earlier = "Sun, 09 Sep 2001 01:46:39 GMT";
    EXPECT_EQ(status({}), 200);
    EXPECT_EQ(status({{"If-Modified-Since", same}}), 304);
    EXPECT_EQ(status({{"If-Modified-Since", later}}), 200);
    EXPECT_EQ(status({{"If-Modified-Since", later}}, IfModified::before), 304);
    EXPECT_EQ(status({{"If-Modified-Since", earlier}}, IfModified::before), 200);
    EXPECT_EQ(status({{"If-Modified-Since", same}}, IfModified::off), 200);
    EXPECT_EQ(status({{"If-Modified-Since", "yesterday"}}), 200);
    EXPECT_EQ(status({{"If-None-Match", "\"a-1\""}}), 304);
    EXPECT_EQ(status({{"If-None-Match", "\"x\""}}), 200);
    EXPECT_EQ(status({{"If-None-Match", "\"x\""}, {"If-Modified-Since", same}}), 200);
    EXPECT_EQ(status({{"If-Match", "\"x\""}}), 412);
    EXPECT_EQ(status({{"If-Match", "\"a-1\""}}), 200);
    EXPECT_EQ(status({{"If-Unmodified-Since", earlier}}), 412);
    EXPECT_EQ(status({{"If-Unmodified-Since", same}}), 200);
}

// What nginx 1.22 says of `return 200 text`.
TEST(Conditions, WithoutTimeAndTag)
{
    auto bare = [](std::string_view name, std::string_view value) {
        Arena arena;
        Headers headers;
        headers.add(arena, name, value);
        return check_conditions(headers, IfModified::exact, -1, {});
    };
    constexpr std::string_view late = "Sun, 09 Sep 2090 01:46:40 GMT";
    EXPECT_EQ(bare("If-Match", "*"), 200);
    EXPECT_EQ(bare("If-Match", "\"a\""), 412);
    EXPECT_EQ(bare("If-Unmodified-Since", late), 412);
    EXPECT_EQ(bare("If-Modified-Since", late), 200);
    EXPECT_EQ(bare("If-Modified-Since", "never"), 200);
    EXPECT_EQ(bare("If-None-Match", "*"), 304);
    EXPECT_EQ(bare("If-None-Match", "\"a\""), 200);
}

}  // namespace
}  // namespace sluice::http
