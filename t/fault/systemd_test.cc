// SPDX-License-Identifier: Apache-2.0
// What a service manager hears (sd_notify(3)).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "fleet.h"

namespace sluice::fault {
namespace {

// The manager's end; "@name" is abstract.
class Manager
{
public:
    explicit Manager(const std::string& name)
    {
        fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name[0] == '@')
            address.sun_path[0] = 0;
        auto length = offsetof(sockaddr_un, sun_path) + name.size() + (name[0] == '@' ? 0 : 1);
        if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(length)) != 0)
            ADD_FAILURE() << "bind: " << std::strerror(errno);
    }
    ~Manager() { ::close(fd_); }

    // The next message; "" when none comes.
    std::string hear(int timeout_ms = 10000)
    {
        pollfd p{fd_, POLLIN, 0};
        if (::poll(&p, 1, timeout_ms) <= 0)
            return {};
        char text[4096];
        ssize_t n = ::recv(fd_, text, sizeof text, 0);
        return n > 0 ? std::string(text, static_cast<size_t>(n)) : std::string();
    }

private:
    int fd_;
};

bool has(const std::string& message, const std::string& line)
{
    return ("\n" + message + "\n").find("\n" + line + "\n") != std::string::npos;
}

uint64_t monotonic_us()
{
    timespec t;
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<uint64_t>(t.tv_sec) * 1000000 + static_cast<uint64_t>(t.tv_nsec) / 1000;
}

class Systemd : public ::testing::TestWithParam<const char*>
{
};

TEST_P(Systemd, HearsReadyReloadingStopping)
{
    Fleet fleet(GetParam());
    for (std::string name :
         {fleet.root() + "/tmp/notify", "@sluice-test-" + std::to_string(::getpid())}) {
        Manager manager(name);
        ASSERT_TRUE(fleet.start({}, [&] { ::setenv("NOTIFY_SOCKET", name.c_str(), 1); }));
        std::string said = manager.hear();
        EXPECT_TRUE(has(said, "READY=1")) << said;
        EXPECT_TRUE(has(said, "MAINPID=" + std::to_string(fleet.pid()))) << said;
        EXPECT_EQ(fleet.ask(), "200 hi\n");  // it is true

        uint64_t before = monotonic_us();
        fleet.signal(SIGHUP);
        said = manager.hear();
        EXPECT_TRUE(has(said, "RELOADING=1")) << said;
        size_t at = said.find("MONOTONIC_USEC=");
        ASSERT_NE(at, std::string::npos) << said;
        uint64_t then = std::strtoull(said.c_str() + at + 15, nullptr, 10);
        EXPECT_GE(then, before);
        EXPECT_LE(then, monotonic_us());
        said = manager.hear();
        EXPECT_TRUE(has(said, "READY=1")) << said;
        EXPECT_NE(said.find("generation 2"), std::string::npos) << said;

        // One that fails ends, too.
        fleet.configure(GetParam(), "no_directive;");
        fleet.signal(SIGHUP);
        EXPECT_TRUE(has(manager.hear(), "RELOADING=1"));
        said = manager.hear();
        EXPECT_TRUE(has(said, "READY=1")) << said;
        EXPECT_NE(said.find("generation 2"), std::string::npos) << said;

        fleet.signal(SIGQUIT);
        EXPECT_TRUE(has(manager.hear(), "STOPPING=1"));
        EXPECT_EQ(fleet.wait_end(), 0);
        EXPECT_EQ(manager.hear(100), "");
        fleet.configure(GetParam(), "");
    }
}

TEST_P(Systemd, IsToldThatWeLiveTwiceInItsTime)
{
    Fleet fleet(GetParam());
    std::string name = fleet.root() + "/tmp/notify";
    Manager manager(name);
    ASSERT_TRUE(fleet.start({}, [&] {
        ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
        ::setenv("WATCHDOG_USEC", "400000", 1);
        ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    }));
    ASSERT_TRUE(has(manager.hear(), "READY=1"));
    auto begin = runner::Clock::now();
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(manager.hear(390), "WATCHDOG=1");
    double took = std::chrono::duration<double>(runner::Clock::now() - begin).count();
    EXPECT_GT(took, 0.6);  // and not all the time
    EXPECT_LT(took, 1.9);
}

INSTANTIATE_TEST_SUITE_P(With, Systemd,
                         ::testing::Values("worker_processes 2;", "master_process off;"),
                         [](const auto& p) {
                             return std::string(p.index == 0 ? "master" : "single");
                         });

TEST(SystemdUpgrade, MainProcessFollows)
{
    Fleet fleet;
    std::string name = fleet.root() + "/tmp/notify";
    Manager manager(name);
    ASSERT_TRUE(fleet.start({}, [&] { ::setenv("NOTIFY_SOCKET", name.c_str(), 1); }));
    int old = fleet.pid();
    EXPECT_TRUE(has(manager.hear(), "MAINPID=" + std::to_string(old)));
    // Rolled back: the service has not stopped.
    fleet.signal(SIGUSR2);
    std::string said = manager.hear();
    int next = fleet.pid();
    ASSERT_NE(next, old);
    EXPECT_TRUE(has(said, "MAINPID=" + std::to_string(next))) << said;
    send(next, SIGQUIT);
    EXPECT_TRUE(has(manager.hear(), "MAINPID=" + std::to_string(old)));
    EXPECT_TRUE(has(manager.hear(), "READY=1"));
    // To the end: only the last one stops it.
    fleet.signal(SIGUSR2);
    said = manager.hear();
    next = fleet.pid();
    EXPECT_TRUE(has(said, "MAINPID=" + std::to_string(next))) << said;
    fleet.signal(SIGQUIT);
    EXPECT_EQ(fleet.wait_end(), 0);
    EXPECT_EQ(manager.hear(100), "");
    send(next, SIGQUIT);
    EXPECT_TRUE(has(manager.hear(), "STOPPING=1"));
}

}  // namespace
}  // namespace sluice::fault
