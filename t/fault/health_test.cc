// SPDX-License-Identifier: Apache-2.0
// health_check of the real program: who fails gets no requests, one prober for a server over all
// workers, and another one when that is killed.
#include <gtest/gtest.h>
#include <signal.h>

#include "fleet.h"
#include "origin.h"

namespace sluice::fault {
namespace {

std::string text(int n)
{
    return std::to_string(n);
}

/// An app whose health page says what the test wants, and that counts who asks for what.
struct App {
    explicit App(int port) : origin(port, [this](Peer& peer) { play(peer); }) {}
    void play(Peer& peer)
    {
        for (std::string head; peer.head(head);) {
            bool probe = head.starts_with("GET /health ");
            ++(probe ? probes : requests);
            if (probe && head.find("Host: app\r\n") == head.npos)
                ++wrong;
            std::string page = probe && sick ? "sick" : "fine";
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + page);
            if (head.find("Connection: close") != head.npos)
                return;
        }
    }
    std::atomic<bool> sick = false;
    std::atomic<int> probes = 0, requests = 0, wrong = 0;
    Origin origin;
};

std::string servers(const Fleet& fleet)
{
    return "upstream app { server 127.0.0.1:" + text(fleet.port(1)) +
           "; server 127.0.0.1:" + text(fleet.port(2)) +
           "; } match fine { status 200; body ~ fine; }";
}

std::string location(const std::string& parameters)
{
    return "location / { proxy_pass http://app; health_check uri=/health match=fine " + parameters +
           "; } location = /status { status prometheus; }";
}

double metric(const Fleet& fleet, const std::string& name, int i)
{
    std::string page = fleet.ask("/status");
    size_t line = page.find("sluice_upstream_peer_" + name +
                            "{upstream=\"app\",peer=\"127.0.0.1:" + text(fleet.port(i)) + "\"");
    return line == page.npos ? -1 : std::atof(page.c_str() + page.find("} ", line) + 2);
}

bool reload(Fleet& fleet)
{
    std::vector<int> before = fleet.workers();
    fleet.signal(SIGHUP);
    return eventually([&] {
        std::vector<int> now = fleet.workers();
        for (int pid : before)
            if (std::find(now.begin(), now.end(), pid) != now.end())
                return false;
        return now.size() == before.size();
    });
}

TEST(Health, WhoIsSickGetsNothingUntilHeIsWell)
{
    Fleet fleet;
    App one(fleet.port(1)), two(fleet.port(2));
    fleet.configure("worker_processes 2;", location("interval=100ms fails=2 passes=2"),
                    servers(fleet));
    ASSERT_TRUE(fleet.start());
    ASSERT_TRUE(eventually([&] { return one.probes > 2 && two.probes > 2; }));
    one.sick = true;
    ASSERT_TRUE(eventually([&] { return metric(fleet, "unhealthy", 1) == 1; }));
    int before = one.requests;
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(fleet.ask("/"), "200 fine");
    EXPECT_EQ(one.requests, before);
    // A reload asks again, but knows what it knew.
    ASSERT_TRUE(reload(fleet));
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(fleet.ask("/"), "200 fine");
    EXPECT_EQ(one.requests, before);
    one.sick = false;
    ASSERT_TRUE(eventually([&] { return metric(fleet, "unhealthy", 1) == 0; }));
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(fleet.ask("/"), "200 fine");
    EXPECT_GT(one.requests, before);
    EXPECT_EQ(one.wrong, 0);
    EXPECT_NE(fleet.log().find("is unhealthy: the body does not match"), std::string::npos);
    EXPECT_NE(fleet.log().find("is healthy"), std::string::npos);
    // Both of them: nobody is left.
    one.sick = two.sick = true;
    ASSERT_TRUE(eventually([&] { return fleet.ask("/").starts_with("502"); }));
    // And one that refuses is sick, too.
    one.sick = two.sick = false;
    ASSERT_TRUE(eventually([&] { return metric(fleet, "unhealthy", 1) == 0; }));
    one.origin.stop();
    ASSERT_TRUE(eventually([&] { return metric(fleet, "unhealthy", 1) == 1; }));
    EXPECT_NE(fleet.log().find("is unhealthy: connect() failed (111"), std::string::npos);
}

TEST(Health, OneProberOfAllWorkersAndAnotherWhenItDies)
{
    Fleet fleet;
    App one(fleet.port(1)), two(fleet.port(2));
    // A prober that is killed in the middle of a probe is missed when that is overdue.
    fleet.configure("worker_processes 3;", location("interval=200ms timeout=1s"), servers(fleet));
    ASSERT_TRUE(fleet.start());
    ASSERT_TRUE(eventually([&] { return one.probes > 0 && fleet.workers().size() == 3; }));
    int before = one.probes;
    runner::sleep_seconds(2);
    EXPECT_LE(one.probes - before, 11) << "every 200 ms, whatever the number of workers";
    EXPECT_GE(one.probes - before, 5);
    // Each one in turn, so that the prober is among them.
    for (int victim : fleet.workers()) {
        send(victim, SIGKILL);
        before = one.probes;
        int before_two = two.probes;
        EXPECT_TRUE(eventually([&] { return one.probes > before + 2; }, 5));
        EXPECT_TRUE(eventually([&] { return two.probes > before_two + 2; }, 5));
    }
    EXPECT_NE(fleet.log().find("no more,"), std::string::npos) << "somebody took it over";
    ASSERT_TRUE(eventually([&] { return fleet.workers().size() == 3; }));
    before = one.probes;
    runner::sleep_seconds(2);
    EXPECT_LE(one.probes - before, 11);
    EXPECT_GE(one.probes - before, 5);
}

TEST(Health, AMandatoryOneComesFirst)
{
    Fleet fleet;
    App one(fleet.port(1)), two(fleet.port(2));
    one.sick = two.sick = true;
    fleet.configure("worker_processes 2;", location("interval=100ms mandatory persistent"),
                    servers(fleet));
    ASSERT_TRUE(fleet.start());
    EXPECT_TRUE(fleet.ask("/").starts_with("502"));
    one.sick = two.sick = false;
    ASSERT_TRUE(eventually([&] { return fleet.ask("/") == "200 fine"; }));
    ASSERT_TRUE(eventually(
        [&] { return metric(fleet, "unhealthy", 1) == 0 && metric(fleet, "unhealthy", 2) == 0; }));
    // persistent: no gap at a reload.
    ASSERT_TRUE(reload(fleet));
    EXPECT_EQ(fleet.ask("/"), "200 fine");
}

TEST(Health, KeptConnectionsAndTcp)
{
    Fleet fleet;
    App one(fleet.port(1)), two(fleet.port(2));
    fleet.configure("worker_processes 1;", location("interval=50ms keepalive_time=10s"),
                    servers(fleet));
    ASSERT_TRUE(fleet.start());
    ASSERT_TRUE(eventually([&] { return one.probes > 10; }));
    EXPECT_EQ(one.origin.accepted, 1);
    fleet.configure("worker_processes 1;",
                    "location / { proxy_pass http://app; health_check type=tcp interval=50ms; }"
                    "location = /status { status prometheus; }",
                    servers(fleet));
    ASSERT_TRUE(reload(fleet));
    int before = one.origin.accepted;
    ASSERT_TRUE(eventually([&] { return one.origin.accepted > before + 5; }));
    EXPECT_EQ(metric(fleet, "unhealthy", 1), 0);
    one.origin.stop();
    ASSERT_TRUE(eventually([&] { return metric(fleet, "unhealthy", 1) == 1; }));
    EXPECT_EQ(metric(fleet, "unhealthy", 2), 0);
}

}  // namespace
}  // namespace sluice::fault
