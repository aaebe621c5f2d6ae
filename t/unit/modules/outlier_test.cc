// SPDX-License-Identifier: Apache-2.0
// outlier: who is sent to rest, and who is not.
#include "modules/outlier/outlier.h"

#include <gtest/gtest.h>

#include "core/upstream/peer.h"

namespace sluice::outlier {
namespace {

struct Court {
    explicit Court(size_t n, Rules rules) : judge(rules)
    {
        for (size_t i = 0; i < n; ++i) {
            all.push_back(std::make_unique<upstream::Peer>(upstream::PeerSpec{}));
            peers.push_back(all.back().get());
        }
        tick(1000000);
    }
    void tick(int64_t t) { Clock::set(Instant{now = t}, 0); }
    /// A window of 100 tries of one server, so many of them bad.
    void window(size_t i, int bad)
    {
        upstream::Peer& p = *all[i];
        judge.ended(p, 200, ms{1}, peers);  // ends the one before, or begins
        p.state().window_answers = p.state().window_bad = 0;
        for (int k = 0; k < 100; ++k)
            judge.ended(p, k < bad ? (k % 2 ? 503 : 0) : 200, ms{1}, peers);
        tick(now + 10001);
        judge.ended(p, 200, ms{1}, peers);
    }
    bool rests(size_t i) const { return all[i]->resting(Clock::now()); }

    Judge judge;
    std::vector<std::unique_ptr<upstream::Peer>> all;
    std::vector<upstream::Peer*> peers;
    int64_t now = 0;
};

TEST(Outlier, WhoFailsTooOftenRests)
{
    Court court(4, Rules{});
    court.window(0, 49);
    EXPECT_FALSE(court.rests(0));
    court.window(1, 51);
    EXPECT_TRUE(court.rests(1));
    court.tick(court.now + 30001);
    EXPECT_FALSE(court.rests(1));
    court.window(1, 60);
    court.tick(court.now + 45000);
    EXPECT_TRUE(court.rests(1)) << "twice as long";
    court.tick(court.now + 15001);
    EXPECT_FALSE(court.rests(1));
    court.window(1, 0);
    court.window(1, 60);
    court.tick(court.now + 30001);
    EXPECT_FALSE(court.rests(1)) << "a good window: as at first";
}

TEST(Outlier, FewTriesSayNothing)
{
    Court court(4, Rules{});
    court.judge.ended(*court.peers[0], 500, ms{1}, court.peers);
    for (int i = 0; i < 18; ++i)
        court.judge.ended(*court.peers[0], 500, ms{1}, court.peers);
    court.tick(court.now + 10001);
    EXPECT_FALSE(court.rests(0));
}

TEST(Outlier, NotMoreThanPanicAllows)
{
    Court court(5, Rules{});
    for (size_t i = 0; i < 5; ++i)
        court.window(i, 100);
    int away = 0;
    for (size_t i = 0; i < 5; ++i)
        away += court.rests(i);
    EXPECT_EQ(away, 2) << "half of five";
    Court alone(1, Rules{.panic_percent = 100});
    alone.window(0, 100);
    EXPECT_FALSE(alone.rests(0)) << "the last one";
    Court two(2, Rules{.panic_percent = 100});
    two.window(0, 100);
    two.window(1, 100);
    EXPECT_TRUE(two.rests(0));
    EXPECT_FALSE(two.rests(1)) << "the last one";
}

TEST(Outlier, WhoIsSlowRests)
{
    Court court(5, Rules{.slow_factor = 3});
    for (size_t i = 0; i < 5; ++i)
        court.all[i]->state().last_byte_us = 10000;
    court.all[3]->state().last_byte_us = 29000;
    court.all[4]->state().last_byte_us = 31000;
    for (size_t i = 0; i < 5; ++i)
        court.window(i, 0);
    for (size_t i = 0; i < 5; ++i)
        EXPECT_EQ(court.rests(i), i == 4) << i;
    // Without the parameter it does not matter.
    Court other(5, Rules{});
    other.all[4]->state().last_byte_us = 31000;
    other.window(4, 0);
    EXPECT_FALSE(other.rests(4));
}

}  // namespace
}  // namespace sluice::outlier
