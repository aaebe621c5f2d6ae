// SPDX-License-Identifier: Apache-2.0
// splice_lab: what a relay of large bodies costs by read and write, and by splice. A sender and a
// reader (processes of their own) on loopback, a relay between them; its CPU is what counts.
//
//   splice_lab [-m MEGABYTES of each measurement] [-n ROUNDS] [-b MEGABYTES of a body]
//
// Prints microseconds of the relay's CPU for a megabyte, the median of interleaved rounds. With
// splice each body has a pipe of its own, as a proxy would take it (from a pool, -b 1000000: one
// for all).
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr size_t mega = 1 << 20;

struct How {
    const char* name;
    bool splices;
    size_t size;  // of the buffer, or the pipe
};
constexpr How ways[] = {
    {"read and write, 64 kB", false, 64 << 10},  {"read and write, 256 kB", false, 256 << 10},
    {"read and write, 1 MB", false, mega},       {"splice, pipe of 64 kB", true, 64 << 10},
    {"splice, pipe of 256 kB", true, 256 << 10}, {"splice, pipe of 1 MB", true, mega},
};

[[noreturn]] void die(const char* what)
{
    std::perror(what);
    std::exit(1);
}

void stay_on(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    ::sched_setaffinity(0, sizeof set, &set);
}

/// Two ends of a TCP connection.
void connect_pair(int& a, int& b)
{
    int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&at), size) < 0 || ::listen(listener, 1) < 0 ||
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) < 0)
        die("listen");
    a = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(a, reinterpret_cast<sockaddr*>(&at), size) < 0)
        die("connect");
    b = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    int on = 1;
    for (int fd : {a, b})
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::close(listener);
}

void wait_for(int fd, short events)
{
    pollfd p{fd, events, 0};
    ::poll(&p, 1, -1);
}

// As an event loop would: tried at once, waited for when there is nothing.
template <class Try>
size_t moved(int fd, short events, Try attempt)
{
    for (;;) {
        ssize_t n = attempt();
        if (n > 0)
            return static_cast<size_t>(n);
        if (n == 0 || errno != EAGAIN)
            die("relay");
        wait_for(fd, events);
    }
}

void relay(const How& how, int from, int to, size_t bytes, size_t body)
{
    std::vector<char> buffer(how.splices ? 0 : how.size);
    int pipe[2] = {-1, -1};
    constexpr unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
    for (size_t done = 0, in_body = 0; done < bytes;) {
        if (how.splices && pipe[0] < 0) {
            if (::pipe2(pipe, O_CLOEXEC | O_NONBLOCK) < 0)
                die("pipe");
            ::fcntl(pipe[0], F_SETPIPE_SZ, static_cast<int>(how.size));
        }
        size_t got = moved(from, POLLIN, [&] {
            return how.splices ? ::splice(from, nullptr, pipe[1], nullptr, how.size, flags)
                               : ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
        });
        for (size_t sent = 0; sent < got;)
            sent += moved(to, POLLOUT, [&] {
                return how.splices ? ::splice(pipe[0], nullptr, to, nullptr, got - sent, flags)
                                   : ::send(to, buffer.data() + sent, got - sent, MSG_DONTWAIT);
            });
        done += got;
        in_body += got;
        if (how.splices && in_body >= body) {
            ::close(pipe[0]);
            ::close(pipe[1]);
            pipe[0] = -1;
            in_body = 0;
        }
    }
    ::close(pipe[0]);
    ::close(pipe[1]);
}

double cpu_us()
{
    rusage u{};
    ::getrusage(RUSAGE_SELF, &u);
    return 1e6 * static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

double measure(const How& how, size_t bytes, size_t body)
{
    int sender, from, to, reader;
    connect_pair(sender, from);
    connect_pair(to, reader);
    pid_t sends = ::fork();
    if (sends == 0) {
        stay_on(0);
        ::close(from);
        std::vector<char> data(256 << 10, 'x');
        while (::send(sender, data.data(), data.size(), MSG_NOSIGNAL) > 0) {
        }
        ::_exit(0);
    }
    pid_t reads = ::fork();
    if (reads == 0) {
        stay_on(0);
        ::close(to);
        std::vector<char> data(512 << 10);
        while (::recv(reader, data.data(), data.size(), 0) > 0) {
        }
        ::_exit(0);
    }
    ::close(sender);
    ::close(reader);
    relay(how, from, to, bytes / 8, body);  // warm
    double before = cpu_us();
    relay(how, from, to, bytes, body);
    double used = cpu_us() - before;
    ::close(from);
    ::close(to);
    for (pid_t child : {sends, reads}) {
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
    }
    return used / (static_cast<double>(bytes) / mega);
}

}  // namespace

int main(int argc, char** argv)
{
    size_t megabytes = 1000, rounds = 5, body = 1;
    for (int c; (c = ::getopt(argc, argv, "m:n:b:")) != -1;) {
        size_t n = c == '?' ? 0 : std::strtoull(optarg, nullptr, 10);
        if (n == 0) {
            std::fprintf(stderr, "splice_lab [-m MB] [-n rounds] [-b MB of a body]\n");
            return 2;
        }
        (c == 'm' ? megabytes : c == 'n' ? rounds : body) = n;
    }
    stay_on(static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)) - 1);
    std::vector<std::vector<double>> all(std::size(ways));
    for (size_t round = 0; round < rounds; ++round)
        for (size_t i = 0; i < std::size(ways); ++i)
            all[i].push_back(measure(ways[i], megabytes * mega, body * mega));
    for (size_t i = 0; i < std::size(ways); ++i) {
        std::sort(all[i].begin(), all[i].end());
        std::printf("%-24s %6.1f us/MB [%.1f-%.1f]\n", ways[i].name, all[i][rounds / 2],
                    all[i].front(), all[i].back());
    }
    return 0;
}
