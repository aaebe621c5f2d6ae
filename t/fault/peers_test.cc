// SPDX-License-Identifier: Apache-2.0
// What the workers of the real program know of upstream servers together: who fails, and how many
// requests each has, over reloads and deaths.
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

struct Farm : Fleet {
    explicit Farm(int workers) : Fleet(), main("worker_processes " + text(workers) + ";") {}
    void configure(const std::string& upstream, const std::string& server = "")
    {
        std::string locations =
            "location / { proxy_pass http://app; } location = /status { status "
            "prometheus; } location = /hi { return 200 hi; }" +
            server;
        Fleet::configure(main, locations, "upstream app { " + upstream + " }");
    }
    std::string at(int i) const { return "server 127.0.0.1:" + text(port(i)); }
    double metric(const std::string& name, int i) const
    {
        std::string page = ask("/status");
        size_t line = page.find("sluice_upstream_peer_" + name +
                                "{upstream=\"app\",peer=\"127.0.0.1:" + text(port(i)) + "\"");
        return line == page.npos ? -1 : std::atof(page.c_str() + page.find("} ", line) + 2);
    }
    bool reload()
    {
        std::vector<int> before = workers();
        signal(SIGHUP);
        return eventually([&] {
            std::vector<int> now = workers();
            return now.size() == before.size() && now != before;
        });
    }
    std::string main;
};

const std::string two = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2";

void answer(Peer& peer)
{
    for (std::string head; peer.head(head);)
        peer.send(two);
}

TEST(Peers, AllWorkersKnowWhoFails)
{
    Farm farm(3);
    Origin dead(farm.port(1), [](Peer&p) { p.socket.reset(); }), good(farm.port(2), answer);
    farm.configure(farm.at(1) + " fail_timeout=60s; " + farm.at(2) + "; keepalive 0;");
    ASSERT_TRUE(farm.start());
    for (int i = 0; i < 60; ++i)
        EXPECT_EQ(farm.ask("/"), "200 2") << i;
    // Those that were under way when the first one failed, at most one each.
    EXPECT_LE(dead.accepted, 3);
    EXPECT_GE(dead.accepted, 1);
    EXPECT_EQ(farm.metric("up", 1), 0);
    EXPECT_EQ(farm.metric("failures_total", 1), dead.accepted);
    EXPECT_EQ(farm.metric("requests_total", 2), 60);
    // A reload does not forget it, nor what was counted.
    int before = dead.accepted;
    ASSERT_TRUE(farm.reload());
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(farm.ask("/"), "200 2");
    EXPECT_EQ(dead.accepted, before);
    EXPECT_EQ(farm.metric("requests_total", 2), 80);
}

TEST(Peers, WhoRestedIsAskedOnceByAllWorkersTogether)
{
    Farm farm(3);
    Origin dead(farm.port(1), [](Peer&p) { p.socket.reset(); }), good(farm.port(2), answer);
    farm.configure(farm.at(1) + " fail_timeout=1s; " + farm.at(2) + "; keepalive 0;");
    ASSERT_TRUE(farm.start());
    runner::Deadline end = in_seconds(4.5);
    while (runner::Clock::now() < end)
        EXPECT_EQ(farm.ask("/"), "200 2");
    EXPECT_LE(dead.accepted, 3 + 4);
    EXPECT_GE(dead.accepted, 3);
}

TEST(Peers, MaxConnsCountsAllWorkersAndAKilledOnesAreGivenBack)
{
    Farm farm(2);
    Origin silent(farm.port(1), [&](Peer& p) {
        for (std::string head; p.head(head);)
            ;
    });
    Origin spill(farm.port(2), answer);
    farm.configure(farm.at(1) + " max_conns=3; " + farm.at(2) + " backup; keepalive 0;");
    ASSERT_TRUE(farm.start());
    auto hold = [&] {
        Socket s = Socket::connect(text(farm.port()));
        s.write_all("GET / HTTP/1.0\r\n\r\n", in_seconds(5));
        return s;
    };
    std::vector<Socket> clients;
    for (int i = 1; i <= 3; ++i) {
        clients.push_back(hold());
        ASSERT_TRUE(eventually([&] { return silent.accepted == i; })) << i;
    }
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(farm.ask("/"), "200 2") << "the fourth goes to the backup";
    EXPECT_EQ(farm.metric("requests_active", 1), 3);
    for (int pid : farm.workers())
        send(pid, SIGKILL);
    ASSERT_TRUE(eventually([&] { return farm.ask("/hi") == "200 hi"; }));
    ASSERT_TRUE(eventually([&] { return farm.metric("requests_active", 1) == 0; }));
    for (int i = 4; i <= 6; ++i) {
        clients.push_back(hold());
        ASSERT_TRUE(eventually([&] { return silent.accepted == i; })) << i;
    }
    EXPECT_EQ(farm.ask("/"), "200 2");
    EXPECT_EQ(silent.accepted, 6);
}

}  // namespace
}  // namespace sluice::fault
