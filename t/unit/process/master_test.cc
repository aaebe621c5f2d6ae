// SPDX-License-Identifier: Apache-2.0
// Master, workers and the tools' view of them, with real processes.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "t/unit/process/server.h"

namespace sluice::process {
namespace {

using std::chrono::milliseconds;

TEST(Master, ServesAndEndsOnTerm)
{
    Server s;
    s.configure("worker_processes 2; test_answer one;");
    int pid = s.start();
    ASSERT_NE(pid, 0) << s.file("err") << s.log();
    EXPECT_EQ(s.file("pid"), std::to_string(pid) + "\n");
    EXPECT_EQ(s.ask("answer"), "one");
    EXPECT_EQ(s.workers().size(), 2u);
    s.signal(SIGTERM);
    EXPECT_EQ(s.wait_end(), 0) << s.log();
    EXPECT_FALSE(std::filesystem::exists(s.dir / "pid"));
    std::string log = s.log();
    EXPECT_NE(log.find("[notice] " + std::to_string(pid) + "#" + std::to_string(pid) +
                       ": start worker processes\n"),
              std::string::npos);
    EXPECT_NE(
        log.find("signal 15 (SIGTERM) received from " + std::to_string(::getpid()) + ", exiting"),
        std::string::npos);
    EXPECT_EQ(count(log, " exited with code 0"), 2u);
    EXPECT_NE(log.find("[debug]"), std::string::npos);
    EXPECT_EQ(log.find("[alert]"), std::string::npos) << log;
}

TEST(Master, QuitFinishesWhatIsInFlight)
{
    Server s;
    s.configure("test_answer one;");
    ASSERT_NE(s.start(), 0) << s.file("err");
    int fd = connect_to(s.port);
    ASSERT_EQ(::send(fd, "hold\n", 5, 0), 5);
    ASSERT_EQ(s.ask("answer"), "one");  // by then the worker has read the line before
    s.signal(SIGQUIT);
    ASSERT_TRUE(eventually([&] { return s.ask("answer").empty(); }));
    EXPECT_EQ(connect_to(s.port), -1);
    EXPECT_EQ(s.workers().size(), 1u);
    ASSERT_EQ(::send(fd, "go\n", 3, 0), 3);
    char buffer[16];
    EXPECT_EQ(::recv(fd, buffer, sizeof buffer, 0), 3);
    ::close(fd);
    EXPECT_EQ(s.wait_end(), 0);
    EXPECT_NE(s.log().find("gracefully shutting down"), std::string::npos);
}

TEST(Master, ShutdownTimeoutEndsADrain)
{
    Server s;
    s.configure("worker_shutdown_timeout 200ms;");
    ASSERT_NE(s.start(), 0);
    int fd = connect_to(s.port);
    ASSERT_EQ(::send(fd, "hold\n", 5, 0), 5);
    ASSERT_NE(s.ask("pid"), "");
    s.signal(SIGQUIT);
    EXPECT_EQ(s.wait_end(), 0);
    EXPECT_NE(s.log().find("worker_shutdown_timeout is over, closing what is in flight: 1 held"),
              std::string::npos);
    ::close(fd);
}

TEST(Master, TermOverrulesQuit)
{
    Server s;
    s.configure("");
    ASSERT_NE(s.start(), 0);
    int fd = connect_to(s.port);
    ASSERT_EQ(::send(fd, "hold\n", 5, 0), 5);
    ASSERT_NE(s.ask("pid"), "");
    s.signal(SIGQUIT);
    EXPECT_EQ(s.wait_end(1), -1);
    s.signal(SIGTERM);
    EXPECT_EQ(s.wait_end(), 0);
    ::close(fd);
}

TEST(Master, ReplacesACrashedWorker)
{
    Server s;
    s.configure("");
    ASSERT_NE(s.start(), 0);
    std::string before = s.ask("pid");
    EXPECT_EQ(s.ask("crash"), "");
    std::string after = s.ask("pid");
    EXPECT_NE(after, "");
    EXPECT_NE(after, before);
    EXPECT_NE(s.log().find("[alert]"), std::string::npos);
    EXPECT_NE(s.log().find(": worker process " + before + " exited on signal 9\n"),
              std::string::npos);
}

TEST(Master, DoesNotSpinOnAWorkerThatAlwaysDies)
{
    Server s;
    s.configure("");
    ASSERT_NE(s.start(), 0);
    auto end = std::chrono::steady_clock::now() + milliseconds(1500);
    while (std::chrono::steady_clock::now() < end)
        for (int worker : s.workers())
            ::kill(worker, SIGKILL);
    size_t deaths = count(s.log(), "exited on signal 9");
    EXPECT_GE(deaths, 3u);
    EXPECT_LE(deaths, 8u);
    s.signal(SIGTERM);
    EXPECT_EQ(s.wait_end(), 0);
}

TEST(Master, ReloadAnswersOnceTheNewGenerationServes)
{
    Server s;
    s.configure("test_answer one;");
    ASSERT_NE(s.start(), 0);
    for (int i = 0; i < 5; ++i) {
        s.configure("worker_processes " + std::to_string(i % 3 + 1) + "; test_answer n" +
                    std::to_string(i) + ";");
        Outcome reload = s.run({"-s", "reload"});
        EXPECT_EQ(reload.code, 0) << reload.err;
        EXPECT_EQ(reload.err, "");
        EXPECT_TRUE(
            eventually([&] { return s.workers().size() == static_cast<size_t>(i % 3 + 1); }));
        EXPECT_EQ(s.ask("answer"), "n" + std::to_string(i));
    }
    EXPECT_TRUE(eventually([&] { return count(s.log(), " exited with code 0") >= 8; })) << s.log();
}

TEST(Master, BadReloadKeepsTheOldGeneration)
{
    Server s;
    s.configure("test_answer one;");
    ASSERT_NE(s.start(), 0);
    s.configure("test_answer two;\nfoo bar;");
    s.signal(SIGHUP);
    std::string wanted = "unknown directive \"foo\" in " + (s.dir / "nginx.conf").string() + ":6";
    EXPECT_TRUE(eventually([&] { return s.log().find(wanted) != std::string::npos; })) << s.log();
    EXPECT_EQ(s.ask("answer"), "one");
}

TEST(Master, ReloadThatFailsInTheMasterSaysWhy)
{
    Server s, other;
    other.configure("");
    ASSERT_NE(other.start(), 0);
    s.configure("test_answer one;");
    ASSERT_NE(s.start(), 0);
    // The text is good, which is all that the asking process can know.
    s.configure("test_answer two; test_listen " + std::to_string(other.port) + ";");
    Outcome reload = s.run({"-s", "reload"});
    EXPECT_EQ(reload.code, 1);
    EXPECT_NE(reload.err.find("nginx: [emerg] bind() to 127.0.0.1:" + std::to_string(other.port) +
                              " failed (98: Address already in use)\n"),
              std::string::npos)
        << reload.err;
    EXPECT_NE(reload.err.find("nginx: [emerg] still could not bind()\n"), std::string::npos);
    EXPECT_EQ(s.ask("answer"), "one");
}

TEST(Master, ReloadWhoseWorkersDieIsRefused)
{
    Server s;
    s.configure("test_answer one;");
    ASSERT_NE(s.start(), 0);
    s.configure("test_answer two; test_die_at_start on;");
    Outcome reload = s.run({"-s", "reload"});
    EXPECT_EQ(reload.code, 1);
    EXPECT_NE(reload.err.find("the new configuration is not taken"), std::string::npos)
        << reload.err;
    EXPECT_EQ(s.ask("answer"), "one");
    EXPECT_TRUE(eventually([&] { return s.workers().size() == 1; }));
}

TEST(Master, AddressThatIsGivenUpIsClosed)
{
    Server s;
    int extra = free_port();
    std::string path = s.dir / "sock";
    s.configure("test_listen " + std::to_string(extra) + "; test_listen unix:" + path + ";");
    ASSERT_NE(s.start(), 0);
    ASSERT_NE(s.ask("pid", extra), "");
    ASSERT_TRUE(std::filesystem::exists(path));
    // A connection in flight keeps the old worker, but not the address.
    int fd = connect_to(s.port);
    ASSERT_EQ(::send(fd, "hold\n", 5, 0), 5);
    ASSERT_NE(s.ask("pid"), "");
    s.configure("");
    ASSERT_EQ(s.run({"-s", "reload"}).code, 0);
    EXPECT_TRUE(eventually([&] { return s.ask("pid", extra).empty(); }));
    EXPECT_EQ(connect_to(extra), -1);
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_EQ(s.workers().size(), 2u);
    ::close(fd);
    EXPECT_TRUE(eventually([&] { return s.workers().size() == 1; }));
}

TEST(Master, FiftyRapidHups)
{
    Server s;
    s.configure("worker_processes 2; test_answer one;");
    ASSERT_NE(s.start(), 0);
    for (int i = 0; i < 50; ++i) {
        s.signal(SIGHUP);
        ::usleep(static_cast<useconds_t>(i % 5) * 2000);
        ASSERT_EQ(s.ask("answer"), "one") << "after " << i;
    }
    s.configure("worker_processes 3; test_answer last;");
    EXPECT_EQ(s.run({"-s", "reload"}).code, 0);
    EXPECT_TRUE(eventually([&] { return s.workers().size() == 3; })) << s.log();
    EXPECT_EQ(s.ask("answer"), "last");
    s.signal(SIGQUIT);
    EXPECT_EQ(s.wait_end(), 0);
    EXPECT_EQ(count(s.log(), "[alert]"), 0u);
}

TEST(Master, EveryReloadRequestOfManyIsAnswered)
{
    Server s;
    s.configure("test_answer one;");
    ASSERT_NE(s.start(), 0);
    std::vector<int> pids;
    for (int i = 0; i < 4; ++i) {
        int pid = ::fork();
        if (pid == 0)
            ::_exit(s.run({"-s", "reload"}).code);
        pids.push_back(pid);
    }
    for (int pid : pids) {
        int status = -1;
        EXPECT_TRUE(eventually([&] { return ::waitpid(pid, &status, WNOHANG) == pid; }));
        EXPECT_EQ(status, 0);
    }
}

TEST(Master, ReopensLogs)
{
    Server s;
    s.configure("");
    ASSERT_NE(s.start(), 0);
    std::filesystem::rename(s.dir / "error.log", s.dir / "error.log.1");
    EXPECT_EQ(s.run({"-s", "reopen"}).code, 0);
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(s.dir / "error.log"); }));
    EXPECT_TRUE(eventually([&] { return count(s.file("error.log.1"), "reopening logs") == 3; }))
        << s.file("error.log.1");  // the signal, the master, the worker
    s.signal(SIGQUIT);
    EXPECT_EQ(s.wait_end(), 0);
    EXPECT_NE(s.log().find("gracefully shutting down"), std::string::npos);
}

TEST(Master, WorkersDoNotOutliveIt)
{
    Server s;
    s.configure("worker_processes 2;");
    ASSERT_NE(s.start(), 0);
    std::vector<int> workers = s.workers();
    ASSERT_EQ(workers.size(), 2u);
    s.signal(SIGKILL);
    s.wait_end();
    for (int pid : workers)
        EXPECT_TRUE(eventually([&] {
            std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
            std::string text((std::istreambuf_iterator<char>(in)), {});
            return text.empty() || text.find(") Z ") != std::string::npos;
        }));
    EXPECT_NE(s.log().find("is gone"), std::string::npos);
    // And the file that it left does not stop the next one.
    std::filesystem::remove(s.dir / "pid");
    ASSERT_NE(s.start(), 0) << s.file("err");
    EXPECT_NE(s.ask("pid"), "");
}

TEST(Master, RightsAndEnvironmentOfWorkers)
{
    ::setenv("SLUICE_TEST_A", "a", 1);
    ::setenv("SLUICE_TEST_B", "b", 1);
    ::setenv("TZ", "UTC", 1);
    Server s;
    s.configure("env SLUICE_TEST_A; env SLUICE_TEST_C=c; env SLUICE_TEST_D;");
    ASSERT_NE(s.start(), 0);
    EXPECT_EQ(s.ask("env SLUICE_TEST_A"), "a");
    EXPECT_EQ(s.ask("env SLUICE_TEST_B"), "unset");
    EXPECT_EQ(s.ask("env SLUICE_TEST_C"), "c");
    EXPECT_EQ(s.ask("env SLUICE_TEST_D"), "unset");
    EXPECT_EQ(s.ask("env TZ"), "UTC");
    if (::geteuid() == 0) {
        EXPECT_NE(s.ask("uid"), "0");
    }
}

TEST(Single, ServesReloadsAndEnds)
{
    Server s;
    s.configure("master_process off; test_answer one;");
    int pid = s.start();
    ASSERT_NE(pid, 0) << s.file("err");
    EXPECT_EQ(s.ask("pid"), std::to_string(pid));
    int fd = connect_to(s.port);
    ASSERT_EQ(::send(fd, "hold\n", 5, 0), 5);
    ASSERT_EQ(s.ask("answer"), "one");
    s.configure("test_answer two;");
    s.signal(SIGHUP);
    EXPECT_TRUE(eventually([&] { return s.ask("answer") == "two"; }));
    // The connection stays with the generation that accepted it.
    ASSERT_EQ(::send(fd, "go\n", 3, 0), 3);
    char buffer[16];
    ASSERT_EQ(::recv(fd, buffer, sizeof buffer, 0), 3);
    EXPECT_EQ(std::string(buffer, 3), "one");
    ::close(fd);
    s.configure("foo bar;");
    s.signal(SIGHUP);
    EXPECT_TRUE(eventually([&] { return s.log().find("unknown directive") != std::string::npos; }));
    EXPECT_EQ(s.ask("answer"), "two");
    s.signal(SIGQUIT);
    EXPECT_EQ(s.wait_end(), 0) << s.log();
    EXPECT_FALSE(std::filesystem::exists(s.dir / "pid"));
}

TEST(Single, ReloadGetsItsVerdict)
{
    Server s;
    s.configure("master_process off; test_answer one;");
    ASSERT_NE(s.start(), 0) << s.file("err");
    s.configure("test_answer two;");
    Outcome reload = s.run({"-s", "reload"});
    EXPECT_EQ(reload.code, 0) << reload.err;
    EXPECT_EQ(reload.err, "");
    EXPECT_EQ(s.ask("answer"), "two") << "the verdict comes when the new generation serves";
    // What is wrong is found where it is opened: the asker itself has read the same file.
    Server other;
    other.configure("test_answer other;");
    ASSERT_NE(other.start(), 0) << other.file("err");
    s.configure("test_answer three; test_listen " + std::to_string(other.port) + ";");
    reload = s.run({"-s", "reload"});
    EXPECT_EQ(reload.code, 1);
    EXPECT_NE(reload.err.find("nginx: [emerg] bind() to 127.0.0.1:" + std::to_string(other.port)),
              std::string::npos)
        << reload.err;
    EXPECT_EQ(s.ask("answer"), "two");
    s.signal(SIGQUIT);
    EXPECT_EQ(s.wait_end(), 0) << s.log();
}

TEST(Start, DaemonReturnsOnceItServes)
{
    Server s;
    s.configure("test_answer one;");
    Outcome start = s.run({});
    EXPECT_EQ(start.code, 0) << start.err;
    EXPECT_EQ(start.err, "");
    EXPECT_EQ(s.ask("answer"), "one");
    int pid = std::atoi(s.file("pid").c_str());
    ASSERT_GT(pid, 1);
    EXPECT_EQ(s.run({"-s", "stop"}).code, 0);
    EXPECT_TRUE(eventually([&] { return ::kill(pid, 0) != 0; }));
    EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(s.dir / "pid"); }));
}

TEST(Start, DaemonThatCannotServeSaysSo)
{
    Server s, other;
    other.configure("");
    ASSERT_NE(other.start(), 0);
    s.configure("test_listen " + std::to_string(other.port) + ";", false);
    Outcome start = s.run({});
    EXPECT_EQ(start.code, 1);
    EXPECT_EQ(count(start.err, "nginx: [emerg] bind() to 127.0.0.1:" + std::to_string(other.port) +
                                   " failed (98: Address already in use)\n"),
              5u)
        << start.err;
    EXPECT_TRUE(
        start.err.ends_with("nginx: [emerg] still could not bind()\n"
                            "  another program listens there (ss -ltnp shows which): stop "
                            "it, or change \"listen\"\n"))
        << start.err;
    EXPECT_FALSE(std::filesystem::exists(s.dir / "pid"));

    // The same server a second time.
    start = other.run({});
    EXPECT_EQ(start.code, 1);
    EXPECT_TRUE(
        start.err.ends_with("nginx: [emerg] still could not bind()\n  already running as pid " +
                            std::to_string(other.pid()) + " (\"" + (other.dir / "pid").string() +
                            "\"): use -s reload, or -s quit and start again\n"))
        << start.err;
    EXPECT_EQ(other.file("pid"), std::to_string(other.pid()) + "\n");

    s.configure("test_die_at_start on;");
    start = s.run({});
    EXPECT_EQ(start.code, 1);
    EXPECT_NE(start.err.find("could not begin"), std::string::npos) << start.err;
    EXPECT_FALSE(std::filesystem::exists(s.dir / "pid"));

    s.configure("foo;");
    start = s.run({});
    EXPECT_EQ(start.code, 1);
    EXPECT_TRUE(start.err.starts_with("nginx: [emerg] unknown directive \"foo\" in ")) << start.err;
}

TEST(Start, BindIsTriedAgain)
{
    Server s, other;
    other.configure("");
    ASSERT_NE(other.start(), 0);
    s.configure("test_answer late; test_listen " + std::to_string(other.port) + ";", false);
    int pid = ::fork();
    if (pid == 0) {
        ::usleep(700000);
        other.signal(SIGTERM);
        ::_exit(0);
    }
    EXPECT_NE(s.start(), 0) << s.file("err");
    EXPECT_EQ(s.ask("answer", other.port), "late");
    ::waitpid(pid, nullptr, 0);
    other.wait_end();
}

TEST(Test, VerdictsAndDump)
{
    Server s;
    s.configure("");
    std::string path = (s.dir / "nginx.conf").string();
    Outcome t = s.run({"-t"});
    EXPECT_EQ(t.code, 0);
    EXPECT_EQ(t.out, "");
    EXPECT_EQ(t.err, "nginx: the configuration file " + path +
                         " syntax is ok\nnginx: configuration file " + path +
                         " test is successful\n");
    EXPECT_FALSE(std::filesystem::exists(s.dir / "pid"));
    EXPECT_TRUE(std::filesystem::exists(s.dir / "start.log"));
    t = s.run({"-tq"});
    EXPECT_EQ(t.code, 0);
    EXPECT_EQ(t.err, "");
    t = s.run({"-T"});
    EXPECT_EQ(t.out, "# configuration file " + path + ":\n" + s.file("nginx.conf") + "\n");

    std::ofstream(s.dir / "nginx.conf") << "daemon off;";
    t = s.run({"-t"});
    EXPECT_EQ(t.code, 1);
    EXPECT_EQ(t.err, "nginx: the configuration file " + path +
                         " syntax is ok\nnginx: [emerg] no \"events\" section in configuration\n"
                         "nginx: configuration file " +
                         path + " test failed\n");
}

TEST(Test, DoesNotDisturbARunningServer)
{
    Server s;
    std::string path = s.dir / "sock";
    s.configure("test_answer one; test_listen unix:" + path + ";");
    ASSERT_NE(s.start(), 0);
    EXPECT_EQ(s.run({"-t"}).code, 0);
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_EQ(s.ask("answer"), "one");
    EXPECT_EQ(s.file("pid"), std::to_string(s.pid()) + "\n");
}

}  // namespace
}  // namespace sluice::process
