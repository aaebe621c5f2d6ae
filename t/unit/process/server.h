// SPDX-License-Identifier: Apache-2.0
// Runs the program with the test payload in a child process, in a directory of its own, and asks it
// questions. Everything is bounded in time; what is still alive at the end is killed.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sluice::process {

struct Outcome {
    int code = -1;
    std::string out, err;
};

class Server
{
public:
    Server();
    ~Server();

    std::filesystem::path dir;
    int port;

    /// nginx.conf: the usual main part, `more`, and listening on `port` unless told otherwise.
    void configure(const std::string& more, bool listen = true);
    /// Runs the program with these arguments (after -p, -c, -e) to its end.
    Outcome run(std::vector<std::string> args);
    /// In the foreground, until its pid file is there; the master's pid, 0 when it did not come.
    int start(std::vector<std::string> args = {});
    /// Exit code of what start() started; -1 when it lives on.
    int wait_end(int seconds = 10);
    void signal(int number) const;
    int pid() const { return pid_; }

    /// One question on a connection of its own; "" when there was no connection or answer.
    std::string ask(const std::string& what, int to_port = 0) const;
    std::string file(const std::string& name) const;
    std::string log() const { return file("error.log"); }
    std::vector<int> workers() const;

private:
    int fork_program(std::vector<std::string> args, const std::string& out, const std::string& err);
    int pid_ = 0;
};

/// A connected descriptor, or -1.
int connect_to(int port);
int free_port();
/// Until it is so, at most this long.
bool eventually(const std::function<bool()>& so,
                std::chrono::milliseconds limit = std::chrono::seconds(10));
size_t count(const std::string& text, const std::string& what);

}  // namespace sluice::process
