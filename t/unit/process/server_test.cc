// SPDX-License-Identifier: Apache-2.0
#include "t/unit/process/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "t/unit/process/test_payload.h"

// Of the leak sanitizer, where it is built in: the child ends by _exit, which skips its check.
extern "C" __attribute__((weak)) int __lsan_do_recoverable_leak_check();

namespace sluice::process {
namespace {

std::string read_all(const std::filesystem::path& path)
{
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

int wait_for(int pid, int seconds)
{
    int status = 0;
    bool ended = eventually([&] { return ::waitpid(pid, &status, WNOHANG) == pid; },
                            std::chrono::seconds(seconds));
    if (!ended)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

}  // namespace

bool eventually(const std::function<bool()>& so, std::chrono::milliseconds limit)
{
    auto end = std::chrono::steady_clock::now() + limit;
    while (!so()) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

size_t count(const std::string& text, const std::string& what)
{
    size_t n = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++n;
    return n;
}

int free_port()
{
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), length);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    ::close(fd);
    return ntohs(address.sin_port);
}

int connect_to(int port)
{
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    timeval limit{5, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
        return fd;
    ::close(fd);
    return -1;
}

Server::Server() : port(free_port())
{
    char name[] = "/tmp/sluice-process-XXXXXX";
    dir = ::mkdtemp(name);
    std::filesystem::permissions(dir, std::filesystem::perms(0755));
}

Server::~Server()
{
    std::vector<int> left = workers();
    if (pid_ > 0 && ::kill(pid_, SIGKILL) == 0)
        ::waitpid(pid_, nullptr, 0);
    for (int worker : left)
        ::kill(worker, SIGKILL);
    std::filesystem::remove_all(dir);
}

void Server::configure(const std::string& more, bool listen)
{
    std::ofstream out(dir / "nginx.conf.new");
    out << "pid " << (dir / "pid").string() << ";\n"
        << "error_log " << (dir / "error.log").string() << " debug;\nevents {}\n";
    if (listen)
        out << "test_listen " << port << ";\n";
    out << more << "\n";
    out.close();
    std::filesystem::rename(dir / "nginx.conf.new", dir / "nginx.conf");
}

int Server::fork_program(std::vector<std::string> args, const std::string& out,
                         const std::string& err)
{
    std::vector<std::string> all{"sluice",     "-p", dir.string(), "-c",
                                 "nginx.conf", "-e", "start.log"};
    all.insert(all.end(), args.begin(), args.end());
    int pid = ::fork();
    if (pid != 0)
        return pid;
    for (auto [path, to] : {std::pair{&out, 1}, {&err, 2}}) {
        int fd = ::open((dir / *path).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
        ::dup2(fd, to);
        ::close(fd);
    }
    std::vector<char*> argv;
    for (std::string& arg : all)
        argv.push_back(arg.data());
    argv.push_back(nullptr);
    int code = run_test_program(static_cast<int>(all.size()), argv.data());
    if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() != 0)
        code = 99;
    ::_exit(code);
}

Outcome Server::run(std::vector<std::string> args)
{
    int pid = fork_program(std::move(args), "run.out", "run.err");
    Outcome outcome;
    outcome.code = wait_for(pid, 20);
    if (outcome.code < 0) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    outcome.out = file("run.out");
    outcome.err = file("run.err");
    return outcome;
}

int Server::start(std::vector<std::string> args)
{
    args.insert(args.end(), {"-g", "daemon off;"});
    pid_ = fork_program(std::move(args), "out", "err");
    bool there = eventually([&] { return std::filesystem::exists(dir / "pid"); });
    return there ? pid_ : 0;
}

int Server::wait_end(int seconds)
{
    int code = wait_for(pid_, seconds);
    if (code >= 0)
        pid_ = 0;
    return code;
}

void Server::signal(int number) const
{
    ::kill(pid_, number);
}

std::string Server::ask(const std::string& what, int to_port) const
{
    int fd = connect_to(to_port ? to_port : port);
    if (fd < 0)
        return {};
    std::string line = what + "\n";
    char buffer[256];
    ssize_t n = ::send(fd, line.data(), line.size(), MSG_NOSIGNAL);
    n = n < 0 ? n : ::recv(fd, buffer, sizeof buffer, 0);
    ::close(fd);
    return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : std::string();
}

std::string Server::file(const std::string& name) const
{
    return read_all(dir / name);
}

std::vector<int> Server::workers() const
{
    std::vector<int> pids;
    if (pid_ <= 0)
        return pids;
    std::istringstream in(
        read_all("/proc/" + std::to_string(pid_) + "/task/" + std::to_string(pid_) + "/children"));
    for (int pid = 0; in >> pid;)
        pids.push_back(pid);
    return pids;
}

}  // namespace sluice::process
