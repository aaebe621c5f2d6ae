// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>

namespace sluice {
namespace {

struct ClockTest : testing::Test {
    Instant steady = Clock::now();
    int64_t wall = Clock::wall_ms();
    void TearDown() override
    {
        unsetenv("TZ");
        tzset();
        Clock::set(steady, 0);  // another second than the test's
        Clock::log_time();
        Clock::set(steady, wall);
    }
    static void zone(const char* name)
    {
        setenv("TZ", name, 1);
        tzset();
    }
};

std::string http(int64_t seconds)
{
    char out[30];
    format_http_time(seconds, out);
    return out;
}

TEST_F(ClockTest, HttpDates)
{
    EXPECT_EQ(http(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110's example
    EXPECT_EQ(http(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(http(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
    EXPECT_EQ(http(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST_F(ClockTest, ReadsAllThreeForms)
{
    EXPECT_EQ(parse_http_time("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    EXPECT_EQ(parse_http_time("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
    EXPECT_EQ(parse_http_time("Sun Nov  6 08:49:37 1994"), 784111777);
    for (const char* bad : {"", "now", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37 GMT+1",
                            "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:99 GMT"})
        EXPECT_EQ(parse_http_time(bad), -1) << bad;
    EXPECT_EQ(parse_http_time(std::string(1000, '1')), -1);
}

TEST_F(ClockTest, RoundTrips)
{
    for (int64_t t = 1; t < 4102444800; t += 7654321)
        EXPECT_EQ(parse_http_time(http(t)), t);
}

TEST_F(ClockTest, TextsOfTheSecond)
{
    zone("UTC0");
    Clock::set({1}, 784111777123);
    EXPECT_EQ(Clock::wall_seconds(), 784111777);
    EXPECT_EQ(Clock::log_time(), "1994/11/06 08:49:37");
    EXPECT_EQ(Clock::clf_time(), "06/Nov/1994:08:49:37 +0000");
    EXPECT_EQ(Clock::iso_time(), "1994-11-06T08:49:37+00:00");
    EXPECT_EQ(Clock::http_time(), "Sun, 06 Nov 1994 08:49:37 GMT");
    Clock::set({2}, 784111778000);
    EXPECT_EQ(Clock::log_time(), "1994/11/06 08:49:38");
}

TEST_F(ClockTest, LocalTimeIsLocal)
{
    zone("XXX-05:30");  // POSIX: east of Greenwich is negative
    Clock::set({1}, 784111779000);
    EXPECT_EQ(Clock::clf_time(), "06/Nov/1994:14:19:39 +0530");
    EXPECT_EQ(Clock::http_time(), "Sun, 06 Nov 1994 08:49:39 GMT");
    zone("YYY+03:30");
    Clock::set({1}, 784111780000);
    EXPECT_EQ(Clock::iso_time(), "1994-11-06T05:19:40-03:30");
}

TEST_F(ClockTest, Deadlines)
{
    Clock::set({100}, 0);
    EXPECT_EQ(Clock::in(ms{50}), Instant{150});
    EXPECT_LT(Clock::in(ms{1}), Instant::never());
    EXPECT_EQ((Instant{150} - Instant{100}).count(), 50);
}

// Against the C library, over leap years, ends of months and centuries.
TEST(Clock, HttpTimesOfManyDays)
{
    for (int64_t t = -62135596800; t < 253402300800; t += 86400 * 29 + 3607) {
        time_t at = t;
        tm utc{};
        gmtime_r(&at, &utc);
        char wanted[64], out[30];
        strftime(wanted, sizeof wanted, "%a, %d %b", &utc);
        snprintf(wanted + 11, sizeof wanted - 11, " %04d %02d:%02d:%02d GMT", utc.tm_year + 1900,
                 utc.tm_hour, utc.tm_min, utc.tm_sec);
        format_http_time(t, out);
        ASSERT_STREQ(out, wanted) << t;
    }
    char out[30];
    format_http_time(INT64_MAX, out);
    EXPECT_STREQ(out, "Fri, 31 Dec 9999 23:59:59 GMT");
    format_http_time(INT64_MIN, out);
    EXPECT_STREQ(out, "Mon, 01 Jan 0001 00:00:00 GMT");
}

}  // namespace
}  // namespace sluice
