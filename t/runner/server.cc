// SPDX-License-Identifier: Apache-2.0
#include "server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "net.h"
#include "perl.h"

#ifndef SPEC_BINARY
#define SPEC_BINARY "/usr/sbin/nginx"
#endif

namespace sluice::runner {

namespace fs = std::filesystem;

Server::Server()
{
    char path[] = "/tmp/sluice-spec.XXXXXX";
    if (::mkdtemp(path) == nullptr)
        throw SpecError("mkdtemp failed");
    root_ = path;
    ::chmod(path, 0755);
    for (const char* dir : {"conf", "logs", "html", "tmp"})
        fs::create_directory(root_ + "/" + dir);
}

Server::~Server()
{
    if (pid_ > 0)
        stop();
    std::error_code ignored;
    if (!keep_)
        fs::remove_all(root_, ignored);
}

void Server::write(const std::string& path, const std::string& bytes, long mtime) const
{
    fs::path full = fs::path(root_) / path;
    fs::create_directories(full.parent_path());
    if (path.ends_with('/')) {
        fs::create_directories(full);
        return;
    }
    std::ofstream(full, std::ios::binary) << bytes;
    if (mtime != 0) {
        timeval times[2] = {{mtime, 0}, {mtime, 0}};
        ::utimes(full.c_str(), times);
    }
}

std::string Server::read(const std::string& path) const
{
    std::ifstream in(root_ + "/" + path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

void Server::spawn(const std::vector<std::string>& args)
{
    const char* binary = std::getenv("TEST_NGINX_BINARY");
    std::vector<std::string> words = args;
    words.insert(words.begin(), binary != nullptr ? binary : SPEC_BINARY);
    std::vector<char*> argv;
    for (std::string& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    std::string err = root_ + "/logs/stderr.log";
    std::string out = root_ + "/logs/stdout.log";
    pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0)
        throw SpecError("fork failed");
    if (pid_ > 0)
        return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
        ::_exit(126);
    int null = ::open("/dev/null", O_RDONLY);
    int out_fd = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    int err_fd = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(null, 0);
    ::dup2(out_fd, 1);
    ::dup2(err_fd, 2);
    for (int fd = 3; fd < 10; fd++)
        ::close(fd);
    // What a sanitizer keeps of freed memory is not the server's: tests measure what it holds.
    ::setenv("ASAN_OPTIONS", "quarantine_size_mb=1:thread_local_quarantine_size_kb=64", 0);
    ::execvp(argv[0], argv.data());
    ::dprintf(2, "cannot run %s: %s\n", argv[0], std::strerror(errno));
    ::_exit(127);
}

bool Server::reap(bool wait)
{
    int status = 0;
    if (pid_ < 0)
        return true;
    if (::waitpid(pid_, &status, wait ? 0 : WNOHANG) != pid_)
        return false;
    pid_ = -1;
    ended_.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
}

bool Server::start(const std::string& address, double limit)
{
    ended_ = {};
    spawn({"-p", root_ + "/", "-c", conf_path()});
    Deadline deadline = in_seconds(limit);
    std::string pid_file = root_ + "/logs/nginx.pid";
    while (Clock::now() < deadline) {
        if (reap(false))
            return false;
        if (fs::exists(pid_file) && (address.empty() || Socket::connect(address).open()))
            return true;
        sleep_seconds(0.005);
    }
    throw SpecError("the server is not ready after " + std::to_string(limit) + " s");
}

Ended Server::run(const std::vector<std::string>& args, double limit)
{
    ended_ = {};
    spawn(args);
    Deadline deadline = in_seconds(limit);
    while (!reap(false) && Clock::now() < deadline)
        sleep_seconds(0.005);
    return pid_ > 0 ? stop() : ended_;
}

Ended Server::stop()
{
    if (reap(false))
        return ended_;
    ::kill(pid_, SIGTERM);
    for (Deadline deadline = in_seconds(10); Clock::now() < deadline; sleep_seconds(0.002)) {
        if (reap(false))
            return ended_;
    }
    ::kill(pid_, SIGKILL);
    reap(true);
    ended_.killed = true;
    return ended_;
}

}  // namespace sluice::runner
