// SPDX-License-Identifier: Apache-2.0
#include "core/net/crew.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/base/clock.h"

namespace sluice::net {
namespace {

struct CrewTest : testing::Test {
    Scoreboard board;
    Crew crew{3, 7, board};
    WorkerLine* lines[3];
    void SetUp() override
    {
        for (uint32_t i = 0; i < 3; ++i) {
            lines[i] = board.take(7, i);
            lines[i]->pid = static_cast<int>(1000 + i);
            lines[i]->room.slots.set(10);
        }
    }
    bool rung(size_t worker) const
    {
        uint64_t count = 0;
        return ::read(crew.bell(worker), &count, sizeof count) > 0;
    }
};

TEST_F(CrewTest, TheBatonIsPassedOnceAndRings)
{
    ASSERT_TRUE(crew);
    EXPECT_EQ(crew.holder(), 0u);
    EXPECT_TRUE(crew.pass(0, 2));
    EXPECT_EQ(crew.holder(), 2u);
    EXPECT_TRUE(rung(2));
    EXPECT_FALSE(rung(1));
    EXPECT_FALSE(crew.pass(0, 1)) << "who no longer has it cannot give it";
    EXPECT_EQ(crew.holder(), 2u);
}

TEST_F(CrewTest, TheLeastLoadedThatCanAcceptIsChosen)
{
    lines[1]->connections.active += 5;
    lines[2]->connections.active += 3;
    EXPECT_EQ(crew.least_loaded(0), 2u);
    lines[2]->stopped = true;
    EXPECT_EQ(crew.least_loaded(0), 1u);
    lines[1]->room.slots_used.set(10);
    EXPECT_EQ(crew.least_loaded(0), crew.size());
    lines[2]->stopped = false;
    lines[2]->loop.turn_began.set(static_cast<uint64_t>(Clock::now().ticks - 200));
    EXPECT_EQ(crew.least_loaded(0), crew.size()) << "stuck in a turn";
}

TEST_F(CrewTest, OfEqualsTheNextOneRoundTheCircle)
{
    EXPECT_EQ(crew.least_loaded(0), 1u);
    EXPECT_EQ(crew.least_loaded(1), 2u);
    EXPECT_EQ(crew.least_loaded(2), 0u);
}

TEST_F(CrewTest, WhoIsLostLosesTheBatonAndAllLookAgain)
{
    board.give_back(1000);
    crew.lost(0);
    EXPECT_EQ(crew.holder(), 1u);
    EXPECT_TRUE(rung(0) && rung(1) && rung(2));
}

}  // namespace
}  // namespace sluice::net
