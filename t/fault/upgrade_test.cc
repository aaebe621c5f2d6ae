// SPDX-License-Identifier: Apache-2.0
// Another program takes over under load: USR2, WINCH, QUIT; roll-back; what cannot start.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "fleet.h"

namespace sluice::fault {
namespace {

constexpr const char* old_file = "logs/nginx.pid.oldbin";

bool upgraded(const Fleet& fleet, int old)
{
    return eventually([&] {
        int now = fleet.pid();
        return now != 0 && now != old && fleet.pid(old_file) == old;
    });
}

void rest(const Fleet& fleet, int old)
{
    std::vector<int> workers = children(old);
    std::erase(workers, fleet.pid());
    send(old, SIGWINCH);
    for (int worker : workers)
        ASSERT_TRUE(eventually([&] { return !lives(worker); }));
}

size_t workers_of(int master)
{
    size_t n = 0;
    for (int child : children(master))
        n += proc_file(child, "cmdline").starts_with("nginx: worker process (");
    return n;
}

// WINCH is heard by daemons only: in the foreground it says that a terminal changed its size.
class Upgrade : public ::testing::Test
{
protected:
    void begin()
    {
        Said said = fleet.run({"-g", "daemon on;"});
        ASSERT_EQ(said.code, 0) << said.text;
        old = fleet.pid();
        ASSERT_NE(old, 0);
    }
    Fleet fleet{"worker_processes 2;"};
    int old = 0;
};

// How the workers share the listening sockets, which both masters have.
class UpgradeUnderLoad : public Upgrade, public ::testing::WithParamInterface<const char*>
{
};

INSTANTIATE_TEST_SUITE_P(Listen, UpgradeUnderLoad,
                         ::testing::Values("", "reuseport", "accept=mutex"),
                         [](const auto& p) { return "mode" + std::to_string(p.index); });

TEST_P(UpgradeUnderLoad, ThereBackAndThereAgainLosesNothing)
{
    fleet.listen_options = GetParam();
    fleet.configure("worker_processes 2;", "");
    begin();
    Load load(fleet, 2, 4);
    sleep_seconds(0.3);

    // There …
    send(old, SIGUSR2);
    ASSERT_TRUE(upgraded(fleet, old)) << fleet.log();
    int next = fleet.pid();
    EXPECT_EQ(workers_of(old), 2u);
    EXPECT_EQ(workers_of(next), 2u);
    rest(fleet, old);
    sleep_seconds(0.3);

    // … and back: nothing is read anew.
    fleet.write("conf/nginx.conf", "no_directive;");
    send(old, SIGHUP);
    EXPECT_TRUE(eventually([&] { return workers_of(old) == 2; })) << fleet.log();
    send(next, SIGQUIT);
    EXPECT_TRUE(eventually([&] { return fleet.pid() == old; })) << fleet.log();
    EXPECT_TRUE(eventually([&] { return !lives(next); }));
    EXPECT_EQ(fleet.pid(old_file), 0);
    sleep_seconds(0.3);

    // Once more, to the end.
    fleet.configure("worker_processes 2;", "location / { return 200 new; }");
    send(old, SIGUSR2);
    ASSERT_TRUE(upgraded(fleet, old)) << fleet.log();
    next = fleet.pid();
    rest(fleet, old);
    send(old, SIGQUIT);
    EXPECT_TRUE(eventually([&] { return !lives(old); })) << fleet.log();
    EXPECT_EQ(fleet.pid(old_file), 0);
    EXPECT_EQ(fleet.pid(), next);
    EXPECT_EQ(fleet.ask(), "200 new");
    EXPECT_EQ(load.end(), "");
    EXPECT_GT(load.answers(), 500u);

    // The tools find the new one, and it may be replaced in its turn.
    EXPECT_EQ(fleet.run({"-s", "reload"}).code, 0);
    send(next, SIGUSR2);
    EXPECT_TRUE(upgraded(fleet, next)) << fleet.log();
    send(next, SIGQUIT);
    EXPECT_TRUE(eventually([&] { return !lives(next); }));
    EXPECT_EQ(fleet.ask(), "200 new");
    int last = fleet.pid();
    EXPECT_EQ(fleet.run({"-s", "quit"}).code, 0);
    EXPECT_TRUE(eventually([&] { return !lives(last) && fleet.pid() == 0; }));
    EXPECT_EQ(fleet.log().find("[alert]"), std::string::npos) << fleet.log();
}

TEST_F(Upgrade, ProgramThatCannotStartChangesNothing)
{
    begin();
    // One whose configuration is bad, and one that is no program.
    fleet.write("conf/nginx.conf", "no_directive;");
    send(old, SIGUSR2);
    EXPECT_TRUE(eventually([&] { return count(fleet.log(), "new binary process") >= 2; }));
    EXPECT_TRUE(eventually([&] { return fleet.pid() == old; })) << fleet.log();
    std::filesystem::remove(fleet.root() + "/bin/sluice");
    fleet.write("bin/sluice", "nothing");
    send(old, SIGUSR2);
    EXPECT_TRUE(
        eventually([&] { return fleet.log().find("execve() failed") != std::string::npos; }));
    EXPECT_TRUE(eventually([&] { return fleet.pid() == old; })) << fleet.log();
    EXPECT_EQ(fleet.ask(), "200 hi\n");
    EXPECT_EQ(workers_of(old), 2u);
}

TEST_F(Upgrade, SuccessorThatDiesAfterWinchBringsTheWorkersBack)
{
    begin();
    send(old, SIGUSR2);
    ASSERT_TRUE(upgraded(fleet, old)) << fleet.log();
    int next = fleet.pid();
    send(next, SIGUSR2);  // not while the first change is under way
    rest(fleet, old);
    EXPECT_EQ(children(next).size(), 2u);
    send(next, SIGKILL);
    EXPECT_TRUE(eventually([&] { return workers_of(old) == 2; })) << fleet.log();
    EXPECT_TRUE(eventually([&] { return fleet.pid() == old; }));
    EXPECT_EQ(fleet.ask(), "200 hi\n");
}

TEST_F(Upgrade, FilesOfUnixSocketsStayWithWhoListens)
{
    std::string path = fleet.root() + "/tmp/sock";
    fleet.configure("", "listen unix:" + path + "; location / { return 200 hi; }");
    begin();
    for (bool back : {true, false}) {
        send(old, SIGUSR2);
        ASSERT_TRUE(upgraded(fleet, old)) << fleet.log();
        int gone = back ? fleet.pid() : old;
        send(gone, SIGQUIT);
        EXPECT_TRUE(eventually([&] { return !lives(gone); }));
        EXPECT_TRUE(std::filesystem::exists(path));
    }
    EXPECT_EQ(fleet.run({"-s", "stop"}).code, 0);
    EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(path); }));
}

// nginx's own variable: what a wrapper, or an nginx that is to be replaced, hands down.
TEST(Inheritance, SocketsOfNginxAndOfAServiceManager)
{
    for (bool nginx : {true, false}) {
        Fleet fleet;
        runner::Socket listener = runner::Socket::listen(std::to_string(fleet.port()));
        runner::Socket unwanted = runner::Socket::listen(std::to_string(fleet.port(1)));
        int a = listener.fd(), b = unwanted.fd();
        auto hand_down = [&] {
            if (nginx) {
                ::setenv("NGINX", "3;4;", 1);
            } else {
                ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
                ::setenv("LISTEN_FDS", "2", 1);
            }
        };
        ASSERT_TRUE(fleet.start({}, hand_down, {a, b})) << fleet.read("logs/out");
        listener.close();
        unwanted.close();
        EXPECT_EQ(fleet.ask(), "200 hi\n");
        EXPECT_NE(fleet.log().find("closing the inherited socket 127.0.0.1:" +
                                   std::to_string(fleet.port(1))),
                  std::string::npos)
            << fleet.log();
        fleet.signal(SIGQUIT);
        EXPECT_EQ(fleet.wait_end(), 0);
    }
}

}  // namespace
}  // namespace sluice::fault
