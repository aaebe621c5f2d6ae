// SPDX-License-Identifier: Apache-2.0
// Servers that go and come while clients ask: what is lost, and what is done twice.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>

#include <random>
#include <set>

#include "fleet.h"
#include "origin.h"

namespace sluice::fault {
namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::string text(int n)
{
    return std::to_string(n);
}

void answer(Peer& peer)
{
    for (std::string head; peer.head(head);)
        peer.send(ok);
}

/// Clients that count what they get, until they are told to end.
class Clients
{
public:
    Clients(int port, int n) : port_(port)
    {
        for (int i = 0; i < n; ++i)
            threads_.emplace_back([this] { run(); });
    }
    ~Clients() { end(); }
    void end()
    {
        stop_ = true;
        for (std::thread& t : threads_)
            t.join();
        threads_.clear();
    }
    std::atomic<int> good = 0, bad = 0;
    std::atomic<int> slow = 0;       // that took more than 250 ms
    std::atomic<int> most_slow = 0;  // of one client
    std::string what;

private:
    void run()
    {
        int mine = 0;
        for (Socket s; !stop_; runner::sleep_seconds(0.002)) {
            if (!s.open())
                s = Socket::connect(text(port_));
            auto begin = runner::Clock::now();
            s.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n", in_seconds(5));
            Reply r = read_reply(s, "GET", 1, 20);
            bool fine = r.complete() && r.code() == "200" && r.last().body == "ok";
            ++(fine ? good : bad);
            if (runner::Clock::now() - begin > std::chrono::milliseconds(250)) {
                ++slow;
                most_slow = std::max(most_slow.load(), ++mine);
            }
            if (!fine || r.last().header("Connection").value_or("") == "close")
                s.close();
            if (fine)
                continue;
            std::lock_guard lock(mutex_);
            what += r.bytes.substr(0, 60) + "\n";
        }
    }
    int port_;
    std::atomic<bool> stop_ = false;
    std::mutex mutex_;
    std::vector<std::thread> threads_;
};

TEST(Retry, TheOnlyServerIsRestartedUnderLoad)
{
    Fleet fleet("worker_processes 2;");
    Origin app(fleet.port(1), answer);
    fleet.configure(
        "worker_processes 2;",
        "location / { proxy_hold 10s; proxy_pass http://127.0.0.1:" + text(fleet.port(1)) + "; }");
    ASSERT_TRUE(fleet.start());
    Clients clients(fleet.port(), 8);
    runner::sleep_seconds(0.5);
    app.stop();
    runner::sleep_seconds(3);
    int before = clients.good;
    app.start();
    EXPECT_TRUE(eventually([&] { return clients.good > before + 200; }));
    clients.end();
    EXPECT_EQ(clients.bad, 0) << clients.what;
    EXPECT_LE(clients.slow, 8) << "each was held once";
    EXPECT_GT(before, 50);
}

TEST(Retry, AServerThatComesAndGoesEvery100Ms)
{
    Fleet fleet;
    Origin steady(fleet.port(1), answer), flapping(fleet.port(2), answer);
    fleet.configure("worker_processes 2;", "location / { proxy_pass http://app; }",
                    "upstream app { server 127.0.0.1:" + text(fleet.port(1)) +
                        "; server 127.0.0.1:" + text(fleet.port(2)) + " max_fails=0; }");
    ASSERT_TRUE(fleet.start());
    Clients clients(fleet.port(), 6);
    for (int i = 0; i < 30; ++i) {
        runner::sleep_seconds(0.1);
        if (i % 2 == 0)
            flapping.stop();
        else
            flapping.start();
    }
    clients.end();
    EXPECT_EQ(clients.bad, 0) << clients.what;
    EXPECT_GT(clients.good, 200);
    EXPECT_GT(flapping.accepted, 5);
}

TEST(Retry, ADeadServerAmongFourCostsAClientOneTimeout)
{
    // A full queue: what comes next gets no answer at all, as from a machine that is gone.
    Fleet fleet;
    Socket dead = Socket::listen(text(fleet.port(4)));
    ::listen(dead.fd(), 0);
    std::vector<Socket> queue;
    for (int i = 0; i < 3; ++i) {
        queue.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<uint16_t>(fleet.port(4)));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::connect(queue.back().fd(), reinterpret_cast<sockaddr*>(&to), sizeof to);
    }
    Origin a(fleet.port(1), answer), b(fleet.port(2), answer), c(fleet.port(3), answer);
    std::string servers;
    for (int i = 1; i <= 4; ++i)
        servers += "server 127.0.0.1:" + text(fleet.port(i)) + " fail_timeout=2s; ";
    fleet.configure("worker_processes 2;",
                    "proxy_connect_timeout 400ms; location / { proxy_pass http://app; }",
                    "upstream app { " + servers + "}");
    ASSERT_TRUE(fleet.start());
    Clients clients(fleet.port(), 4);
    runner::sleep_seconds(5.6);  // less than three times fail_timeout
    clients.end();
    EXPECT_EQ(clients.bad, 0) << clients.what;
    EXPECT_GE(clients.slow, 1);
    EXPECT_LE(clients.most_slow, 3) << "once in each fail_timeout";
    EXPECT_LE(clients.slow, 4 + 2) << "at first all may meet it, later one finds out for all";
}

TEST(Retry, QueuedRequestsWaitForRoomAndNoMoreAreAtTheServer)
{
    Fleet fleet;
    std::atomic<int> now = 0, most = 0;
    Origin app(fleet.port(1), [&](Peer& peer) {
        for (std::string head; peer.head(head);) {
            most = std::max(most.load(), ++now);
            runner::sleep_seconds(0.02);
            --now;
            peer.send(ok);
        }
    });
    fleet.configure("worker_processes 2;", "location / { proxy_pass http://app; }",
                    "upstream app { server 127.0.0.1:" + text(fleet.port(1)) +
                        " max_conns=2; queue 20 timeout=10s; }");
    ASSERT_TRUE(fleet.start());
    Clients clients(fleet.port(), 10);
    runner::sleep_seconds(2);
    clients.end();
    EXPECT_EQ(clients.bad, 0) << clients.what;
    EXPECT_GT(clients.good, 50);
    // Two workers may take the last place at once.
    EXPECT_LE(most, 3);
}

/// Answers one request of a connection, and closes it about when the next one comes: before it,
/// while it is under way, or behind its head, which it notes.
struct Closing {
    void operator()(Peer& peer)
    {
        std::minstd_rand dice(static_cast<unsigned>(++seed));
        for (std::string head; take(peer, head);) {
            peer.send(ok);
            if (unsigned how = dice() % 4; how == 0) {
                runner::sleep_seconds(static_cast<double>(dice() % 2000) * 1e-6);
                if (dice() % 2)
                    peer.socket.reset();
                return;
            } else if (how == 1) {
                if (take(peer, head) && dice() % 2)
                    peer.socket.reset();
                return;
            }
        }
    }
    bool take(Peer& peer, std::string& head)
    {
        std::string body;
        if (!peer.head(head))
            return false;
        if (head.starts_with("POST") && !peer.take(8, body))
            return false;
        size_t at = head.find("/id");
        std::lock_guard lock(mutex);
        ++seen[head.substr(at, head.find(' ', at) - at)];
        return true;
    }
    std::atomic<int> seed = 0;
    std::mutex mutex;
    std::map<std::string, int> seen;
};

TEST(Retry, KeptConnectionsThatCloseJustThen)
{
    Closing closing;
    Rig rig("location / { proxy_pass http://origin; }", [&](Peer& peer) { closing(peer); });
    Socket client = rig.connect();
    int posts_failed = 0;
    constexpr int n = 10000;
    for (int i = 0; i < n; ++i) {
        bool post = i % 3 == 0;
        std::string id = "/id" + text(i);
        client.write_all((post ? "POST " : "GET ") + id + " HTTP/1.1\r\nHost: a\r\n" +
                             (post ? "Content-Length: 8\r\n\r\n12345678" : "\r\n"),
                         in_seconds(5));
        Reply r = read_reply(client, post ? "POST" : "GET");
        ASSERT_TRUE(r.complete()) << i << r.bytes;
        std::lock_guard lock(closing.mutex);
        if (!post) {
            ASSERT_EQ(r.code(), "200") << id << rig.error_log();
        } else {
            ASSERT_LE(closing.seen[id], 1) << "twice: " << id;
            ASSERT_TRUE(r.code() == "502" || closing.seen[id] == 1) << id;
            posts_failed += r.code() == "502";
        }
        if (r.last().header("Connection").value_or("") == "close")
            client = rig.connect();
    }
    EXPECT_GT(rig.origin_connections(), n / 20);
    EXPECT_GT(posts_failed, 0) << "or nothing was tried";
    client.close();
    rig.expect_calm();
}

}  // namespace
}  // namespace sluice::fault
