// SPDX-License-Identifier: Apache-2.0
//
// The program under test, in its own directory: conf/, logs/, html/, tmp/.
//
// `start` runs "BINARY -p DIR/ -c DIR/conf/nginx.conf" in the foreground and returns when the pid
// file is there and the port accepts, or the child has ended. `stop` sends SIGTERM to the child
// that it started, and SIGKILL after three seconds. Standard error goes to logs/stderr.log. The
// destructor leaves no child behind; it removes the directory unless `keep` was called.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace sluice::runner {

struct Ended {
    bool killed = false;  // did not stop by itself in time
    int code = -1;        // exit code, or 128 + signal
};

class Server
{
public:
    Server();
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    const std::string& root() const { return root_; }
    std::string conf_path() const { return root_ + "/conf/nginx.conf"; }
    void write(const std::string& path, const std::string& bytes, long mtime = 0) const;
    std::string read(const std::string& path) const;  // "" when there is none

    bool start(const std::string& address, double limit);  // false: it ended; see `ended`
    Ended run(const std::vector<std::string>& args, double limit);
    Ended stop();
    Ended ended() const { return ended_; }
    void keep() { keep_ = true; }

private:
    void spawn(const std::vector<std::string>& args);
    bool reap(bool wait);

    std::string root_;
    pid_t pid_ = -1;
    Ended ended_;
    bool keep_ = false;
};

}  // namespace sluice::runner
