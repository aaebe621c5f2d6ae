// SPDX-License-Identifier: Apache-2.0
// Floods, slow ones, crossed signals: memory stays bounded, nobody holds the loop, nothing is lost.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "rig.h"

namespace sluice::fault {
namespace {

using runner::sleep_seconds;
constexpr size_t big = 100u << 20;

std::atomic<int> answered, ended;  // of "/wait" and "/flow": the latter by us, before the answer

// "/down": 100 MB; "/up": reads what comes, slowly at first; "/wait": half a second; "/flow": 25
// MB; else "ok".
void play_flow(Peer& peer)
{
    std::string head, body;
    const std::string block(1 << 16, 'x');
    while (peer.head(head)) {
        if (head.starts_with("GET /down")) {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(big) + "\r\n\r\n");
            for (size_t n = 0; n < big; n += block.size())
                if (peer.socket.write_all(block, in_seconds(10)) != Io::ok)
                    return;
        } else if (head.starts_with("POST /up")) {
            sleep_seconds(1.5);
            for (size_t left = big; left > 0; left -= std::min(left, block.size())) {
                body.clear();
                if (!peer.take(std::min(left, block.size()), body))
                    return;
            }
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        } else if (head.starts_with("GET /1xx")) {
            for (int i = 0; i < 200000; ++i)
                if (peer.socket.write_all("HTTP/1.1 102 Processing\r\n\r\n", in_seconds(5)) !=
                    Io::ok)
                    return;
        } else if (head.starts_with("GET /wait")) {
            bool gone = peer.socket.read_some(body, in_seconds(0.5)) == Io::eof;
            ++(gone ? ended : answered);
            if (gone)
                return;
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        } else if (head.starts_with("GET /flow")) {
            sleep_seconds(0.3);
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(big / 4) + "\r\n\r\n");
            for (size_t n = 0; n < big / 4; n += block.size())
                if (peer.socket.write_all(block, in_seconds(10)) != Io::ok)
                    return void(++ended);
            ++answered;
        } else {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    }
}

const char proxying[] =
    "location / { client_max_body_size 0; proxy_pass http://origin; proxy_request_buffering off; }"
    "location /flow { proxy_pass http://origin; proxy_buffering off; }"
    "location /here { client_max_body_size 1k; return 200 here; }";

// A FIN says both: what tells is what the client's kernel answers to what it is sent then.
TEST(Flow, AHalfClosedClientIsAnsweredAndOneThatHasGoneEndsItsRequestAtOnce)
{
    Rig rig(proxying, play_flow);
    for (const char* path : {"/wait", "/flow"}) {
        answered = ended = 0;
        Socket half = rig.connect(), gone = rig.connect();
        for (Socket* client : {&half, &gone})
            client->write_all(std::string("GET ") + path + " HTTP/1.1\r\nHost: a\r\n\r\n",
                              in_seconds(5));
        sleep_seconds(0.1);
        ::shutdown(half.fd(), SHUT_WR);
        gone.close();
        std::string begin, bytes;
        size_t got = 0;
        while (half.read_some(bytes, in_seconds(10)) == Io::ok) {
            begin += begin.size() < 200 ? bytes : "";
            got += bytes.size();
            bytes.clear();
        }
        EXPECT_NE(begin.find("HTTP/1.1 200 OK\r\n"), begin.npos) << path << begin.substr(0, 200);
        EXPECT_GE(got, path == std::string("/flow") ? big / 4 : 2u) << path;
        for (int i = 0; i < 200 && answered + ended < 2; ++i)
            sleep_seconds(0.01);
        EXPECT_EQ(answered, 1) << path;
        EXPECT_EQ(ended, 1) << path;
    }
}

TEST(Flow, SlowClientFastOrigin)
{
    Rig rig(proxying, play_flow);
    long before = rig.resident_kb();
    Socket client = rig.connect();
    client.write_all("GET /down HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", in_seconds(5));
    sleep_seconds(1);
    EXPECT_LT(rig.resident_kb() - before, 6000);
    std::string bytes;
    size_t got = 0;
    while (client.read_some(bytes, in_seconds(10)) == Io::ok) {
        got += bytes.size();
        bytes.clear();
    }
    EXPECT_GT(got, big);
    client.close();
    rig.expect_calm();
}

// Once it has caught up, who read ahead is asked to stop, perhaps in the middle of its own pause.
TEST(Flow, AClientThatPausesAndCatchesUpGetsAllOfALimitedAnswer)
{
    Rig rig("location / { proxy_limit_rate 8m; proxy_pass http://origin; }", play_flow);
    Socket client = rig.connect();
    client.write_all("GET /flow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", in_seconds(5));
    sleep_seconds(1.2);
    std::string bytes;
    size_t got = 0;
    while (client.read_some(bytes, in_seconds(10)) == Io::ok) {
        got += bytes.size();
        bytes.clear();
    }
    EXPECT_GT(got, big / 4);
    client.close();
    rig.expect_calm();
}

TEST(Flow, FastUploadSlowOrigin)
{
    Rig rig(proxying, play_flow);
    long before = rig.resident_kb(), most = 0;
    Socket client = rig.connect();
    std::string block(1 << 16, 'y');
    client.write_all(
        "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(big) + "\r\n\r\n",
        in_seconds(5));
    for (size_t n = 0; n < big; n += block.size()) {
        ASSERT_EQ(client.write_all(block, in_seconds(10)), Io::ok) << n;
        if (n % (16 << 20) == 0)
            most = std::max(most, rig.resident_kb() - before);
    }
    EXPECT_EQ(read_reply(client).code(), "200");
    EXPECT_LT(most, 6000);
    client.close();
    rig.expect_calm();
}

// A peer that never stops sending must not hold the loop, nor a lingering close outlive its time.
TEST(Flow, EndlessBodyBehindAnAnswer)
{
    Rig rig(std::string("lingering_time 1s; ") + proxying, play_flow);
    Socket client = rig.connect();
    client.write_all("POST /here HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000\r\n\r\n",
                     in_seconds(5));
    std::atomic<bool> ended = false;
    std::thread flood([&] {
        std::string block(1 << 18, 'z');
        runner::Deadline until = in_seconds(8);
        while (runner::Clock::now() < until && client.write_all(block, in_seconds(2)) == Io::ok) {
        }
        ended = runner::Clock::now() < until;
    });
    sleep_seconds(0.2);
    for (int i = 0; i < 10; ++i) {
        auto start = runner::Clock::now();
        EXPECT_EQ(rig.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").code(), "200");
        EXPECT_LT(runner::Clock::now() - start, std::chrono::milliseconds(1000));
    }
    flood.join();
    EXPECT_TRUE(ended) << "the flood was read for longer than lingering_time";
    client.close();
    rig.expect_calm();
}

TEST(Flow, EndlessInterimAnswers)
{
    Rig rig(proxying, play_flow);
    long before = rig.resident_kb();
    EXPECT_EQ(rig.ask("GET /1xx HTTP/1.1\r\nHost: a\r\n\r\n").code(), "502");
    EXPECT_LT(rig.resident_kb() - before, 4000);
    rig.expect_calm();
}

// Requests without end, and nobody reads the answers: what waits stays in the client's own socket.
TEST(Flow, PipelineThatIsNeverRead)
{
    Rig rig(std::string("send_timeout 1s; keepalive_requests 100000000; sendfile on;"
                        "location /file { root html; }") +
                proxying,
            play_flow);
    rig.write("html/file", std::string(3000, 'f'));
    for (std::string target : {"/here", "/file", "/proxied"}) {
        rig.ask("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
        long before = rig.resident_kb(), most = 0;
        std::string block;
        while (block.size() < 1 << 18)
            block += "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
        Socket client = rig.connect();
        auto start = runner::Clock::now();
        size_t sent = 0;
        while (client.write_all(block, in_seconds(4)) == Io::ok && sent < big) {
            sent += block.size();
            most = std::max(most, rig.resident_kb() - before);
        }
        most = std::max(most, rig.resident_kb() - before);
        EXPECT_LT(sent, big) << target << ": all of it was taken";
        // Until its buffers are full it goes on; then send_timeout runs.
        EXPECT_LT(runner::Clock::now() - start, std::chrono::seconds(15)) << target;
        EXPECT_LT(most, 6000) << target;
        std::string bytes;
        Io end;
        while ((end = client.read_some(bytes, in_seconds(2))) == Io::ok)
            bytes.clear();
        EXPECT_NE(end, Io::timeout) << target << ": the connection was not cut";
        client.close();
    }
    rig.expect_calm();
    std::string log = rig.error_log();
    size_t cut = 0;
    for (size_t at = 0; (at = log.find("client timed out", at)) != log.npos; ++at)
        ++cut;
    EXPECT_EQ(cut, 3u) << log;
}

// A refused head of which more is under way: the answer must arrive all the same.
TEST(Flow, RefusalsSurviveUnreadBytes)
{
    Rig rig(proxying, play_flow);
    const std::string lots(3 << 20, 'q');
    for (const std::string& request :
         {"GET /" + lots + " HTTP/1.1\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nX: " + lots + "\r\n\r\n", "nonsense\r\n\r\n" + lots,
          "POST /here HTTP/1.1\r\nHost: a\r\nContent-Length: 3145728\r\n\r\n" + lots}) {
        for (bool half_close : {false, true}) {
            Socket client = rig.connect();
            EXPECT_EQ(client.write_all(request, in_seconds(5)), Io::ok)
                << request.substr(0, 30) << " " << half_close;
            if (half_close)
                client.shut_write();
            Reply reply = read_reply(client, "GET", half_close ? 2 : 1);  // 2: to the end
            if (half_close)
                EXPECT_EQ(reply.end, Io::eof) << request.substr(0, 30);
            EXPECT_TRUE(reply.code().starts_with("4"))
                << request.substr(0, 30) << " " << half_close << ": " << reply.bytes;
            EXPECT_TRUE(reply.complete());
        }
    }
    rig.expect_calm();
}

// A request that crosses with the signal to leave is served.
TEST(Flow, RequestInTheTurnOfQuit)
{
    for (bool fresh : {true, false}) {
        Rig rig(proxying, play_flow);
        Socket client = rig.connect();
        if (!fresh) {
            client.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n", in_seconds(5));
            ASSERT_EQ(read_reply(client).code(), "200");
        }
        sleep_seconds(0.1);
        rig.signal(SIGSTOP);
        client.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n", in_seconds(5));
        sleep_seconds(0.1);
        rig.signal(SIGQUIT);
        rig.signal(SIGCONT);
        Reply reply = read_reply(client);
        EXPECT_EQ(reply.code(), "200") << (fresh ? "fresh" : "kept alive");
    }
}

// Ends with connections in every state: nothing that is destroyed may be touched.
// "/ws": after the 101 each 200 bytes are answered by one. POST: 200 bytes of body, then "ok".
void play_pairs(Peer& peer)
{
    std::string head, body;
    while (peer.head(head)) {
        if (head.starts_with("GET /ws")) {
            peer.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                "Upgrade: websocket\r\n\r\n");
            while (peer.take(200, body))
                peer.send("!");
            return;
        }
        if (!peer.take(200, body))
            return;
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
}

/// Seconds that the middle one of many exchanges takes. Each is said in two halves with a pause
/// between: the second must not wait until the peer has acknowledged the first (40 ms).
double in_halves(Socket& client, const std::string& first, const std::string& second,
                 const std::string& answer)
{
    int on = 1;  // or the client's own second half would wait
    ::setsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::vector<double> took;
    for (int i = 0; i < 60; ++i) {
        client.write_all(first, in_seconds(5));
        sleep_seconds(0.003);
        auto began = runner::Clock::now();
        client.write_all(second, in_seconds(5));
        std::string bytes;
        while (!bytes.ends_with(answer) && client.read_some(bytes, in_seconds(5)) == Io::ok) {
        }
        EXPECT_TRUE(bytes.ends_with(answer)) << bytes;
        took.push_back(std::chrono::duration<double>(runner::Clock::now() - began).count());
    }
    // The first ones are acknowledged at once (the kernel's quick start).
    std::sort(took.begin() + 20, took.end());
    return took[40];
}

TEST(Flow, SmallPartsDoNotWaitForAcknowledgements)
{
    Rig rig("location / { proxy_pass http://origin; proxy_request_buffering off; }", play_pairs);
    const std::string half(100, 'x');
    Socket tunnel = rig.connect();
    tunnel.write_all(
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        in_seconds(5));
    std::string bytes;
    while (!bytes.ends_with("\r\n\r\n") && tunnel.read_some(bytes, in_seconds(5)) == Io::ok) {
    }
    EXPECT_LT(in_halves(tunnel, half, half, "!"), 0.03) << "of a tunnel";
    Socket upload = rig.connect();
    EXPECT_LT(in_halves(upload, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n" + half,
                        half, "ok"),
              0.03)
        << "of a body";
}

TEST(Flow, TermWithLiveConnections)
{
    Rig rig(proxying, play_flow);
    EXPECT_EQ(rig.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").code(),
              "200");  // an idle one to the origin
    std::vector<Socket> clients;
    for (const char* bytes : {"", "GET /", "GET /down HTTP/1.1\r\nHost: a\r\n\r\n",
                              "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc",
                              "POST /here HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc",
                              "nonsense\r\n\r\n"}) {
        clients.push_back(rig.connect());
        clients.back().write_all(bytes, in_seconds(5));
    }
    sleep_seconds(0.3);
    rig.finish();
}

}  // namespace
}  // namespace sluice::fault
