// SPDX-License-Identifier: Apache-2.0
#include "modules/sticky/sticky.h"

#include <gtest/gtest.h>

namespace sluice::sticky {
namespace {

using std::chrono::seconds;

TEST(StickyLearn, ASessionEndsWhenNobodyHasUsedItForLong)
{
    Learn::Session session{1, 1000};
    EXPECT_FALSE(session.is_over(1000, seconds(600)));
    EXPECT_FALSE(session.is_over(1599, seconds(600)));
    EXPECT_TRUE(session.is_over(1600, seconds(600)));
    // Another worker, whose turn began later, has just used it.
    EXPECT_FALSE(session.is_over(999, seconds(600)));
}

}  // namespace
}  // namespace sluice::sticky
