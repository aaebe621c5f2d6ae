// SPDX-License-Identifier: Apache-2.0
#include "core/event/loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/os/signals.h"
#include "core/os/socket.h"
#include "core/os/sys.h"

namespace sluice::event {
namespace {

struct Owner {
    FrameArena arena;
    FrameArena& frames() { return arena; }
};

struct LoopTest : testing::Test {
    Loop loop{8};
    Owner owner;
    CancelScope cancel;
    Scope scope;  // dropped first

    void turns(int n)
    {
        while (n-- > 0)
            loop.turn(Clock::in(ms{1}));
    }
    void pair(Watch& a, os::Fd& b)
    {
        os::Fd x;
        ASSERT_TRUE(os::socket_pair(x, b));
        ASSERT_EQ(a.open(std::move(x), Watch::duplex()), Watch::none);
    }
};

Task<void> read_some(Owner& o, Watch& w, Deadline d, std::string& out)
{
    Wait why = co_await w.readable(d);
    if (why == Wait::timeout) {
        out += "timeout";
        co_return;
    }
    if (why == Wait::canceled) {
        out += "canceled";
        co_return;
    }
    char buffer[16];
    os::Io io = os::recv(w.fd(), buffer, sizeof buffer);
    out.append(buffer, static_cast<size_t>(io.n));
}

TEST_F(LoopTest, ReadsWhenReadable)
{
    Watch w;
    os::Fd peer;
    pair(w, peer);
    std::string out;
    scope.start(read_some(owner, w, Deadline::never(), out), &cancel);
    turns(2);
    EXPECT_EQ(out, "");
    ASSERT_EQ(::write(peer.get(), "hello", 5), 5);
    turns(2);
    EXPECT_EQ(out, "hello");
    EXPECT_TRUE(scope.empty());
}

TEST_F(LoopTest, WaitsEndAtTheirDeadlineOrWhenAsked)
{
    Watch a, b;
    os::Fd pa, pb;
    pair(a, pa);
    pair(b, pb);
    std::string out_a, out_b;
    scope.start(read_some(owner, a, Clock::in(ms{5}), out_a), &cancel);
    CancelScope other;
    scope.start(read_some(owner, b, Clock::in(ms{5000}), out_b), &other);
    Instant begin = Clock::now();
    while (out_a.empty())
        loop.turn();
    EXPECT_EQ(out_a, "timeout");
    EXPECT_GE((Clock::now() - begin).count(), 5);
    other.ask();
    turns(1);
    EXPECT_EQ(out_b, "canceled");
    EXPECT_TRUE(scope.empty());
}

// An event that was fetched before its descriptor was closed must not reach the next owner of the
// slot.
TEST_F(LoopTest, DropsStaleEvents)
{
    struct Counting : Watch {
        int seen = 0;
        void on_events(uint32_t) override { ++seen; }
    };
    Counting first, heir;
    struct Closer : Watch {
        Watch* victim = nullptr;
        Watch* next = nullptr;
        void on_events(uint32_t) override
        {
            victim->close();
            os::Fd x, y;
            os::socket_pair(x, y);
            next->open(std::move(x), duplex());
        }
    } closer;
    closer.victim = &first;
    closer.next = &heir;
    os::Fd peer, closer_peer;
    pair(closer, closer_peer);
    pair(first, peer);
    epoll_event batch[2]{};
    batch[0].events = batch[1].events = EPOLLIN;
    batch[0].data.u64 = closer.event_data();
    batch[1].data.u64 = first.event_data();

    loop.dispatch(batch, 2);  // the first event closes `first` and gives its slot to `heir`

    EXPECT_EQ(heir.event_data() & ~uint64_t{1}, batch[1].data.u64 & ~uint64_t{1})
        << "not the same slot";
    EXPECT_EQ(first.seen, 0);
    EXPECT_EQ(heir.seen, 0);
    EXPECT_EQ(loop.stats().stale, 1u);
    heir.close();
    loop.dispatch(batch + 1, 1);  // and a slot that nobody has
    EXPECT_EQ(loop.stats().stale, 2u);
}

TEST_F(LoopTest, SlotsAreBounded)
{
    std::vector<std::unique_ptr<Watch>> all;
    std::vector<os::Fd> peers(9);
    for (int i = 0; i < 9; ++i) {
        os::Fd x;
        ASSERT_TRUE(os::socket_pair(x, peers[static_cast<size_t>(i)]));
        all.push_back(std::make_unique<Watch>());
        EXPECT_EQ(all.back()->open(std::move(x), Watch::duplex()),
                  i < 8 ? Watch::none : Watch::no_slot);
    }
    all.pop_back();
    all.pop_back();
    EXPECT_EQ(loop.free_slots(), 1u);
}

TEST_F(LoopTest, UnregistersBeforeItCloses)
{
    Watch w;
    os::Fd peer;
    pair(w, peer);
    os::Fd survivor(::dup(w.fd()));  // what a child that inherited it would hold
    w.close();
    ASSERT_EQ(::write(peer.get(), "x", 1), 1);
    uint64_t events = loop.stats().events;
    turns(3);
    EXPECT_EQ(loop.stats().events, events);
}

struct UnregisteredTest : LoopTest {
    Watch w;
    os::Fd peer;
    uint64_t calls = 0;

    void SetUp() override
    {
        os::Fd x;
        ASSERT_TRUE(os::socket_pair(x, peer));
        calls = os::counters.epoll_ctl;
        ASSERT_EQ(w.open_unregistered(std::move(x)), Watch::none);
    }
    uint64_t made() const { return os::counters.epoll_ctl - calls; }
};

TEST_F(UnregisteredTest, ShortLivesNeedNoEpollAtAll)
{
    EXPECT_TRUE(w.can_read());
    EXPECT_TRUE(w.can_write());
    EXPECT_EQ(loop.free_slots(), 7u);
    w.close();
    EXPECT_EQ(made(), 0u);
    EXPECT_EQ(loop.free_slots(), 8u);
    os::sleep_ms(3 * static_cast<int>(Watch::unregistered_time.count()));
    turns(3);  // nobody looks for it
    EXPECT_EQ(made(), 0u);
}

TEST_F(UnregisteredTest, TheFirstWaitRegistersAndNothingIsMissed)
{
    ASSERT_EQ(::write(peer.get(), "early", 5), 5);
    w.drained();  // as a read that came before it
    std::string out;
    scope.start(read_some(owner, w, Deadline::never(), out), &cancel);
    EXPECT_TRUE(w.registered());
    EXPECT_EQ(made(), 1u);
    turns(2);
    EXPECT_EQ(out, "early");
    w.close();
    EXPECT_EQ(made(), 2u);
}

TEST_F(UnregisteredTest, WhoLeavesIsNoticedSoon)
{
    bool left = false;
    w.set_hook({[](void* told) { *static_cast<bool*>(told) = true; }, &left});
    peer.close();
    Instant begin = Clock::now();
    while (!left && Clock::now() - begin < ms{5000})
        loop.turn(Clock::in(ms{5}));
    EXPECT_TRUE(left);
    EXPECT_TRUE(w.hung_up());
    EXPECT_EQ(made(), 1u);
}

TEST_F(UnregisteredTest, WhatEpollDoesNotTakeEndsItsWaits)
{
    w.drained();
    std::string out;
    os::Fd gone(::dup(w.fd()));
    ::close(w.fd());  // EBADF, in place of the ENOSPC of fs.epoll.max_user_watches
    scope.start(read_some(owner, w, Deadline::never(), out), &cancel);
    turns(2);
    EXPECT_EQ(out, "canceled");
    EXPECT_TRUE(w.broken());
    EXPECT_FALSE(w.registered());
    ASSERT_EQ(::dup2(gone.get(), w.fd()), w.fd());
}

TEST_F(LoopTest, OneTimerServesBothSides)
{
    Watch w;
    os::Fd peer;
    pair(w, peer);
    turns(1);
    std::string reader, leaver;
    scope.start(read_some(owner, w, Clock::in(ms{40}), reader), &cancel);
    struct Leaving {
        static Task<void> run(Owner& o, Watch& w, Deadline d, std::string& out)
        {
            Wait why = co_await w.hang_up(d);
            out = why == Wait::timeout ? "timeout" : "other";
        }
    };
    scope.start(Leaving::run(owner, w, Clock::in(ms{5}), leaver), &cancel);
    Instant begin = Clock::now();
    while (leaver.empty())
        loop.turn();
    EXPECT_LT((Clock::now() - begin).count(), 40);
    EXPECT_EQ(reader, "");
    while (reader.empty())
        loop.turn();
    EXPECT_EQ(leaver + " " + reader, "timeout timeout");
    EXPECT_GE((Clock::now() - begin).count(), 40);
}

Task<int> slow(Owner& o, int ms_, int value)
{
    Wait w = co_await sleep(ms{ms_});
    co_return w == Wait::canceled ? -1 : value;
}

// No coroutines: they have nothing to wait for.
Task<int> seven(Owner&)
{
    return 7;
}

Task<void> nothing(Owner&)
{
    return {};
}

Task<void> await_ended(Owner& o, std::vector<int>& out)
{
    int n = co_await seven(o);
    out.push_back(n);
    co_await nothing(o);
    auto [a, b] = co_await both(seven(o), seven(o));
    out.push_back(a + b);
    auto won = co_await race(seven(o), seven(o));
    out.push_back(won.first);
}

TEST(Task, MayHaveEndedBeforeItIsAwaited)
{
    Owner owner;  // outlives the loop, which destroys what has ended
    Loop loop(4);
    std::vector<int> out;
    Scope scope;
    scope.start(await_ended(owner, out), nullptr);
    EXPECT_EQ(out, (std::vector<int>{7, 14, 1}));
    scope.start(nothing(owner), nullptr);
    EXPECT_TRUE(scope.empty());
}

Task<void> try_both(Owner& o, std::string& out)
{
    auto [a, b] = co_await both(slow(o, 1, 1), slow(o, 3, 2));
    out += std::to_string(a) + std::to_string(b);
}

Task<void> try_race(Owner& o, std::string& out)
{
    auto won = co_await race(slow(o, 2000, 1), slow(o, 1, 2));
    out += won.first ? "a" : "b";
    out += std::to_string(won.a);
}

TEST_F(LoopTest, BothWaitsForBothAndRaceCancelsTheLoser)
{
    std::string out;
    scope.start(try_both(owner, out), &cancel);
    while (!scope.empty())
        loop.turn();
    EXPECT_EQ(out, "12");
    out.clear();
    Instant begin = Clock::now();
    scope.start(try_race(owner, out), &cancel);
    while (!scope.empty())
        loop.turn();
    EXPECT_EQ(out, "b-1");
    EXPECT_LT((Clock::now() - begin).count(), 1000);
}

Task<void> produce(Owner& o, Queue<int, 2>& q)
{
    for (int i = 0; i < 5; ++i) {
        Wait w = co_await q.room(o, Deadline::never());
        if (w != Wait::ready)
            co_return;
        q.try_push(i);
    }
}

Task<void> consume(Owner& o, Queue<int, 2>& q, std::string& out)
{
    for (int i = 0; i < 5; ++i) {
        Wait w = co_await q.item(o, Deadline::never());
        if (w != Wait::ready)
            co_return;
        out += std::to_string(*q.try_pop());
    }
}

TEST_F(LoopTest, QueueMakesThePusherWait)
{
    Queue<int, 2> q;
    std::string out;
    scope.start(produce(owner, q), &cancel);
    EXPECT_TRUE(q.full());
    scope.start(consume(owner, q, out), &cancel);
    while (!scope.empty())
        loop.turn();
    EXPECT_EQ(out, "01234");
}

// ---- what takes long ----------------------------------------------------------------------------

void spin(uint64_t us)
{
    uint64_t until = os::steady_us() + us;
    while (os::steady_us() < until) {
    }
}

Task<void> sign(Owner& o, Loop& loop, int number, uint64_t us, std::string& out)
{
    Wait why = co_await loop.heavy();
    if (why == Wait::canceled) {
        out += 'x';
        co_return;
    }
    spin(us);
    out += static_cast<char>('0' + number);
}

Task<void> serve_each_turn(Owner& o, Watch& w, std::string& out)
{
    for (int i = 0; i < 3; ++i) {
        co_await w.writable(Deadline::never());
        w.filled();
        out += '.';
    }
}

TEST_F(LoopTest, WhatTakesLongLetsOthersGoFirst)
{
    std::string out;
    // So long that no other program on this core makes the rest of a turn as long.
    for (int i = 0; i < 3; ++i)
        scope.start(sign(owner, loop, i, 25'000, out), &cancel);
    EXPECT_EQ(out, "");  // none begins inline
    Watch w;
    os::Fd peer;
    pair(w, peer);
    scope.start(serve_each_turn(owner, w, out), &cancel);
    for (int i = 0; i < 3; ++i) {
        epoll_event event{};
        event.events = EPOLLOUT;
        event.data.u64 = w.event_data();
        loop.dispatch(&event, 1);
        Instant begin = Clock::now();
        loop.turn();  // does not wait while somebody is in line
        EXPECT_LT((Clock::now() - begin).count(), 1000);
    }
    EXPECT_EQ(out, ".0.1.2");
    EXPECT_TRUE(scope.empty());
}

Task<void> spin_once(Owner& o, Watch& w)
{
    co_await w.readable(Deadline::never());
    spin(100'000);
}

TEST_F(LoopTest, ATurnGivesThemTheTimeThatTheRestTook)
{
    std::string out;
    CancelScope other;
    scope.start(sign(owner, loop, 0, 500, out), &cancel);
    scope.start(sign(owner, loop, 1, 500, out), &other);
    scope.start(sign(owner, loop, 2, 500, out), &cancel);
    scope.start(sign(owner, loop, 3, 500, out), &cancel);
    other.ask();  // leaves the line at once
    Watch w;
    os::Fd peer;
    pair(w, peer);
    scope.start(spin_once(owner, w), &cancel);
    ASSERT_EQ(::write(peer.get(), "x", 1), 1);
    turns(1);
    EXPECT_EQ(out, "x023");
}

TEST_F(LoopTest, DroppingASuspendedTreeUnlinksEverything)
{
    std::string out;
    {
        Scope inner;
        inner.start(try_both(owner, out), &cancel);
        inner.start(try_race(owner, out), nullptr);
    }
    EXPECT_EQ(owner.arena.live(), 0u);
    turns(5);
    EXPECT_EQ(out, "");
}

Task<int> leaf(Owner& o)
{
    co_return 1;
}

Task<void> many(Owner& o, int& sum)
{
    for (int i = 0; i < 100000; ++i) {
        int n = co_await leaf(o);
        sum += n;
    }
}

TEST_F(LoopTest, ChildrenThatEndAtOnceNeitherGrowTheStackNorTheHeap)
{
    int sum = 0;
    scope.start(many(owner, sum), &cancel);
    EXPECT_EQ(sum, 100000);
#ifndef __SANITIZE_ADDRESS__
    EXPECT_LE(owner.arena.made(), 3u);
#endif
}

}  // namespace
}  // namespace sluice::event
