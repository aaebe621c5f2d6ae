// SPDX-License-Identifier: Apache-2.0
// What many generations leave behind (nothing), and workers whose loop does not turn.
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "t/unit/process/server.h"

namespace sluice::process {
namespace {

size_t descriptors(int pid)
{
    size_t n = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
        (void)entry;
        ++n;
    }
    return n;
}

TEST(Generations, FiveHundredLeaveNothingInTheMaster)
{
    Server s;
    int extra = free_port();
    ASSERT_NE((s.configure("test_answer one;"), s.start()), 0) << s.file("err");
    size_t open = 0;
    long heap = 0;
    std::string worker = s.ask("pid");
    for (int i = 1; i <= 500; ++i) {
        // Listeners come and go, some configurations are bad.
        s.configure(i % 7 == 0 ? "no_directive;"
                    : i % 2    ? "test_listen " + std::to_string(extra) + ";"
                               : "");
        size_t errors = i % 7 == 0 ? count(s.log(), "no_directive") : 0;
        s.signal(SIGHUP);
        if (i % 7 == 0) {
            ASSERT_TRUE(eventually([&] { return count(s.log(), "no_directive") > errors; }));
            std::filesystem::resize_file(s.dir / "error.log", 0);
        } else {
            ASSERT_TRUE(eventually([&] {
                std::string now = s.ask("pid");
                return !now.empty() && now != worker && s.workers().size() == 1;
            })) << i
                << s.log();
            worker = s.ask("pid");
        }
        // A worker is a fork of the master: its heap is the master's, and what it added itself.
        if (i == 20) {
            open = descriptors(s.pid());
            heap = std::stol(s.ask("heap"));
        }
    }
    EXPECT_EQ(descriptors(s.pid()), open);
    EXPECT_NEAR(static_cast<double>(std::stol(s.ask("heap"))), static_cast<double>(heap), 4096);
}

TEST(Watchdog, ReplacesAWorkerWhoseLoopIsStuckAndSaysWhere)
{
    Server s;
    s.configure("worker_watchdog 200ms; worker_processes 2;");
    ASSERT_NE(s.start(), 0) << s.file("err");
    ASSERT_TRUE(eventually([&] { return s.workers().size() == 2; }));
    std::vector<int> before = s.workers();
    int fd = connect_to(s.port);
    ASSERT_GE(fd, 0);
    auto begin = std::chrono::steady_clock::now();
    ASSERT_EQ(::send(fd, "stick\n", 6, MSG_NOSIGNAL), 6);
    ASSERT_TRUE(eventually([&] {
        return s.log().find(" exited on signal 6") != std::string::npos && s.workers().size() == 2;
    })) << s.log();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    ::close(fd);
    std::string log = s.log();
    EXPECT_NE(log.find("is stuck: its loop has been in turn "), std::string::npos) << log;
    EXPECT_NE(log.find("call stack of the aborted process:\n"), std::string::npos) << log;
    EXPECT_NE(log.find("(+0x"), std::string::npos) << log;  // addresses for addr2line
    // One that waits for events is not stuck, and neither is the replacement on the same line.
    std::vector<int> after = s.workers();
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    EXPECT_EQ(s.workers(), after);
    EXPECT_EQ(count(s.log(), "is stuck"), 1u);
    EXPECT_NE(s.ask("pid"), "");
    EXPECT_EQ(s.workers().size(), 2u);
    EXPECT_NE(before, after);
}

}  // namespace
}  // namespace sluice::process
