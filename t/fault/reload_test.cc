// SPDX-License-Identifier: Apache-2.0
// Reloads under load: nothing may be lost, whatever the number of workers and listeners does.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include "fleet.h"
#include "origin.h"

namespace sluice::fault {
namespace {

void expect_quiet(const Fleet& fleet)
{
    std::string log = fleet.log(), out = fleet.read("logs/out");
    for (const char* bad : {"[alert]", "[emerg]", "Sanitizer", "runtime error"}) {
        EXPECT_EQ(log.find(bad), std::string::npos) << log.substr(log.find(bad), 500);
        EXPECT_EQ(out.find(bad), std::string::npos) << out;
    }
}

// A HUP every 200 ms; each is taken before the next one, or it would merge with it.
void reload_often(Fleet& fleet, int times, const std::function<void(int)>& prepare)
{
    size_t before = count(fleet.log(), ": reconfiguring\n");
    for (int i = 0; i < times; ++i) {
        runner::Deadline slot = in_seconds(0.2);
        prepare(i);
        fleet.signal(SIGHUP);
        size_t wanted = before + static_cast<size_t>(i) + 1;
        ASSERT_TRUE(eventually([&] { return count(fleet.log(), ": reconfiguring\n") >= wanted; }))
            << fleet.log();
        while (runner::Clock::now() < slot)
            sleep_seconds(0.002);
    }
}

TEST(Reload, FiftyInTenSecondsLoseNothing)
{
    Fleet fleet("worker_processes 2;");
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    Load load(fleet, 2, 4);
    reload_often(fleet, 50, [](int) {});
    EXPECT_EQ(load.end(), "");
    EXPECT_GT(load.answers(), 1000u);
    EXPECT_TRUE(eventually([&] { return fleet.workers().size() == 2; }));
    expect_quiet(fleet);
}

/// An app that takes its time, and notices when nobody waits for its answer to the end.
struct SlowApp {
    explicit SlowApp(int port) : origin(port, [this](Peer& peer) { play(peer); }) {}
    void play(Peer& peer)
    {
        ++open;
        for (std::string head; peer.head(head);) {
            ++requests;
            auto say = [&](const char* text) {
                return peer.socket.write_all(text, in_seconds(5)) == Io::ok;
            };
            bool said = say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfi");
            runner::sleep_seconds(0.02);
            char byte;
            bool left = ::recv(peer.socket.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
            cut += left || !said || !say("ne");
            if (head.find("onnection: close") != head.npos)
                break;
        }
        --open;
    }
    std::atomic<int> requests = 0, cut = 0, open = 0;
    Origin origin;
};

// Workers end with their generation, and connections to upstreams with them: those that idle at
// once, those in use when their requests are done.
TEST(Reload, KeptUpstreamConnectionsEndWhenTheirRequestsHave)
{
    Fleet fleet;
    SlowApp app(fleet.port(1));
    auto configure = [&](int i) {
        // The group stays, its location changes.
        fleet.configure(
            "worker_processes 2;",
            "location / { proxy_pass http://app; add_header X-Turn " + std::to_string(i) + "; }",
            "upstream app { server 127.0.0.1:" + std::to_string(fleet.port(1)) +
                " max_fails=0; keepalive 16; }");
    };
    configure(0);
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    Load load(fleet, 4, 8);
    reload_often(fleet, 25, configure);
    EXPECT_EQ(load.end(), "");
    EXPECT_GT(load.answers(), 500u);
    EXPECT_GE(app.requests, static_cast<int>(load.answers()));
    EXPECT_EQ(app.cut, 0) << "of " << app.requests;
    EXPECT_LT(app.origin.accepted, app.requests / 2) << "they were kept";
    // The old generations are gone, and their connections.
    EXPECT_TRUE(eventually([&] { return children(fleet.started()).size() == 2; }));
    EXPECT_TRUE(eventually([&] { return app.open <= 2 * 16; })) << app.open;
    EXPECT_EQ(count(fleet.log(), "upstream prematurely closed"), 0u);
    EXPECT_EQ(count(fleet.log(), "while reading response header"), 0u);
    expect_quiet(fleet);
}

// Accepted in the very turn in which its worker is told to leave.
TEST(Reload, WhoIsAcceptedAsTheWorkerLeavesIsServed)
{
    Fleet fleet("worker_processes 1;");
    SlowApp app(fleet.port(1));
    fleet.configure("worker_processes 1;", "location / { proxy_pass http://127.0.0.1:" +
                                               std::to_string(fleet.port(1)) + "; }");
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(eventually([&] { return fleet.workers().size() == 1; }));
        int worker = fleet.workers()[0];
        send(worker, SIGSTOP);
        Socket client = Socket::connect(std::to_string(fleet.port()));
        // The new worker may accept it as well, and would keep it.
        ASSERT_EQ(client.write_all("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                                   in_seconds(5)),
                  Io::ok);
        send(worker, SIGQUIT);
        send(worker, SIGCONT);
        std::string bytes;
        for (Io io = Io::ok; io == Io::ok;)
            io = client.read_some(bytes, in_seconds(10));
        EXPECT_TRUE(bytes.ends_with("fine")) << bytes;
        ASSERT_TRUE(eventually([&] { return !lives(worker); }));
    }
    expect_quiet(fleet);
}

TEST(Reload, WorkersAndListenersThatComeAndGoLoseNothing)
{
    Fleet fleet("worker_processes 2;");
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    Load load(fleet, 2, 4);
    reload_often(fleet, 20, [&](int i) {
        std::string more = "location / { return 200 \"" + std::to_string(i) + "\"; }";
        if (i % 2)
            more += " listen 127.0.0.1:" + std::to_string(fleet.port(1 + i % 3)) + ";";
        fleet.configure("worker_processes " + std::to_string(i % 2 ? 4 : 2) + ";", more);
    });
    EXPECT_EQ(load.end(), "");
    EXPECT_TRUE(eventually([&] { return fleet.ask() == "200 19"; })) << fleet.ask();
    EXPECT_EQ(fleet.ask("/", 2), "200 19");
    EXPECT_EQ(fleet.ask("/", 1), "");  // of the generation before
    EXPECT_TRUE(eventually([&] { return fleet.workers().size() == 4; }));
    expect_quiet(fleet);
}

// An old worker answers what still arrives on an idle connection, and says that it was the last.
TEST(Reload, RequestThatCrossesWithTheCloseIsAnswered)
{
    Fleet fleet;
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    for (bool used : {true, false}) {
        runner::Socket idle = runner::Socket::connect(std::to_string(fleet.port()));
        const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        std::string bytes;
        if (used) {
            idle.write_all(request, in_seconds(5));
            ASSERT_EQ(idle.read_some(bytes, in_seconds(5)), runner::Io::ok);
            EXPECT_NE(bytes.find("Connection: keep-alive"), std::string::npos);
        } else {
            sleep_seconds(0.1);  // the old worker accepts it
        }
        std::vector<int> old = fleet.workers();
        ASSERT_EQ(fleet.run({"-s", "reload"}).code, 0);
        sleep_seconds(0.1);  // QUIT has come by then
        bytes.clear();
        idle.write_all(request, in_seconds(5));
        while (idle.read_some(bytes, in_seconds(5)) == runner::Io::ok)
            ;
        EXPECT_TRUE(bytes.starts_with("HTTP/1.1 200 ")) << bytes;
        EXPECT_NE(bytes.find("Connection: close"), std::string::npos) << bytes;
        EXPECT_TRUE(bytes.ends_with("hi\n")) << bytes;
        EXPECT_TRUE(eventually([&] { return !lives(old.at(0)); }));
    }
}

// A client that was told "keep-alive" before its worker was told to leave: it is listened to for a
// moment, not for keepalive_timeout.
TEST(Reload, WhoseAnswerEndsAfterwardsIsNotWaitedFor)
{
    Fleet fleet;
    Origin origin(fleet.port(1), [](Peer& peer) {
        for (std::string head; peer.head(head);) {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfi");
            sleep_seconds(0.5);
            peer.send("ne");
        }
    });
    fleet.configure("worker_processes 1;",
                    "keepalive_timeout 30s; location / { proxy_pass http://127.0.0.1:" +
                        std::to_string(fleet.port(1)) + "; }");
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    ASSERT_TRUE(eventually([&] { return fleet.workers().size() == 1; }));
    for (bool asks_again : {false, true}) {
        int old = fleet.workers().at(0);
        const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        Socket client = Socket::connect(std::to_string(fleet.port()));
        client.write_all(request, in_seconds(5));
        std::string bytes;
        ASSERT_EQ(client.read_some(bytes, in_seconds(5)), runner::Io::ok);
        EXPECT_NE(bytes.find("Connection: keep-alive"), std::string::npos) << bytes;
        fleet.signal(SIGHUP);
        while (!bytes.ends_with("fine"))
            ASSERT_EQ(client.read_some(bytes, in_seconds(5)), runner::Io::ok) << bytes;
        if (asks_again) {
            bytes.clear();
            client.write_all(request, in_seconds(5));
            while (client.read_some(bytes, in_seconds(5)) == runner::Io::ok)
                ;
            EXPECT_NE(bytes.find("Connection: close"), std::string::npos) << bytes;
            EXPECT_TRUE(bytes.ends_with("fine")) << bytes;
        }
        EXPECT_TRUE(eventually([&] { return !lives(old); }, 8));
        ASSERT_TRUE(eventually([&] { return fleet.workers().size() == 1; }));
    }
    expect_quiet(fleet);
}

TEST(Reload, SignalsInAHurryEndWithTheLastGoodConfiguration)
{
    Fleet fleet("worker_processes 2;");
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    for (int i = 0; i < 200; ++i) {
        if (i == 150)
            fleet.configure("worker_processes 3;", "location / { return 200 last; }");
        fleet.signal(i % 10 == 9 ? SIGUSR1 : SIGHUP);
        sleep_seconds(0.005);
    }
    EXPECT_TRUE(eventually([&] { return fleet.ask() == "200 last"; }));
    fleet.configure("worker_processes 5;", "this_is_no_directive;");
    fleet.signal(SIGHUP);
    EXPECT_TRUE(
        eventually([&] { return fleet.log().find("this_is_no_directive") != std::string::npos; }));
    EXPECT_TRUE(eventually([&] { return fleet.workers().size() == 3; })) << fleet.log();
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(fleet.ask(), "200 last");
    EXPECT_EQ(fleet.workers().size(), 3u);
}

TEST(Signals, APidFileThatNamesAWorkerHitsNobody)
{
    Fleet fleet("worker_processes 1;");
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    ASSERT_TRUE(eventually([&] { return fleet.workers().size() == 1; }));
    int worker = fleet.workers()[0];
    fleet.write("logs/nginx.pid", std::to_string(worker) + "\n");
    for (const char* signal : {"stop", "quit", "reload", "reopen"}) {
        Said said = fleet.run({"-s", signal});
        EXPECT_EQ(said.code, 1) << signal;
        EXPECT_NE(said.text.find("is not a sluice master"), std::string::npos) << said.text;
    }
    EXPECT_TRUE(lives(worker));
    EXPECT_EQ(children(fleet.started()), std::vector<int>{worker});
}

}  // namespace
}  // namespace sluice::fault
