// SPDX-License-Identifier: Apache-2.0
// Random connections, from a fixed seed: connects that say nothing, half requests, garbage, resets,
// half-closes, pipelines, slow ones, to a proxied, a static and a returned answer. 2,000 of them,
// or SLUICE_RANDOM_CONNECTIONS (t/fault/run: 100,000). Then: alive, no report, what had to be
// answered was, and descriptors, connection slots and memory are as they were.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "rig.h"

namespace sluice::fault {
namespace {

using runner::sleep_seconds;

const std::string page(3000, 'p');

// Each answer is 2,000 bytes; now and then it never comes whole.
void play(Peer& peer)
{
    static std::atomic<unsigned> seed{1};
    std::mt19937 random(seed++);
    for (std::string head, body; peer.head(head); body.clear()) {
        size_t length = head.find("Content-Length: ");
        if (length != std::string::npos && !peer.take(std::stoul(head.substr(length + 16)), body))
            return;
        std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n";
        if (head.find("/breaks") != std::string::npos) {
            peer.send(bytes.substr(0, random() % bytes.size()));
            return;
        }
        peer.send(bytes + std::string(2000, 'o'));
    }
}

class Client
{
public:
    Client(const Rig& rig, unsigned seed) : rig_(rig), random_(seed) {}

    void one()
    {
        Socket socket = rig_.connect();
        if (!socket.open())
            return wrong("no connection");
        ++connections;
        asked_.clear();
        using Act = void (Client::*)(Socket&);
        static constexpr Act acts[] = {
            &Client::say_nothing, &Client::half_request, &Client::garbage,    &Client::huge_head,
            &Client::slow,        &Client::half_close,   &Client::pipeline,   &Client::pipeline,
            &Client::leave_early, &Client::half_body,    &Client::broken_off,
        };
        (this->*acts[pick(std::size(acts))])(socket);
        if (socket.open() && pick(3) == 0)
            socket.reset();
    }

    int connections = 0, answers = 0;
    std::string what;  // was wrong first

private:
    size_t pick(size_t n) { return random_() % n; }
    void wrong(const std::string& text)
    {
        if (what.empty())
            what = text;
    }
    std::string path() { return std::vector<std::string>{"/proxied", "/file", "/said"}[pick(3)]; }
    std::string request() { return request(path()); }
    std::string request(const std::string& to)
    {
        asked_ += to + " ";
        return "GET " + to + " HTTP/1.1\r\nHost: a\r\n\r\n";
    }

    void say_nothing(Socket&)
    {
        if (pick(4) == 0)
            sleep_seconds(0.01);
    }
    void half_request(Socket& socket)
    {
        std::string bytes = request();
        socket.write_all(bytes.substr(0, 1 + pick(bytes.size() - 1)), in_seconds(5));
        end_somehow(socket);
    }
    void garbage(Socket& socket)
    {
        std::string bytes(1 + pick(5000), '\0');
        for (char& c : bytes)
            c = static_cast<char>(pick(8) ? random_() : "\r\n :/"[pick(5)]);
        socket.write_all(bytes, in_seconds(5));
        end_somehow(socket);
    }
    void huge_head(Socket& socket)
    {
        std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
        while (bytes.size() < 40000)
            bytes +=
                "X-" + std::to_string(random_()) + ": " + std::string(pick(3000), 'x') + "\r\n";
        socket.write_all(bytes, in_seconds(5));
        end_somehow(socket);
    }
    void slow(Socket& socket)
    {
        std::string bytes = request();
        for (size_t at = 0, n; at < bytes.size(); at += n) {
            n = 1 + pick(20);
            socket.write_all(std::string_view(bytes).substr(at, n), in_seconds(5));
            sleep_seconds(0.001);
        }
        expect(socket, 1, "slow");
    }
    // A client that has finished sending is still answered; while an upstream server is waited for,
    // where proxy_ignore_client_abort says so (else it has left, as with nginx).
    void half_close(Socket& socket)
    {
        std::string to = std::vector<std::string>{"/kept", "/file", "/said"}[pick(3)];
        socket.write_all(request(to), in_seconds(5));
        socket.shut_write();
        expect(socket, 1, "half closed");
    }
    void pipeline(Socket& socket)
    {
        size_t n = 1 + pick(6);
        std::string bytes;
        for (size_t i = 0; i < n; ++i)
            bytes += request();
        socket.write_all(bytes, in_seconds(5));
        expect(socket, n, "pipeline");
    }
    void leave_early(Socket& socket)
    {
        std::string bytes;
        for (size_t i = 1 + pick(4); i > 0; --i)
            bytes += request();
        socket.write_all(bytes, in_seconds(5));
        if (pick(2))
            socket.reset();
    }
    void half_body(Socket& socket)
    {
        size_t size = 1 + pick(100000);
        socket.write_all("POST /proxied HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                             std::to_string(size) + "\r\n\r\n" + std::string(pick(size), 'b'),
                         in_seconds(5));
        end_somehow(socket);
    }
    void broken_off(Socket& socket)
    {
        socket.write_all("GET /breaks HTTP/1.1\r\nHost: a\r\n\r\n", in_seconds(5));
        Reply reply = read_reply(socket, "GET", 1, 10);
        if (reply.end == Io::timeout)
            wrong("no end: " + reply.bytes.substr(0, 200));
    }

    void end_somehow(Socket& socket)
    {
        switch (pick(4)) {
        case 0: socket.reset(); return;
        case 1:
            socket.shut_write();
            read_reply(socket, "GET", 1, 5);
            return;
        case 2: read_reply(socket, "GET", 1, 0.01); return;
        default: return;
        }
    }
    void expect(Socket& socket, size_t n, const std::string& act)
    {
        Reply reply = read_reply(socket, "GET", n, 10);
        size_t good = 0;
        for (const runner::Response& r : reply.all) {
            bool whole = r.complete && r.code == "200";
            good += whole && (r.body == page || r.body == std::string(2000, 'o') || r.body == "hi");
        }
        answers += static_cast<int>(good);
        if (good != n)
            wrong(act + ": " + std::to_string(good) + " of " + std::to_string(n) + " answers, " +
                  (reply.end == Io::timeout ? "no end: " : "then the end: ") + asked_ +
                  reply.bytes.substr(0, 300));
    }

    const Rig& rig_;
    std::mt19937 random_;
    std::string asked_;  // paths of this connection
};

// Its number in the page of metrics; -1: it is not there.
long metric(const Rig& rig, const std::string& name)
{
    std::string text = rig.ask("GET /metrics HTTP/1.0\r\n\r\n").bytes;
    size_t at = text.find("\n" + name + "{");
    at = at == std::string::npos ? at : text.find("} ", at);
    return at == std::string::npos ? -1 : std::atol(text.c_str() + at + 2);
}

TEST(Random, ConnectionsOfAnyKindLeaveNothingBehind)
{
    const char* wanted = std::getenv("SLUICE_RANDOM_CONNECTIONS");
    const int all = wanted ? std::atoi(wanted) : 2000, warm = std::max(500, all / 10);
    Rig rig(
        "location = /proxied { proxy_pass http://origin; }"
        "location = /kept { proxy_pass http://origin; proxy_ignore_client_abort on; }"
        "location = /breaks { proxy_pass http://origin; proxy_next_upstream off; }"
        "location = /file { root html; }"
        "location = /said { return 200 hi; }"
        "location = /metrics { status prometheus; access_log off; }",
        play);
    rig.write("html/file", page);
    std::atomic<int> left{0};
    int connections = 0, answers = 0;
    unsigned seed = 1;
    auto run = [&](int n) {
        left = n;
        std::vector<Client> clients;
        for (int i = 0; i < 12; ++i)
            clients.emplace_back(rig, seed++);
        std::vector<std::thread> threads;
        for (Client& client : clients)
            threads.emplace_back([&] {
                while (left-- > 0 && client.what.empty())
                    client.one();
            });
        for (std::thread& t : threads)
            t.join();
        for (const Client& client : clients) {
            EXPECT_EQ(client.what, "");
            connections += client.connections;
            answers += client.answers;
        }
        rig.expect_calm();
    };
    run(warm);  // pools, caches and the sanitizer's quarantine are full then
    long before = rig.resident_kb(), slots = metric(rig, "sluice_connection_slots_used");
    run(all - warm);
    long after = rig.resident_kb();
    std::printf("%d connections, %d answers; %ld kB before, %ld kB after\n", connections, answers,
                before, after);
    EXPECT_EQ(connections, all);
    EXPECT_GT(answers, all / 2);
    EXPECT_LE(after, before + 8192);
    // Its own, and at most eight to the origin that idle.
    EXPECT_GE(slots, 1);
    EXPECT_GE(metric(rig, "sluice_connection_slots_used"), 1);
    EXPECT_LE(metric(rig, "sluice_connection_slots_used"), 9);
}

}  // namespace
}  // namespace sluice::fault
