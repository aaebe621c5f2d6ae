// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/headers/expires.h"

namespace sluice::headers {
namespace {

constexpr int64_t now = 1000000000;  // Sun, 09 Sep 2001 01:46:40 GMT

std::string fields(std::string_view text, bool modified = false, int64_t last_modified = -1)
{
    ExpiresRule rule;
    std::string_view why;
    if (!parse_expires(text, modified, rule, why))
        return std::string(why);
    Arena arena;
    ExpiresFields out;
    if (!make_expires(rule, now, last_modified, arena, out))
        return "none";
    return std::string(out.expires) + " | " + std::string(out.cache_control);
}

TEST(Expires, Table)
{
    EXPECT_EQ(fields("off"), "none");
    EXPECT_EQ(fields("epoch"), "Thu, 01 Jan 1970 00:00:01 GMT | no-cache");
    EXPECT_EQ(fields("max"), "Thu, 31 Dec 2037 23:55:55 GMT | max-age=315360000");
    EXPECT_EQ(fields("1h"), "Sun, 09 Sep 2001 02:46:40 GMT | max-age=3600");
    EXPECT_EQ(fields("+1h"), "Sun, 09 Sep 2001 02:46:40 GMT | max-age=3600");
    EXPECT_EQ(fields("-1"), "Sun, 09 Sep 2001 01:46:39 GMT | no-cache");
    EXPECT_EQ(fields("0"), "Sun, 09 Sep 2001 01:46:40 GMT | max-age=0");
    EXPECT_EQ(fields("1h", true, now - 1800), "Sun, 09 Sep 2001 02:16:40 GMT | max-age=1800");
    EXPECT_EQ(fields("1h", true, now - 7200), "Sun, 09 Sep 2001 00:46:40 GMT | no-cache");
    EXPECT_EQ(fields("soon"), "invalid value");
    EXPECT_EQ(fields("@25h"), "daily time value must be less than 24 hours");
    EXPECT_EQ(fields("@1h", true), "daily time cannot be used with \"modified\" parameter");
}

TEST(Expires, DailyIsWithinADay)
{
    ExpiresRule rule;
    std::string_view why;
    ASSERT_TRUE(parse_expires("@15h30m", false, rule, why));
    EXPECT_EQ(rule.kind, ExpiresRule::daily);
    EXPECT_EQ(rule.seconds, 15 * 3600 + 30 * 60);
}

}  // namespace
}  // namespace sluice::headers
