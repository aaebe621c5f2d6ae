// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/limit_req/bucket.h"

namespace sluice::limit_req {
namespace {

TEST(LimitRate, WordsOfRates)
{
    EXPECT_EQ(parse_rate("1r/s")->per_ms, 60);
    EXPECT_EQ(parse_rate("1r/m")->per_ms, 1);
    EXPECT_EQ(parse_rate("60r/m")->per_ms, parse_rate("1r/s")->per_ms);
    for (const char* wrong : {"", "1", "r/s", "0r/s", "-1r/s", "1.5r/s", "1r/h", "1r/", "1 r/s",
                              "99999999999999999999r/s", "9223372036854775807r/s"})
        EXPECT_FALSE(parse_rate(wrong)) << wrong;
}

// Requests at these times, as nginx judges them with these limits.
struct Line {
    Rate rate;
    Tolerance tolerance;
    Bucket bucket{0, 0};

    /// The excess in thousandths, -1: refused.
    int64_t ask(int64_t now)
    {
        Amount excess = bucket.with_one_more(rate, now);
        if (tolerance.refuses(excess))
            return -1;
        bucket.take(excess, now);
        return thousandths(excess);
    }
};

TEST(Bucket, LetsOneOutPerPeriod)
{
    Line line{{60}, {}};  // 1r/s, begun at 0
    EXPECT_EQ(line.ask(0), -1);
    EXPECT_EQ(line.ask(999), -1);
    EXPECT_EQ(line.ask(1000), 0);
    EXPECT_EQ(line.ask(1999), -1);
    EXPECT_EQ(line.ask(100000), 0);
    EXPECT_EQ(line.ask(100000), -1);  // idling earns nothing
}

TEST(Bucket, WhatRefusedIsNotCounted)
{
    Line line{{60}, {}};
    for (int64_t now = 0; now < 1000; now += 10)
        EXPECT_EQ(line.ask(now), -1);
    EXPECT_EQ(line.ask(1000), 0);
}

TEST(Bucket, BurstFillsAndRunsOut)
{
    Line line{{60}, {3 * one, 0}};
    EXPECT_EQ(line.ask(0), 1000);
    EXPECT_EQ(line.ask(0), 2000);
    EXPECT_EQ(line.ask(0), 3000);
    EXPECT_EQ(line.ask(0), -1);
    EXPECT_EQ(line.ask(500), -1);
    EXPECT_EQ(line.ask(1000), 3000);
    EXPECT_EQ(line.ask(2500), 2500);
    EXPECT_EQ(line.ask(20000), 0);  // an idle bucket is empty, never less
}

TEST(Bucket, DelaysAreWhatIsTooMuch)
{
    Tolerance plain{5 * one, 0}, two_at_once{5 * one, 2 * one};
    Tolerance nodelay{5 * one, std::numeric_limits<Amount>::max()};
    Rate ten{600};
    EXPECT_EQ(plain.delay(0, ten), 0);
    EXPECT_EQ(plain.delay(one, ten), 100);
    EXPECT_EQ(plain.delay(3 * one / 2, ten), 150);
    EXPECT_EQ(two_at_once.delay(2 * one, ten), 0);
    EXPECT_EQ(two_at_once.delay(3 * one, ten), 100);
    EXPECT_EQ(nodelay.delay(5 * one, ten), 0);
}

TEST(Bucket, NothingIsLostHoweverOftenItIsAsked)
{
    // A thousandth of a request is 60 ms of 1r/m: rounding each step would lose them all.
    Line line{{1}, {one, 0}};
    line.bucket = {0, one};
    int let_in = 0;
    for (int64_t now = 1; now <= 600000; ++now)
        let_in += line.ask(now) >= 0;
    EXPECT_EQ(let_in, 10);
}

TEST(Bucket, ClocksOfWorkersDiffer)
{
    Line line{{60}, {5 * one, 0}};
    EXPECT_EQ(line.ask(1000), 0);
    EXPECT_EQ(line.ask(990), 1000);  // an older clock: no time has passed, and none comes back
    EXPECT_EQ(line.bucket.last_ms, 1000);
    EXPECT_EQ(line.ask(2000), 1000);
}

TEST(Bucket, LargeNumbersDoNotOverflow)
{
    Line line{*parse_rate("70000000000000r/s"), {most_requests * one, 0}};
    line.bucket = {0, most_requests * one};
    EXPECT_EQ(line.bucket.with_one_more(line.rate, INT64_MAX), 0);
    EXPECT_FALSE(line.tolerance.refuses(line.bucket.with_one_more({1}, INT64_MIN + 1) - one));
    EXPECT_TRUE(line.tolerance.refuses(line.bucket.with_one_more({1}, 0)));
}

TEST(Bucket, LogsShowThousandthsRoundedUp)
{
    EXPECT_EQ(thousandths(0), 0);
    EXPECT_EQ(thousandths(1), 1);
    EXPECT_EQ(thousandths(60), 1);
    EXPECT_EQ(thousandths(one), 1000);
}

TEST(Bucket, IsEmptyWhenAllIsOut)
{
    Bucket bucket{1000, 2 * one};
    EXPECT_FALSE(bucket.is_empty({60}, 2999));
    EXPECT_TRUE(bucket.is_empty({60}, 3001));
    EXPECT_FALSE(bucket.is_empty({60}, 0));
}

}  // namespace
}  // namespace sluice::limit_req
