// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/http/ranges.h"

namespace sluice::http {
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

}  // namespace
}  // namespace sluice::http
