// SPDX-License-Identifier: Apache-2.0
#include "core/base/pace.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Pace, ASecondsWorthAtOnceThenEvenly)
{
    Pace pace;
    EXPECT_FALSE(pace.limits());
    ms wait{0};
    EXPECT_EQ(pace.allowance(1u << 30, 5000, Instant{0}, wait), 5000u);
    pace.start(1000, 0, Instant{50});
    EXPECT_TRUE(pace.limits());
    EXPECT_EQ(pace.allowance(0, 400, Instant{50}, wait), 400u);
    EXPECT_EQ(pace.allowance(400, 5000, Instant{50}, wait), 600u);
    EXPECT_EQ(pace.allowance(1000, 5000, Instant{50}, wait), 0u);
    EXPECT_EQ(wait, ms{251});  // for a quarter of a second's worth
    EXPECT_EQ(pace.allowance(1000, 5000, Instant{50} + wait, wait), 251u);
    EXPECT_EQ(pace.allowance(1000, 10, Instant{50}, wait), 0u);
    EXPECT_EQ(wait, ms{11});  // for the little that is left
}

TEST(Pace, WhatDoesNotCount)
{
    Pace pace;
    ms wait{0};
    pace.start(10, 100000, Instant{0});
    EXPECT_EQ(pace.allowance(0, 200000, Instant{0}, wait), 100010u);
    EXPECT_EQ(pace.allowance(100010, 200000, Instant{0}, wait), 0u);
    EXPECT_GT(wait, ms{0});
    pace.start(10, UINT64_MAX, Instant{0});
    EXPECT_EQ(pace.allowance(UINT64_MAX / 2, 7, Instant{0}, wait), 7u);
}

// Rates that nobody reaches limit nothing, whatever the clock says.
TEST(Pace, RatesBeyondMeasure)
{
    Pace pace;
    ms wait{0};
    for (uint64_t rate : {UINT64_MAX, UINT64_MAX / 1000, UINT64_MAX / 2000}) {
        pace.start(rate, 0, Instant{0});
        EXPECT_EQ(pace.allowance(1000, 77, Instant{3600000}, wait), 77u) << rate;
    }
    pace.start(1, 0, Instant{0});
    EXPECT_EQ(pace.allowance(UINT64_MAX / 2, 10, Instant{0}, wait), 0u);
    EXPECT_LE(wait, ms{3601000});
}

}  // namespace
}  // namespace sluice
