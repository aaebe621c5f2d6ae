// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/static/conditions.h"
#include "modules/static/ranges.h"

namespace sluice::static_ {
namespace {

std::string ranges(std::string_view value, int64_t size = 10, size_t max = SIZE_MAX)
{
    Arena arena;
    ArenaVector<Range> found;
    switch (parse_ranges(value, size, max, arena, found)) {
    case RangeVerdict::whole: return "whole";
    case RangeVerdict::unsatisfiable: return "416";
    default: break;
    }
    std::string text;
    for (const Range& r : found)
        text +=
            (text.empty() ? "" : ",") + std::to_string(r.begin) + "-" + std::to_string(r.end - 1);
    return text;
}

// The verdicts of nginx 1.22 for a file of ten bytes.
TEST(Ranges, Table)
{
    const std::pair<std::string_view, std::string_view> table[] = {
        {"bytes=0-1", "0-1"},
        {"bytes=5-", "5-9"},
        {"bytes=-3", "7-9"},
        {"bytes=0-0,2-3", "0-0,2-3"},
        {"bytes=20-", "416"},
        {"bytes=-0", "416"},
        {"bytes=9-100", "9-9"},
        {"bytes=abc", "416"},
        {"bytes=3-1", "416"},
        {"bytes=0-9", "0-9"},
        {"bytes=0-", "0-9"},
        {"bytes=0-5,2-9,0-3", "whole"},
        {"bytes= 0-1 , 3-4 ", "0-1,3-4"},
        {"bytes=-100", "0-9"},
        {"bytes=20-30,1-2", "1-2"},
        {"items=0-1", "whole"},
        {"BYTES=0-1", "0-1"},
        {"bytes=", "whole"},
        {"bytes=-", "416"},
        {"bytes=1", "416"},
        {"bytes=99999999999999999999-", "416"},
        {"bytes=0-99999999999999999999", "416"},
        {"bytes=0-1,", "416"},
        {"bytes=1-2-3", "416"},
        {"bytes=0 - 1", "0-1"},
        {"bytes=- 3", "416"},
        {"bytes=3-1,0-0", "0-0"},
    };
    for (const auto& [value, verdict] : table)
        EXPECT_EQ(ranges(value), verdict) << value;
    EXPECT_EQ(ranges("bytes=0-1", 0), "whole");
    EXPECT_EQ(ranges("bytes=50-", 0), "416");
    EXPECT_EQ(ranges("bytes=0-1", 10, 0), "whole");
    EXPECT_EQ(ranges("bytes=0-1,3-4", 10, 1), "whole");
}

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
    http::Headers headers;
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

}  // namespace
}  // namespace sluice::static_
