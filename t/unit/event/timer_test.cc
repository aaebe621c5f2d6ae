// SPDX-License-Identifier: Apache-2.0
#include "core/event/timer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace sluice::event {
namespace {

struct Note final : Timer {
    explicit Note(std::vector<int>& fired, int number = 0) : out(&fired), id(number) {}
    std::vector<int>* out;
    int id;
    void (*then)(Note&) = nullptr;
    TimerWheel* wheel = nullptr;
    Note* other = nullptr;
    void expired() override
    {
        out->push_back(id);
        if (then)
            then(*this);
    }
};

struct Wheel : testing::Test {
    std::vector<int> fired;
    TimerWheel wheel{Instant{1000}};
};

TEST_F(Wheel, FiresWhenDueAndNotBefore)
{
    Note a(fired, 1), b(fired, 2);
    EXPECT_EQ(wheel.next(), Instant::never());
    wheel.add(a, {1005});
    wheel.add(b, {1003});
    wheel.advance({1002});
    EXPECT_TRUE(fired.empty());
    wheel.advance({1003});
    EXPECT_EQ(fired, std::vector<int>{2});
    EXPECT_FALSE(b.set());
    wheel.advance({2000});
    EXPECT_EQ(fired, (std::vector<int>{2, 1}));
    EXPECT_EQ(wheel.next(), Instant::never());
}

TEST_F(Wheel, WhatIsAlreadyDueFiresAtTheNextTick)
{
    Note a(fired, 1);
    wheel.add(a, {5});
    EXPECT_EQ(wheel.next(), Instant{1001});
    wheel.advance({1001});
    EXPECT_EQ(fired.size(), 1u);
}

TEST_F(Wheel, OneJumpFiresEverythingInOrder)
{
    std::vector<std::unique_ptr<Note>> all;
    std::vector<int> expected;
    for (int i = 0; i < 300; ++i) {
        all.push_back(std::make_unique<Note>(fired, i));
        expected.push_back(i);
    }
    for (int i = 299; i >= 0; --i)
        wheel.add(*all[static_cast<size_t>(i)], {1001 + i * 977});
    wheel.advance({1000 + 300 * 977});
    EXPECT_EQ(fired, expected);
}

TEST_F(Wheel, FarAwayTimersComeDownLevelByLevel)
{
    constexpr int64_t days_100 = int64_t{100} * 24 * 3600 * 1000;
    constexpr int64_t years_20 = int64_t{20} * 365 * 24 * 3600 * 1000;  // beyond the wheel's reach
    Note near(fired, 1), far(fired, 2), beyond(fired, 3);
    wheel.add(near, {1000 + days_100});
    wheel.add(far, {1001 + days_100});
    wheel.add(beyond, {1000 + years_20});
    int64_t steps = 0;
    for (Instant at = wheel.next(); at != Instant::never(); at = wheel.next(), ++steps) {
        ASSERT_LT(steps, 200) << "next() must leap";
        size_t before = fired.size();
        wheel.advance(at);
        if (fired.size() == before)
            continue;
        int64_t due[] = {1000 + days_100, 1001 + days_100, 1000 + years_20};
        EXPECT_EQ(at.ticks, due[fired.size() - 1]);
    }
    EXPECT_EQ(fired, (std::vector<int>{1, 2, 3}));
}

TEST_F(Wheel, CancelAndAddAgain)
{
    Note a(fired, 1), b(fired, 2);
    wheel.add(a, {1010});
    wheel.add(b, {1010});
    a.cancel();
    a.cancel();
    EXPECT_FALSE(a.set());
    wheel.add(b, {5000});  // moves
    wheel.advance({4999});
    EXPECT_TRUE(fired.empty());
    wheel.advance({5000});
    EXPECT_EQ(fired, std::vector<int>{2});
    {
        Note gone(fired, 3);
        wheel.add(gone, {5001});
    }
    wheel.advance({6000});
    EXPECT_EQ(fired.size(), 1u);
}

TEST_F(Wheel, ExpiredMayAddAndCancel)
{
    Note a(fired, 1), b(fired, 2);
    a.wheel = &wheel;
    a.other = &b;
    wheel.add(a, {1010});
    wheel.add(b, {1010});
    a.then = [](Note& self) {
        self.other->cancel();
        self.then = nullptr;
        self.wheel->add(self, {1011});
    };
    wheel.advance({1011});
    EXPECT_EQ(fired, (std::vector<int>{1, 1}));
}

// Against the plainest structure that does the job.
TEST(WheelProperty, BehavesLikeAMultimap)
{
    std::mt19937_64 random(20261121);
    auto below = [&](int64_t n) {
        return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
    };
    std::vector<int> fired;
    int64_t now = 123456789;
    TimerWheel wheel(Instant{now});
    std::multimap<int64_t, int> model;
    std::vector<std::unique_ptr<Note>> all;
    for (int i = 0; i < 64; ++i)
        all.push_back(std::make_unique<Note>(fired, i));
    auto forget = [&](int id) {
        std::erase_if(model, [id](auto& entry) { return entry.second == id; });
    };
    for (int round = 0; round < 20000; ++round) {
        auto id = static_cast<int>(below(64));
        int64_t kind = below(10);
        if (kind < 5) {
            int64_t due = now + below(int64_t{1} << (1 + below(38)));
            forget(id);
            wheel.add(*all[static_cast<size_t>(id)], {due});
            model.emplace(std::max(due, now + 1), id);
        } else if (kind < 6) {
            forget(id);
            all[static_cast<size_t>(id)]->cancel();
        } else {
            now += below(int64_t{1} << (1 + below(30)));
            fired.clear();
            wheel.advance({now});
            std::vector<int> expected;
            while (!model.empty() && model.begin()->first <= now) {
                expected.push_back(model.begin()->second);
                model.erase(model.begin());
            }
            std::sort(expected.begin(), expected.end());
            std::sort(fired.begin(), fired.end());
            ASSERT_EQ(fired, expected) << "round " << round;
        }
        ASSERT_EQ(wheel.next() == Instant::never(), model.empty());
        if (!model.empty()) {
            ASSERT_LE(wheel.next().ticks, model.begin()->first);
            ASSERT_GT(wheel.next().ticks, now);
        }
    }
}

}  // namespace
}  // namespace sluice::event
