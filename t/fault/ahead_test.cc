// SPDX-License-Identifier: Apache-2.0
// proxy_buffering: slow clients hold neither an upstream connection nor memory, and nothing is lost
// when the disk is full or the upstream ends early.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "rig.h"

namespace sluice::fault {
namespace {

using runner::sleep_seconds;

// What stands at a place of the body: a lost or doubled piece shows.
char at(size_t i)
{
    return static_cast<char>('a' + (i * 7 + i / 4096 * 3) % 26);
}

std::string block_at(size_t from, size_t n)
{
    std::string out(n, ' ');
    for (size_t i = 0; i < n; ++i)
        out[i] = at(from + i);
    return out;
}

std::atomic<int> sent_whole{0};

/// "GET /MEGABYTES/KIND": length, chunked, stream (event-stream), close, cut (half of it).
void play_bodies(Peer& peer)
{
    std::string head;
    constexpr size_t step = 1 << 16;
    while (peer.head(head)) {
        size_t size = std::stoul(head.substr(5)) << 20;
        auto is = [&](const char* kind) { return head.find(kind) != std::string::npos; };
        std::string type = is("stream") ? "text/event-stream" : "text/plain";
        std::string framing = is("chunked") ? "Transfer-Encoding: chunked"
                              : is("close") ? "Connection: close"
                                            : "Content-Length: " + std::to_string(size);
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\n" + framing + "\r\n\r\n");
        for (size_t n = 0; n < size; n += step) {
            std::string block = block_at(n, step);
            if (is("chunked"))
                block = "10000\r\n" + block + "\r\n";
            if (peer.socket.write_all(block, in_seconds(60)) != Io::ok)
                return;
            if (is("cut") && n >= size / 2)
                return;
        }
        if (is("chunked"))
            peer.send("0\r\n\r\n");
        ++sent_whole;
        if (is("close"))
            return;
    }
}

const char buffered[] = "location / { proxy_pass http://origin; }";

Socket ask_for(Rig& rig, const std::string& what)
{
    Socket client = rig.connect();
    client.write_all("GET /" + what + " HTTP/1.0\r\nHost: a\r\n\r\n", in_seconds(5));
    return client;
}

bool wait_for_origin(int count, double seconds)
{
    for (auto until = in_seconds(seconds); sent_whole < count; sleep_seconds(0.05))
        if (runner::Clock::now() > until)
            return false;
    return true;
}

/// Reads to the end; how much of the body was right from its start on.
size_t read_body(Socket& client)
{
    std::string bytes;
    size_t head = std::string::npos, good = 0;
    while (client.read_some(bytes, in_seconds(30)) == Io::ok) {
        if (head == std::string::npos) {
            head = bytes.find("\r\n\r\n");
            if (head == std::string::npos)
                continue;
            bytes.erase(0, head + 4);
        }
        for (char c : bytes) {
            if (c != at(good))
                return good;
            ++good;
        }
        bytes.clear();
    }
    return good;
}

TEST(Ahead, SlowClientsHoldNoUpstreamAndNoMemory)
{
    constexpr int clients = 8;
    constexpr size_t megabytes = 100;
    sent_whole = 0;
    Rig rig(buffered, play_bodies);
    {
        Socket warm = ask_for(rig, "1/length");
        EXPECT_EQ(read_body(warm), size_t{1} << 20);
    }
    sent_whole = 0;
    long before = rig.resident_kb();
    std::vector<Socket> open;
    for (int i = 0; i < clients; ++i)
        open.push_back(ask_for(rig, std::to_string(megabytes) + "/length"));
    EXPECT_TRUE(wait_for_origin(clients, 90)) << sent_whole << " answers were taken whole";
    EXPECT_LT(rig.resident_kb() - before, 4096);
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(read_body(open[static_cast<size_t>(i)]), megabytes << 20);
    open.clear();
    rig.expect_calm();
}

TEST(Ahead, EveryFramingArrivesWhole)
{
    Rig rig(buffered, play_bodies);
    for (const char* kind : {"length", "chunked", "close"}) {
        sent_whole = 0;
        Socket client = ask_for(rig, std::string("20/") + kind);
        EXPECT_TRUE(wait_for_origin(1, 20)) << kind;
        EXPECT_EQ(read_body(client), size_t{20} << 20) << kind;
    }
    rig.expect_calm();
}

TEST(Ahead, WithoutAFileTheUpstreamWaits)
{
    sent_whole = 0;
    Rig rig("location / { proxy_max_temp_file_size 0; proxy_pass http://origin; }", play_bodies);
    // More than the sockets on both sides hold.
    Socket client = ask_for(rig, "64/chunked");
    EXPECT_FALSE(wait_for_origin(1, 1.5));
    EXPECT_EQ(read_body(client), size_t{64} << 20);
    client.close();
    rig.expect_calm();
    EXPECT_EQ(rig.error_log().find("temporary file"), std::string::npos);
}

TEST(Ahead, StreamsAreNotReadAhead)
{
    sent_whole = 0;
    Rig rig(buffered, play_bodies);
    Socket client = ask_for(rig, "64/stream");
    EXPECT_FALSE(wait_for_origin(1, 1.5));
    EXPECT_EQ(read_body(client), size_t{64} << 20);
    client.close();
    rig.expect_calm();
    EXPECT_EQ(rig.error_log().find("temporary file"), std::string::npos);
}

// The disk takes a megabyte and no more (RLIMIT_FSIZE): the upstream waits, nothing is cut.
TEST(Ahead, AFullDiskSlowsTheUpstream)
{
    sent_whole = 0;
    Rig rig(buffered, play_bodies);
    rlimit small{1 << 20, RLIM_INFINITY};
    ASSERT_EQ(::prlimit(rig.pid(), RLIMIT_FSIZE, &small, nullptr), 0);
    Socket client = ask_for(rig, "64/chunked");
    EXPECT_FALSE(wait_for_origin(1, 1.5));
    EXPECT_EQ(read_body(client), size_t{64} << 20);
    client.close();
    EXPECT_NE(rig.error_log().find("the upstream has to wait for the client"), std::string::npos);
    rig.expect_calm();
}

TEST(Ahead, NoFolderForTheFileSlowsTheUpstream)
{
    sent_whole = 0;
    Rig rig("location / { proxy_temp_path missing/folder; proxy_pass http://origin; }",
            play_bodies);
    Socket client = ask_for(rig, "64/length");
    EXPECT_FALSE(wait_for_origin(1, 1.5));
    EXPECT_EQ(read_body(client), size_t{64} << 20);
    client.close();
    rig.expect_calm();
}

// What came is sent, and then the connection ends where the answer was cut.
TEST(Ahead, AnAnswerThatIsCutBehindWhatWasPutAside)
{
    Rig rig(buffered, play_bodies);
    Socket client = ask_for(rig, "20/cut");
    sleep_seconds(1.5);
    size_t got = read_body(client);
    EXPECT_GE(got, size_t{10} << 20);
    EXPECT_LT(got, size_t{11} << 20);
    client.close();
    rig.expect_calm();
    EXPECT_NE(rig.error_log().find("upstream prematurely closed connection while reading upstream"),
              std::string::npos);
}

// A client that leaves while much is put aside for it.
TEST(Ahead, AClientThatLeaves)
{
    sent_whole = 0;
    Rig rig(buffered, play_bodies);
    for (int i = 0; i < 5; ++i) {
        Socket client = ask_for(rig, "20/length");
        sleep_seconds(0.1 * i);
        client.close();
    }
    rig.expect_calm();
}

}  // namespace
}  // namespace sluice::fault
