// SPDX-License-Identifier: Apache-2.0
// A reload whose port somebody else has: it is tried for two seconds, as by nginx, and meanwhile
// all else goes on.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <optional>

#include "fleet.h"

namespace sluice::fault {
namespace {

using runner::Socket;

double ms_since(runner::Deadline begin)
{
    return std::chrono::duration<double, std::milli>(runner::Clock::now() - begin).count();
}

// With a master, and as the one process (master_process off).
struct PortInUse : testing::TestWithParam<bool> {
    Fleet fleet;
    std::optional<Socket> taken;
    std::string main;
    void start()
    {
        main = GetParam() ? "worker_processes 2;" : "master_process off;";
        taken = Socket::listen(std::to_string(fleet.port(1)));
        fleet.configure(main, "location / { return 200 old; }");
        ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
        ASSERT_TRUE(eventually([&] { return fleet.ask() == "200 old"; }));
    }
    void configure(const std::string& answer, bool with_taken)
    {
        std::string more =
            with_taken ? "listen 127.0.0.1:" + std::to_string(fleet.port(1)) + ";" : "";
        fleet.configure(main, more + "location / { return 200 " + answer + "; }");
    }
    // HUP, and the first try is over.
    void reload_in_vain()
    {
        configure("new", true);
        size_t before = count(fleet.log(), "try again to bind()");
        fleet.signal(SIGHUP);
        ASSERT_TRUE(eventually([&] { return count(fleet.log(), "try again to bind()") > before; }));
    }
};
INSTANTIATE_TEST_SUITE_P(, PortInUse, testing::Values(true, false),
                         [](const auto& info) { return info.param ? "Master" : "Single"; });

TEST_P(PortInUse, ServiceGoesOnAndTheReloadFailsAsByNginx)
{
    start();
    reload_in_vain();
    auto began = runner::Clock::now();
    double worst = 0;
    while (count(fleet.log(), "still could not bind()") == 0 && ms_since(began) < 5000) {
        auto asked = runner::Clock::now();
        EXPECT_EQ(fleet.ask(), "200 old");
        worst = std::max(worst, ms_since(asked));
        sleep_seconds(0.01);
    }
    EXPECT_LT(worst, 300);
    EXPECT_GT(ms_since(began), 1500);
    EXPECT_LT(ms_since(began), 3000);
    EXPECT_EQ(count(fleet.log(), "try again to bind() after 500ms"), 4u);
    EXPECT_EQ(count(fleet.log(), "failed (98: Address already in use)"), 5u) << fleet.log();
    EXPECT_EQ(fleet.ask(), "200 old");
    taken.reset();
    Said said = fleet.run({"-s", "reload"});
    EXPECT_EQ(said.code, 0) << said.text;
    EXPECT_EQ(fleet.ask(), "200 new");
    EXPECT_EQ(fleet.ask("/", 1), "200 new");
}

TEST_P(PortInUse, ThatComesFreeIsTaken)
{
    start();
    reload_in_vain();
    taken.reset();
    EXPECT_TRUE(eventually([&] { return fleet.ask() == "200 new"; }, 2));
    EXPECT_EQ(fleet.ask("/", 1), "200 new");
}

TEST_P(PortInUse, WhoAskedHearsTheReason)
{
    start();
    configure("new", true);
    Said said = fleet.run({"-s", "reload"});
    EXPECT_EQ(said.code, 1);
    EXPECT_NE(said.text.find("bind() to 127.0.0.1:" + std::to_string(fleet.port(1)) +
                             " failed (98: Address already in use) in "),
              std::string::npos)
        << said.text;
    EXPECT_NE(said.text.find("still could not bind()"), std::string::npos) << said.text;
}

TEST_P(PortInUse, ALaterReloadComesFirst)
{
    start();
    reload_in_vain();
    configure("latest", false);
    auto began = runner::Clock::now();
    Said said = fleet.run({"-s", "reload"});
    EXPECT_EQ(said.code, 0) << said.text;
    EXPECT_LT(ms_since(began), 1500);
    EXPECT_EQ(fleet.ask(), "200 latest");
    EXPECT_EQ(count(fleet.log(), "another reload has come, this one is given up"), 1u);
    sleep_seconds(2.5);  // the first one would have gone on until now
    EXPECT_EQ(fleet.ask(), "200 latest");
    EXPECT_EQ(count(fleet.log(), "still could not bind()"), 0u);
}

TEST_P(PortInUse, DeathsAndSignalsAreHeardMeanwhile)
{
    start();
    reload_in_vain();
    auto began = runner::Clock::now();
    if (GetParam()) {
        std::vector<int> before = fleet.workers();
        ASSERT_EQ(before.size(), 2u);
        send(before[0], SIGKILL);
        EXPECT_TRUE(eventually([&] {
            std::vector<int> now = fleet.workers();
            return now.size() == 2 && std::find(now.begin(), now.end(), before[0]) == now.end();
        }));
        EXPECT_LT(ms_since(began), 500);
    }
    fleet.signal(SIGQUIT);
    EXPECT_EQ(fleet.wait_end(5), 0);
    EXPECT_LT(ms_since(began), 1500) << fleet.log();
    for (const char* bad : {"Sanitizer", "runtime error"})
        EXPECT_EQ((fleet.log() + fleet.read("logs/out")).find(bad), std::string::npos);
}

}  // namespace
}  // namespace sluice::fault
