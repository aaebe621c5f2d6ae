// SPDX-License-Identifier: Apache-2.0
// Clients that are too slow: what they see of it, with and without reset_timedout_connection.
#include <gtest/gtest.h>

#include <filesystem>

#include "rig.h"

namespace sluice::fault {
namespace {

using runner::sleep_seconds;
constexpr size_t big = 64u << 20;

// "/big": more than fits into the sockets' buffers; else reads what comes and says nothing.
void play_slow(Peer& peer)
{
    std::string head, body;
    const std::string block(1 << 16, 'x');
    if (!peer.head(head))
        return;
    if (head.find("/big") == head.npos) {
        peer.take(big, body);
        return;
    }
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(big) + "\r\n\r\n");
    for (size_t n = 0; n < big; n += block.size())
        if (peer.socket.write_all(block, in_seconds(10)) != Io::ok)
            return;
}

struct Slow {
    const char* request;
    bool takes_nothing;  // of a large answer
    bool resets;         // with reset_timedout_connection on, as nginx does
};

constexpr Slow slow_clients[] = {
    {"GET /file HTTP/1.1\r\nHost: a\r\n\r\n", true, true},
    {"GET /p/big HTTP/1.1\r\nHost: a\r\n\r\n", true, true},
    {"POST /p/in HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab", false, true},
    {"POST /s/in HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab", false, true},
    {"POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab", false, true},
    {"GET /ok HTTP/1.1\r\nHo", false, true},
    {"", false, false},
    {"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n", false, false},
};

void check_slow_clients(bool on)
{
    const std::string locations =
        std::string("reset_timedout_connection ") + (on ? "on" : "off") +
        "; send_timeout 1s; client_body_timeout 1s; client_header_timeout 1s;"
        "keepalive_timeout 1s; lingering_timeout 1s;"
        "location = /file { sendfile on; }"
        "location /p { proxy_pass http://origin; proxy_http_version 1.1; }"
        "location /s { proxy_pass http://origin; proxy_http_version 1.1;"
        "  proxy_request_buffering off; }"
        "location = /ok { return 200 ok; }";
    Rig rig(locations, play_slow);
    rig.write("html/file", "");
    std::filesystem::resize_file(rig.root() + "/html/file", big);
    std::vector<Socket> clients;
    for (const Slow& slow : slow_clients) {
        clients.push_back(rig.connect());
        clients.back().write_all(slow.request, in_seconds(5));
    }
    sleep_seconds(3);
    for (size_t i = 0; i < clients.size(); ++i) {
        std::string bytes;
        Io end;
        while ((end = clients[i].read_some(bytes, in_seconds(5))) == Io::ok) {
            if (slow_clients[i].takes_nothing)
                bytes.clear();
        }
        bool resets = on && slow_clients[i].resets;
        EXPECT_EQ(end, resets ? Io::error : Io::eof) << slow_clients[i].request << on;
        clients[i].close();
    }
    rig.expect_calm();
}

TEST(SlowClient, IsReset)
{
    check_slow_clients(true);
}

TEST(SlowClient, IsClosedInPeace)
{
    check_slow_clients(false);
}

// Who has said nothing yet waits as one that idles, however many came before; and is closed as one.
TEST(SlowClient, SilentOnesIdle)
{
    Rig rig(
        "reset_timedout_connection on; client_header_timeout 1s;"
        "location / { status prometheus; }",
        nullptr);
    std::vector<Socket> clients;
    for (int i = 0; i < 40; ++i) {
        clients.push_back(rig.connect());
        sleep_seconds(0.002);
    }
    std::string page = rig.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").bytes;
    EXPECT_NE(page.find("\nsluice_connections_waiting{worker=\"0\"} 40\n"), page.npos) << page;
    for (Socket& client : clients) {
        std::string none;
        EXPECT_EQ(client.read_some(none, in_seconds(5)), Io::eof);
        client.close();
    }
    rig.expect_calm();
}

// A read that just fills its buffer does not tell whether that was all: it says nothing about what
// the client does next.
TEST(SlowClient, IdlesWhateverTheSizeOfItsRequest)
{
    Rig rig(
        "reset_timedout_connection on; client_header_timeout 2s; keepalive_timeout 4s;"
        "large_client_header_buffers 4 32k;"
        "location / { return 200 ok; } location = /body { proxy_pass http://origin; }"
        "location = /m { status prometheus; }",
        [](Peer& peer) {
            std::string head, body;
            if (peer.head(head) && peer.take(head.find("8192") != head.npos ? 8192 : 65536, body))
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
    std::vector<Socket> clients;
    auto ask_and_stay = [&](const std::string& request) {
        clients.push_back(rig.connect());
        clients.back().write_all(request, in_seconds(5));
        EXPECT_EQ(read_reply(clients.back()).code(), "200");
    };
    const std::string get = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    for (size_t size : {4096, 8191, 8192, 8193, 16384})
        ask_and_stay(get + std::string(size - get.size() - 4, 'x') + "\r\n\r\n");
    for (size_t size : {8192, 65536}) {
        const std::string head = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: ";
        ask_and_stay(head + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x'));
    }
    std::string page = rig.ask("GET /m HTTP/1.1\r\nHost: a\r\n\r\n").bytes;
    EXPECT_NE(page.find("\nsluice_connections_waiting{worker=\"0\"} 7\n"), page.npos) << page;
    sleep_seconds(2.5);
    std::string none;
    for (Socket& client : clients)
        EXPECT_EQ(client.read_some(none, in_seconds(0)), Io::timeout) << "keepalive_timeout";
    for (Socket& client : clients) {
        EXPECT_EQ(client.read_some(none, in_seconds(5)), Io::eof);
        client.close();
    }
    rig.expect_calm();
}

// A body that trickles never meets client_body_timeout; client_min_rate ends it.
TEST(SlowClient, BodyThatTricklesIsCut)
{
    Rig rig(
        "client_min_rate 200 grace=300ms;"
        "location / { proxy_pass http://origin; }",
        [](Peer& peer) {
            std::string head, body;
            if (peer.head(head) && peer.take(30, body))
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
    const std::string head = "POST / HTTP/1.0\r\nContent-Length: 30\r\n\r\n";
    Socket slow = rig.connect(), steady = rig.connect();
    slow.write_all(head, in_seconds(5));
    int sent = 0;
    while (sent < 30 && slow.write_all("x", in_seconds(1)) == Io::ok) {
        ++sent;
        sleep_seconds(0.05);
        std::string end;
        if (slow.read_some(end, in_seconds(0)) != Io::timeout)
            break;
    }
    EXPECT_GE(sent, 6);
    EXPECT_LT(sent, 20);
    EXPECT_NE(rig.error_log().find("more slowly than client_min_rate 200"), std::string::npos);
    steady.write_all(head + std::string(15, 'x'), in_seconds(5));
    sleep_seconds(0.2);  // within the grace
    steady.write_all(std::string(15, 'x'), in_seconds(5));
    EXPECT_EQ(read_reply(steady).code(), "200");
    rig.expect_calm();
}

}  // namespace
}  // namespace sluice::fault
