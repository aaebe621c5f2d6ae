// SPDX-License-Identifier: Apache-2.0
#include "core/net/stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "core/os/socket.h"

namespace sluice::net {
namespace {

using event::CancelScope;
using event::Scope;
using event::Task;

struct Owner {
    FrameArena arena;
    FrameArena& frames() { return arena; }
};

struct StreamTest : testing::Test {
    event::Loop loop{8};
    Owner owner;
    CancelScope cancel;
    Stream s;
    os::Fd peer;
    Io io;
    bool ended = false;
    Scope scope;
    uint32_t registration = event::Watch::duplex();

    void SetUp() override
    {
        os::Fd mine;
        ASSERT_TRUE(os::socket_pair(mine, peer));
        ASSERT_EQ(s.watch().open(std::move(mine), registration), event::Watch::none);
        loop.turn(Clock::in(ms{1}));  // the first edge: writable
    }
    void turns(int n)
    {
        while (n-- > 0)
            loop.turn(Clock::in(ms{1}));
    }
    void write_to_a_slow_reader();
    void until_ended()
    {
        for (int i = 0; i < 1000 && !ended; ++i)
            loop.turn(Clock::in(ms{5}));
        EXPECT_TRUE(ended);
    }
    void send(std::string_view text)
    {
        ASSERT_EQ(::write(peer.get(), text.data(), text.size()), ssize_t(text.size()));
    }
    std::string receive()
    {
        std::string out(1 << 20, '\0');
        ssize_t n = ::read(peer.get(), out.data(), out.size());
        out.resize(n > 0 ? static_cast<size_t>(n) : 0);
        return out;
    }
};

Task<void> read_into(Owner& o, StreamTest& t, buf::Buffer& b, Deadline deadline)
{
    t.io = co_await t.s.read(b, 1024, deadline);
    t.ended = true;
}

Task<void> write_all(Owner& o, StreamTest& t, std::span<buf::Slice> slices, ms timeout)
{
    t.io = co_await t.s.write(slices, timeout);
    t.ended = true;
}

TEST_F(StreamTest, AShortReadDrains)
{
    buf::Buffer b(1024);
    send("hello");
    scope.start(read_into(owner, *this, b, Deadline::never()), &cancel);
    until_ended();
    EXPECT_EQ(b.view(), "hello");
    EXPECT_FALSE(s.watch().can_read());  // nobody reads again only to meet EAGAIN
    uint64_t reads = os::counters.read;
    ended = false;
    scope.start(read_into(owner, *this, b, Deadline::never()), &cancel);
    turns(2);
    EXPECT_EQ(os::counters.read, reads);
    send(" again");
    until_ended();
    EXPECT_EQ(b.view(), "hello again");
    EXPECT_EQ(os::counters.read, reads + 1);
    EXPECT_EQ(s.received(), 11u);
}

TEST_F(StreamTest, AWakeForNothingWaitsOnAndHoldsNoBuffer)
{
    buf::Buffer b;
    s.watch().assume_readable();
    scope.start(read_into(owner, *this, b, Deadline::never()), &cancel);
    turns(2);
    EXPECT_FALSE(ended);
    EXPECT_FALSE(b);
    send("now");
    until_ended();
    EXPECT_EQ(b.view(), "now");
    EXPECT_EQ(b.capacity(), 1024u);
}

TEST_F(StreamTest, AFullReadGoesOn)
{
    buf::Buffer b(1024);
    send(std::string(1500, 'x'));
    scope.start(read_into(owner, *this, b, Deadline::never()), &cancel);
    until_ended();
    EXPECT_EQ(io.n, 1024u);
    EXPECT_TRUE(s.watch().can_read());
    b.clear();
    ended = false;
    scope.start(read_into(owner, *this, b, Deadline::never()), &cancel);
    EXPECT_TRUE(ended);  // at once
    EXPECT_EQ(io.n, 476u);
    EXPECT_FALSE(s.watch().can_read());
}

TEST_F(StreamTest, TheEndIsSeenBehindTheLastBytes)
{
    buf::Buffer b(1024);
    send("bye");
    peer.close();
    scope.start(read_into(owner, *this, b, Deadline::never()), &cancel);
    until_ended();
    EXPECT_EQ(io.kind, Io::ok);
    ended = false;
    scope.start(read_into(owner, *this, b, Deadline::never()), &cancel);
    until_ended();
    EXPECT_EQ(io.kind, Io::eof);
    EXPECT_EQ(b.view(), "bye");
}

TEST_F(StreamTest, WaitsEndInTimeOrWhenAsked)
{
    buf::Buffer b(1024);
    scope.start(read_into(owner, *this, b, Clock::in(ms{5})), &cancel);
    until_ended();
    EXPECT_EQ(io.kind, Io::timeout);
    ended = false;
    scope.start(read_into(owner, *this, b, Deadline::never()), &cancel);
    turns(1);
    cancel.ask();
    until_ended();
    EXPECT_EQ(io.kind, Io::canceled);
}

TEST_F(StreamTest, SlicesLeaveInOneCall)
{
    buf::Slice parts[] = {std::string_view("HTTP/1.1 200 OK\r\n"), std::string_view(""),
                          std::string_view("\r\n"), std::string_view("body")};
    uint64_t writes = os::counters.write;
    scope.start(write_all(owner, *this, parts, ms{1000}), &cancel);
    EXPECT_TRUE(ended);
    EXPECT_EQ(io.n, 23u);
    EXPECT_EQ(os::counters.write, writes + 1);
    EXPECT_EQ(receive(), "HTTP/1.1 200 OK\r\n\r\nbody");
    EXPECT_EQ(s.sent(), 23u);
}

void StreamTest::write_to_a_slow_reader()
{
    std::string big(3 << 20, '\0');
    for (size_t i = 0; i < big.size(); ++i)
        big[i] = static_cast<char>('a' + i % 23);
    std::string_view all = big;
    std::vector<buf::Slice> parts;
    for (size_t at = 0; at < big.size(); at += 10007)
        parts.emplace_back(all.substr(at, 10007));
    scope.start(write_all(owner, *this, parts, ms{2000}), &cancel);
    turns(3);
    EXPECT_FALSE(ended);
    std::string got;
    for (int i = 0; i < 100000 && !(ended && got.size() == big.size()); ++i) {
        got += receive();
        loop.turn(Clock::now());
    }
    EXPECT_TRUE(ended);
    EXPECT_EQ(io.n, big.size());
    EXPECT_TRUE(got == big);
}

TEST_F(StreamTest, ASlowReaderMakesTheWriterWait)
{
    write_to_a_slow_reader();
}

// A client's connection: nobody asks about room to send before there is none.
struct ClientStreamTest : StreamTest {
    ClientStreamTest() { registration = event::Watch::reading(); }
};

TEST_F(ClientStreamTest, NothingHappensBeforeSomethingComes)
{
    uint64_t events = loop.stats().events;
    turns(2);
    EXPECT_EQ(loop.stats().events, events);
    EXPECT_TRUE(s.watch().can_write());
    send("x");
    turns(1);
    EXPECT_EQ(loop.stats().events, events + 1);
    EXPECT_TRUE(s.watch().can_read());
}

TEST_F(ClientStreamTest, ASlowReaderMakesTheWriterWait)
{
    uint64_t calls = os::counters.epoll_ctl;
    write_to_a_slow_reader();
    EXPECT_EQ(os::counters.epoll_ctl, calls + 1);
}

// Loopback TCP: unix sockets know no segments.
TEST_F(StreamTest, TheLastBytesWaitForTheEnd)
{
    os::Address any = os::Address::any(AF_INET, 0);
    auto listener = os::listen(any, {});
    ASSERT_TRUE(listener);
    os::Address here = os::local_address(listener->get());
    os::Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(client.get(), here.get(), here.size()), 0);
    os::Fd accepted(::accept4(listener->get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    Stream last;
    ASSERT_EQ(last.watch().open_unregistered(std::move(accepted)), event::Watch::none);
    buf::Slice part(std::string_view("the end"));
    std::span<buf::Slice> parts(&part, 1);
    bool again = false;
    Io sent = last.try_write(parts, again, true);
    EXPECT_EQ(sent.n, 7u);
    EXPECT_EQ(os::readable_bytes(client.get()), 0u);
    last.close();
    char text[16];
    EXPECT_EQ(::recv(client.get(), text, sizeof text, 0), 7);
    EXPECT_EQ(::recv(client.get(), text, sizeof text, 0), 0);
}

TEST_F(StreamTest, AWriterThatNobodyReadsTimesOut)
{
    std::string big(3 << 20, 'x');
    buf::Slice parts[] = {std::string_view(big)};
    scope.start(write_all(owner, *this, parts, ms{10}), &cancel);
    until_ended();
    EXPECT_EQ(io.kind, Io::timeout);
    EXPECT_GT(io.n, 0u);
    EXPECT_EQ(io.n, s.sent());
}

TEST_F(StreamTest, WritingToNobodyIsAReset)
{
    peer.close();
    turns(1);
    buf::Slice parts[] = {std::string_view("x")};
    scope.start(write_all(owner, *this, parts, ms{10}), &cancel);
    until_ended();
    EXPECT_EQ(io.kind, Io::reset);
    EXPECT_EQ(io.error, EPIPE);
}

TEST_F(StreamTest, FileSlices)
{
    char name[] = "/tmp/stream_testXXXXXX";
    os::Fd file(mkstemp(name));
    ASSERT_TRUE(file);
    unlink(name);
    ASSERT_EQ(::write(file.get(), "0123456789", 10), 10);
    buf::Slice parts[] = {std::string_view("<"), buf::Slice::of_file(file.get(), 2, 5),
                          std::string_view(">")};
    scope.start(write_all(owner, *this, parts, ms{1000}), &cancel);
    until_ended();
    EXPECT_EQ(io.kind, Io::ok);
    EXPECT_EQ(receive(), "<23456>");
    // A file that shrank cannot keep the length that was promised.
    buf::Slice beyond[] = {buf::Slice::of_file(file.get(), 8, 100)};
    ended = false;
    scope.start(write_all(owner, *this, beyond, ms{1000}), &cancel);
    until_ended();
    EXPECT_EQ(io.kind, Io::file_cut);
}

TEST_F(StreamTest, DroppedInTheMiddle)
{
    buf::Buffer b(1024);
    scope.start(read_into(owner, *this, b, Clock::in(ms{1})), &cancel);
    scope.drop();
    EXPECT_EQ(owner.arena.live(), 0u);
    send("late");
    turns(5);
    EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace sluice::net
