// SPDX-License-Identifier: Apache-2.0
// What workers share of peers: over reloads, and when one of them is killed at any instruction.
#include "core/upstream/board.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/upstream/groups.h"

namespace sluice::upstream {
namespace {

PeerSpec spec(int n)
{
    PeerSpec s;
    os::Address::from_literal("127.0.0." + std::to_string(n), 80, s.address);
    return s;
}

struct Configuration {
    explicit Configuration(std::initializer_list<int> peers, const std::string& name = "app")
    {
        Group* group = groups.define(name);
        for (int n : peers)
            group->add(spec(n));
    }
    Peer& operator[](size_t i) { return *groups.all()[0]->peers()[i]; }
    Groups groups;
};

TEST(Board, AReloadKeepsWhatIsKnownOfPeersThatStay)
{
    Configuration before({1, 2, 3}), after({4, 3, 1, 1}), other({1}, "other");
    ASSERT_EQ(before.groups.open(nullptr), "");
    before.groups.begin(0, 100);
    for (size_t i = 0; i < 3; ++i)
        before[i].state().fails = static_cast<uint32_t>(i + 1);
    ASSERT_EQ(after.groups.open(&before.groups), "");
    after.groups.begin(1, 101);
    EXPECT_EQ(after[0].state().fails, 0u);
    EXPECT_EQ(after[1].state().fails, 3u);
    EXPECT_EQ(after[2].state().fails, 1u);
    EXPECT_EQ(after[3].state().fails, 0u) << "the second one of the same address is another";
    ASSERT_EQ(other.groups.open(&after.groups), "");
    other.groups.begin(2, 102);
    EXPECT_EQ(other[0].state().fails, 0u) << "of another group";
    // Workers of both go on together.
    before[2].take();
    EXPECT_EQ(after[1].in_use(), 1u);
    EXPECT_EQ(after.groups.board().sum(after[1]).in_use, 1u);
    before[2].leave();
    EXPECT_EQ(after[1].in_use(), 0u);
}

TEST(Board, AStateThatOutlivesItsConfiguration)
{
    auto first = std::make_unique<Configuration>(std::initializer_list<int>{1});
    ASSERT_EQ(first->groups.open(nullptr), "");
    auto second = std::make_unique<Configuration>(std::initializer_list<int>{1, 2});
    ASSERT_EQ(second->groups.open(&first->groups), "");
    first.reset();
    second->groups.begin(0, 100);
    (*second)[0].state().fails = 7;
    Configuration third({1});
    ASSERT_EQ(third.groups.open(&second->groups), "");
    second.reset();
    third.groups.begin(1, 101);
    EXPECT_EQ(third[0].state().fails, 7u);
}

TEST(Board, PeersThatAreFoundWhileServing)
{
    Configuration a({1});
    ASSERT_EQ(a.groups.open(nullptr), "");
    a.groups.begin(0, 100);
    Group* dynamic = a.groups.dynamic("127.0.0.9:80", 80, nullptr);
    ASSERT_NE(dynamic, nullptr);
    dynamic->peers()[0]->state().fails = 5;
    Configuration b({1});
    ASSERT_EQ(b.groups.open(&a.groups), "");
    b.groups.begin(1, 101);
    EXPECT_EQ(b.groups.dynamic("127.0.0.9:80", 80, nullptr)->peers()[0]->state().fails, 5u);
    // Behind the last spare one a worker knows for itself.
    Board board;
    ASSERT_EQ(board.open(nullptr, {}), "");
    board.begin(0, 100);
    for (uint64_t key = 1; key <= Board::spares; ++key) {
        Peer peer(spec(1));
        peer.key = key * 2654435761u;
        board.adopt(peer);
        peer.take();
    }
    Peer one_more(spec(1));
    one_more.key = 12345;
    board.adopt(one_more);
    EXPECT_EQ(one_more.in_use(), 0u);
    EXPECT_EQ(board.sum(one_more).in_use, 0u);
}

TEST(Board, WhatAKilledWorkerHeldIsGivenBack)
{
    Configuration c({1, 2});
    ASSERT_EQ(c.groups.open(nullptr), "");
    auto worker = [&](size_t line, auto work) {
        pid_t pid = ::fork();
        if (pid == 0) {
            c.groups.begin(line, ::getpid());
            work();
            ::_exit(0);
        }
        return pid;
    };
    auto end = [&](pid_t pid) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        c.groups.forget(pid);
    };
    auto change = [&] {
        for (;;) {
            c[0].take();
            c[1].take();
            c[0].leave();
            c[1].leave();
        }
    };
    pid_t steady = worker(1, [&] {
        c[0].take();
        for (;;) {
            c[1].take();
            c[1].leave();
        }
    });
    c.groups.begin(0, ::getpid());
    while (c[0].in_use() == 0)
        ::usleep(100);
    for (int round = 0; round < 80; ++round) {
        pid_t pid = worker(2 + static_cast<size_t>(round) % 3, change);
        ::usleep(static_cast<unsigned>(round * 37 % 1500));
        end(pid);
        ASSERT_EQ(c[0].in_use(), 1u) << round;
        ASSERT_LE(c[1].in_use(), 1u) << round;
    }
    end(steady);
    EXPECT_EQ(c[0].in_use(), 0u);
    EXPECT_EQ(c[1].in_use(), 0u);
    EXPECT_EQ(c.groups.board().sum(c[0]).in_use, 0u);
}

TEST(Board, MaxConnsHoldsWhoeverDecidesAtTheSameMoment)
{
    constexpr uint32_t most = 2;
    constexpr int workers = 4;
    Groups groups;
    PeerSpec limited = spec(1);
    limited.max_conns = most;
    groups.define("app")->add(limited);
    ASSERT_EQ(groups.open(nullptr), "");
    os::SharedMemory memory(sizeof(std::atomic<uint32_t>) * 3);
    auto* inside = static_cast<std::atomic<uint32_t>*>(memory.data());
    auto &too_many = inside[1], &got = inside[2];
    std::vector<pid_t> pids;
    for (size_t line = 0; line < workers; ++line) {
        pids.push_back(::fork());
        if (pids.back() != 0)
            continue;
        groups.begin(line, ::getpid());
        Peer& peer = *groups.all()[0]->peers()[0];
        for (int i = 0; i < 100'000; ++i) {
            Seat seat;
            if (!seat.take(peer))
                continue;
            too_many += ++inside[0] > most;
            ++got;
            if (i % 64 == 0)
                ::sched_yield();  // others come while we are here
            --inside[0];
        }
        ::_exit(0);
    }
    for (pid_t pid : pids)
        ::waitpid(pid, nullptr, 0);
    EXPECT_EQ(too_many, 0u);
    EXPECT_GT(got, 1000u);
    groups.begin(workers, ::getpid());
    EXPECT_EQ(groups.all()[0]->peers()[0]->in_use(), 0u);
    Seat a, b, c;
    Peer& peer = *groups.all()[0]->peers()[0];
    EXPECT_TRUE(a.take(peer) && b.take(peer)) << "all places are free again";
    EXPECT_FALSE(c.take(peer));
}

TEST(Board, PlacesOfAWorkerThatIsKilledWhileItTakesThem)
{
    Groups groups;
    PeerSpec limited = spec(1);
    limited.max_conns = 3;
    groups.define("app")->add(limited);
    ASSERT_EQ(groups.open(nullptr), "");
    Peer& peer = *groups.all()[0]->peers()[0];
    for (int round = 0; round < 60; ++round) {
        pid_t pid = ::fork();
        if (pid == 0) {
            groups.begin(static_cast<size_t>(round) % 3, ::getpid());
            for (;;) {
                Seat a, b, c, d;
                a.take(peer);
                b.take(peer);
                c.take(peer);
                d.take(peer);
            }
        }
        ::usleep(static_cast<unsigned>(round * 37 % 1500));
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        groups.forget(pid);
    }
    groups.begin(5, ::getpid());
    EXPECT_EQ(peer.in_use(), 0u);
}

TEST(Board, ResultsOfProbesOfPeersThatAreFoundWhileServing)
{
    Board board;
    std::vector<CheckSpec> checks{{7, true, false}};
    ASSERT_EQ(board.open(nullptr, {}, true), "");
    board.begin(0, 100);
    Peer a(spec(1)), again(spec(1)), other(spec(2));
    a.key = again.key = 11;
    other.key = 11 + Board::health_spares;  // the same place, were it free
    board.adopt_health(a, checks);
    ASSERT_NE(a.health, nullptr);
    EXPECT_TRUE(a.unhealthy()) << "mandatory";
    a.health->out = 0;
    board.adopt_health(again, checks);
    EXPECT_EQ(again.health, a.health);
    EXPECT_FALSE(again.unhealthy()) << "what is known stays";
    board.adopt_health(other, checks);
    EXPECT_NE(other.health, a.health);
    // All places are taken; then one is given away that nobody has looked after for long.
    Clock::set(Instant{5'000'000}, 0);
    for (uint64_t key = 1000; key < 1000 + Board::health_spares; ++key) {
        Peer peer(spec(3));
        peer.key = key;
        board.adopt_health(peer, checks);
        ASSERT_NE(peer.health, nullptr);
        peer.health->checks[0].due = 5'000'000;
    }
    Peer late(spec(4));
    late.key = 99;
    board.adopt_health(late, checks);
    EXPECT_EQ(late.health, nullptr);
    Clock::set(Instant{5'700'000}, 0);
    board.adopt_health(late, checks);
    EXPECT_NE(late.health, nullptr);
    EXPECT_TRUE(late.unhealthy());
}

TEST(Board, OneOfAllWorkersAsksWhoHasRested)
{
    Configuration c({1, 2});
    ASSERT_EQ(c.groups.open(nullptr), "");
    c.groups.begin(0, 100);
    Configuration d({1, 2});
    ASSERT_EQ(d.groups.open(&c.groups), "");
    d.groups.begin(1, 101);
    Clock::set(Instant{1'000'000}, 0);
    auto* first = c.groups.find("app");
    auto* second = d.groups.find("app");
    first->failed(c[0]);
    Clock::set(Instant{1'005'000}, 0);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(first->pick(nullptr, {}), &c[1]);
        EXPECT_EQ(second->pick(nullptr, {}), &d[1]) << "the other worker knows it too";
    }
    Clock::set(Instant{1'010'001}, 0);  // fail_timeout is over
    int asked = 0;
    for (int i = 0; i < 5; ++i)
        asked += (first->pick(nullptr, {}) == &c[0]) + (second->pick(nullptr, {}) == &d[0]);
    EXPECT_EQ(asked, 1);
    second->succeeded(d[0], ms{1}, ms{1});
    EXPECT_EQ(c[0].state().fails, 0u) << "checked after the failure, and good";
}

TEST(Board, TheLastOneThatLivesIsAskedAllTheSame)
{
    Configuration c({1, 2, 3});
    ASSERT_EQ(c.groups.open(nullptr), "");
    c.groups.begin(0, 100);
    Clock::set(Instant{1'000'000}, 0);
    Group* group = c.groups.find("app");
    group->failed(c[2]);
    Clock::set(Instant{1'000'001}, 0);
    group->failed(c[0]);
    group->failed(c[1]);
    EXPECT_EQ(group->pick(nullptr, {}), &c[2]) << "it failed longest ago";
    Peer* tried[] = {&c[2]};
    EXPECT_EQ(group->pick(nullptr, tried), nullptr) << "once for a request";
}

}  // namespace
}  // namespace sluice::upstream
