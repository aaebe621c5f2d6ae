// SPDX-License-Identifier: Apache-2.0
// The real program with its master and workers, for the tests of reload, crash and upgrade; rig.h
// is for one process between peers.
//
//     Fleet fleet("worker_processes 2;", "location / { return 200 hi; }");
//     Load load(fleet, 4, 4);        // clients in threads of their own
//     fleet.signal(SIGHUP);
//     EXPECT_EQ(load.end(), "");     // what was lost
//
// What it starts is below bin/sluice in its own folder, a symbolic link to the program. Whatever
// outlives its parent becomes a child of the test (PR_SET_CHILD_SUBREAPER) and is ended with it.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net.h"
#include "ports.h"
#include "server.h"

namespace sluice::fault {

using runner::in_seconds;
using runner::sleep_seconds;

struct Said {
    int code = -1;
    std::string text;  // standard output and standard error
};

/// Until it is so, at most this long.
bool eventually(const std::function<bool()>& so, double seconds = 20);
/// How often `what` is in `text`.
size_t count(const std::string& text, const std::string& what);
/// Children of a process, from /proc.
std::vector<int> children(int pid);
std::string proc_file_path(int pid, const std::string& name);
/// What is in "/proc/PID/NAME".
std::string proc_file(int pid, const std::string& name);
/// CPU that a process has used, user and system.
double cpu_seconds(int pid);
/// How many of its descriptors are sockets.
int sockets_of(int pid);
/// Lives, and is no zombie.
bool lives(int pid);
/// kill(2), but never a group: a pid that was not found is a failure.
void send(int pid, int signal);

class Fleet
{
public:
    /// `main`: lines of the main level; `server`: of the server that listens on port().
    explicit Fleet(const std::string& main = "", const std::string& server = "",
                   const std::string& http = "");
    ~Fleet();

    /// Writes the configuration; of the next reload, when it runs.
    void configure(const std::string& main, const std::string& server,
                   const std::string& http = "");
    /// Of the next configure(): what stands in `events {}`, and behind the address of `listen`.
    std::string events = "worker_connections 512;", listen_options;
    /// Starts it in the foreground; false: it ended. `before`: in the child; `keep`: descriptors
    /// that it gets as 3, 4, …
    bool start(const std::vector<std::string>& args = {},
               const std::function<void()>& before = nullptr, const std::vector<int>& keep = {});
    /// Runs the program to its end with these arguments behind -p and -c.
    Said run(const std::vector<std::string>& args);

    int port(int index = 0) const { return ports_.at(index); }
    std::string root() const { return server_.root(); }
    void write(const std::string& path, const std::string& text) { server_.write(path, text); }
    std::string read(const std::string& path) const { return server_.read(path); }
    std::string log() const { return read("logs/error.log"); }
    /// Of what start() began, and what the pid file says now (0: there is none).
    int started() const { return pid_; }
    int pid(const std::string& file = "logs/nginx.pid") const;
    std::vector<int> workers() const;
    void signal(int number) const;
    /// Exit code of what start() began, 128 + its signal; -1 when it lives on.
    int wait_end(double seconds = 20);
    /// The code and body of one request on a connection of its own; "" when there was none.
    std::string ask(const std::string& path = "/", int port_index = 0) const;

private:
    int spawn(const std::vector<std::string>& args, const std::string& out,
              const std::function<void()>& before, const std::vector<int>& keep) const;

    runner::Ports ports_;
    runner::Server server_;  // its folder
    int pid_ = 0;
};

/// Clients that ask until they are told to end. A connection that is refused or ends before its
/// answer does is a loss; a kept connection that the server had closed before the request was
/// written is none.
class Load
{
public:
    Load(const Fleet& fleet, int fresh, int kept) : Load(fleet.port(), fresh, kept) {}
    Load(int port, int fresh, int kept);
    ~Load() { end(); }
    /// What was lost, a line each (the first twenty); "" when nothing was.
    std::string end();
    size_t answers() const { return answers_; }
    size_t losses() const { return losses_; }

private:
    void fresh();
    void kept(unsigned seed);
    void lost(const std::string& what);

    int port_;
    std::atomic<bool> stop_ = false;
    std::atomic<size_t> answers_ = 0, losses_ = 0;
    std::mutex mutex_;
    std::string what_;
    std::vector<std::thread> threads_;
};

}  // namespace sluice::fault
