// SPDX-License-Identifier: Apache-2.0
#include "core/net/room.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "core/os/socket.h"

namespace sluice::net {
namespace {

// The process has this many descriptors left, for the life of it.
class FewDescriptors
{
public:
    explicit FewDescriptors(size_t left)
    {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        os::Fd probe = os::event_fd();
        rlimit few = before_;
        few.rlim_cur = static_cast<rlim_t>(probe.get()) + left;
        ::setrlimit(RLIMIT_NOFILE, &few);
    }
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

std::vector<os::Fd> take_all()
{
    std::vector<os::Fd> all;
    while (os::Fd fd = os::event_fd())
        all.push_back(std::move(fd));
    return all;
}

struct Idle final : Sheddable {
    Idle(std::string& order, char name) : order_(order), name_(name) {}
    void shed() override { order_ += name_; }
    std::string& order_;
    char name_;
};

struct Owner {
    FrameArena& frames() const { return event::Loop::current().frames(); }
};

event::Task<void> wait_for_room(Owner& owner, Room& room, std::string& order, char name)
{
    event::Wait w = co_await room.freed(Clock::in(ms{20}));
    order += w == event::Wait::ready ? name : static_cast<char>(name - 'a' + 'A');
}

struct RoomTest : testing::Test {
    event::Loop loop{16};
    Log log;
    RoomCounts counts;
    Owner owner;
    std::string order;
};

TEST_F(RoomTest, AReserveDescriptorTurnsARefusalIntoSuccess)
{
    FewDescriptors few(20);
    Room room({8, 4}, log, counts);
    std::vector<os::Fd> all = take_all();
    ASSERT_FALSE(os::event_fd());
    ASSERT_TRUE(os::is_shortage(errno));
    EXPECT_EQ(room.reserve(), 4u);
    ASSERT_TRUE(room.lend(Room::For::client));
    os::Fd lent = os::event_fd();
    EXPECT_TRUE(lent);
    EXPECT_EQ(counts.reserve_used, 1u);
    // What is closed later fills the reserve again before anybody else has it.
    room.short_of("accept4()", EMFILE);
    EXPECT_EQ(counts.shortage, 1u);
    lent.close();
    loop.turn(Clock::now());
    EXPECT_EQ(room.reserve(), 4u);
    EXPECT_FALSE(os::event_fd());
    EXPECT_EQ(counts.shortage, 1u) << "nothing beyond the reserve is free yet";
    all.clear();
    loop.turn(Clock::now());
    EXPECT_EQ(counts.shortage, 0u);
}

TEST_F(RoomTest, TheReserveIsAtMostHalfOfWhatIsLeft)
{
    FewDescriptors few(10);
    Room room({8, 16}, log, counts);
    size_t held = room.reserve(), left = take_all().size();
    EXPECT_GE(held, 1u);
    EXPECT_TRUE(left == held || left == held + 1) << held << ' ' << left;
}

TEST_F(RoomTest, RequestsLeaveHalfOfTheReserveToClients)
{
    Room room({8, 4}, log, counts);
    EXPECT_TRUE(room.lend(Room::For::request));
    EXPECT_TRUE(room.lend(Room::For::request));
    EXPECT_FALSE(room.lend(Room::For::request));
    EXPECT_TRUE(room.lend(Room::For::client));
    EXPECT_TRUE(room.lend(Room::For::client));
    EXPECT_FALSE(room.lend(Room::For::client));
}

TEST_F(RoomTest, ShedsWhatIdlesLongestAndClientsFirst)
{
    Room room({8, 4}, log, counts);
    Idle a(order, 'a'), b(order, 'b'), link(order, 'l'), gone(order, 'g');
    room.idles_upstream(link);
    room.idles(gone);
    room.idles(a);
    room.idles(b);
    gone.unlink();
    EXPECT_TRUE(room.shed() && room.shed() && room.shed());
    EXPECT_FALSE(room.shed());
    EXPECT_EQ(order, "abl");
    EXPECT_EQ(counts.shed, 3u);
}

TEST_F(RoomTest, SlotsAreCountedAndRequestsMayBorrowSome)
{
    Room room({2, 4}, log, counts);
    Room::take_slot();
    EXPECT_TRUE(room.slot_free());
    Room::take_slot();
    EXPECT_FALSE(room.slot_free());
    EXPECT_TRUE(room.slot_for_request());
    Room::take_slot();
    Room::take_slot();
    EXPECT_FALSE(room.slot_for_request());
    EXPECT_EQ(counts.slots_used, 4u);
    Room::give_slot();
    EXPECT_TRUE(room.slot_for_request());
}

TEST_F(RoomTest, WhoWaitsIsWokenInOrderOneForEachDescriptor)
{
    FewDescriptors few(12);
    Room room({8, 2}, log, counts);
    std::vector<os::Fd> all = take_all();
    ASSERT_GE(all.size(), 2u);
    room.short_of("socket()", EMFILE);
    event::CancelScope none;
    event::Scope scope;
    for (char name : {'a', 'b', 'c'})
        scope.start(wait_for_room(owner, room, order, name), &none);
    all.pop_back();
    loop.turn(Clock::now());
    loop.turn(Clock::now());
    EXPECT_EQ(order, "a");
    all.pop_back();
    loop.turn(Clock::now());
    loop.turn(Clock::now());
    EXPECT_EQ(order, "ab");
    while (!scope.empty())
        loop.turn();
    EXPECT_EQ(order, "abC") << "its deadline passed";
    EXPECT_EQ(counts.waits, 3u);
}

}  // namespace
}  // namespace sluice::net
