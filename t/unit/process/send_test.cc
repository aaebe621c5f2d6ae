// SPDX-License-Identifier: Apache-2.0
// `-s`: what the pid file names gets a signal only if it is a master of ours.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "t/unit/process/server.h"

namespace sluice::process {
namespace {

TEST(Send, WithoutAServer)
{
    Server s;
    s.configure("");
    std::string path = (s.dir / "pid").string();
    Outcome sent = s.run({"-s", "reload"});
    EXPECT_EQ(sent.code, 1);
    EXPECT_EQ(sent.err,
              "nginx: [error] open() \"" + path + "\" failed (2: No such file or directory)\n");
    std::ofstream(s.dir / "pid") << "abc\n";
    sent = s.run({"-s", "stop"});
    EXPECT_EQ(sent.code, 1);
    EXPECT_EQ(sent.err, "nginx: [error] invalid PID number \"abc\" in \"" + path + "\"\n");
    std::ofstream(s.dir / "pid") << "4194304\n";
    for (auto [name, number] : {std::pair{"reload", 1}, {"stop", 15}, {"reopen", 10}}) {
        sent = s.run({"-s", name});
        EXPECT_EQ(sent.code, 1);
        EXPECT_EQ(sent.err, fmt::format("nginx: [alert] kill(4194304, {}) failed (3: No such "
                                        "process)\n",
                                        number));
    }
    sent = s.run({"-s", "quit"});
    EXPECT_EQ(sent.code, 1);
    EXPECT_EQ(sent.err, "nginx: [alert] kill(4194304, 3) failed (3: No such process)\n");
}

// A process that has nothing to do with us, for a pid file that was left behind.
class Stranger
{
public:
    Stranger() : pid_(::fork())
    {
        if (pid_ == 0) {
            ::execlp("sleep", "sleep", "60", nullptr);
            ::_exit(1);
        }
        std::string comm = fmt::format("/proc/{}/comm", pid_);
        EXPECT_TRUE(eventually([&] {
            std::string name;
            std::ifstream(comm) >> name;
            return name == "sleep";
        }));
    }
    ~Stranger()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    int pid() const { return pid_; }
    bool untouched() const { return ::waitpid(pid_, nullptr, WNOHANG) == 0; }

private:
    int pid_;
};

TEST(Send, NothingToAProcessThatIsNoMaster)
{
    Server s;
    s.configure("");
    Stranger stranger;
    std::ofstream(s.dir / "pid") << stranger.pid() << "\n";
    for (const char* signal : {"reload", "reopen", "quit", "stop"}) {
        Outcome sent = s.run({"-s", signal});
        EXPECT_EQ(sent.code, 1) << signal;
        EXPECT_EQ(sent.err,
                  fmt::format("nginx: [error] no signal was sent: process {} (\"sleep\"), which "
                              "\"{}\" names, is not a sluice master\n"
                              "  the file was left behind, or another server writes it, too\n",
                              stranger.pid(), (s.dir / "pid").string()));
    }
    EXPECT_TRUE(stranger.untouched());
}

// As of a master in another network namespace: our program, and no name that we could see.
TEST(Send, ReloadWithoutAVerdictIsNoSuccess)
{
    Server s;
    s.configure("");
    int pid = ::fork();
    if (pid == 0) {
        ::signal(SIGHUP, SIG_DFL);
        ::pause();
        ::_exit(0);
    }
    std::ofstream(s.dir / "pid") << pid << "\n";
    Outcome sent = s.run({"-s", "reload"});
    EXPECT_EQ(sent.code, 1);
    EXPECT_NE(sent.err.find("its verdict cannot be heard"), std::string::npos) << sent.err;
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP);
}

}  // namespace
}  // namespace sluice::process
