// SPDX-License-Identifier: Apache-2.0
// epoll_lab: the experiment of the field reports, without sluice: plain epoll servers that share
// one listening socket, and what each way of registering it costs or loses.
//
//   epoll_lab WORKERS CONNECTIONS
//
//   level       level-triggered, one accept per wake-up: everybody wakes for each client
//   exclusive   the same with EPOLLEXCLUSIVE: one wakes, mostly the same one
//   edge-once   edge-triggered, one accept per wake-up: clients that come while all are busy stay
//   in
//               the queue for ever
//   edge-loop   edge-triggered, accept until EAGAIN: nobody is lost, all meet EAGAIN
//
// Clients come in bursts of 8, as at the end of a stall. One line per way: accepts of each worker,
// clients left in the queue, wake-ups and EAGAINs per client; then how often a worker without
// descriptors wakes in a second (level: it spins; edge: it sleeps, and stays deaf afterwards).
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr int most_workers = 64, burst = 8;
constexpr unsigned work_us = 300;  // what a server does with a client before it looks again

struct Way {
    const char* name;
    uint32_t events;
    bool drains;
};
constexpr Way ways[] = {
    {"level", EPOLLIN, false},
    {"exclusive", EPOLLIN | EPOLLEXCLUSIVE, false},
    {"edge-once", EPOLLIN | EPOLLET, false},
    {"edge-loop", EPOLLIN | EPOLLET, true},
};

struct Counts {
    std::atomic<unsigned long> wakes, accepts, again, refused;
};

[[noreturn]] void die(const char* what)
{
    std::perror(what);
    std::exit(1);
}

int listener(sockaddr_in& at)
{
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t n = sizeof at;
    if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&at), n) != 0 || ::listen(fd, 4096) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &n) != 0)
        die("listen");
    return fd;
}

int client(const sockaddr_in& to)
{
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        die("connect");
    return fd;
}

// Serves until it is killed; what it accepts stays open.
[[noreturn]] void serve(int fd, const Way& way, Counts& counts, rlim_t descriptors)
{
    if (descriptors) {
        rlimit few{descriptors, descriptors};
        ::setrlimit(RLIMIT_NOFILE, &few);
    }
    int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = way.events;
    if (epoll < 0 || ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll");
    for (;;) {
        ::epoll_wait(epoll, &event, 1, -1);
        ++counts.wakes;
        bool took;
        do {
            took = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC) >= 0;
            ++(took ? counts.accepts : errno == EAGAIN ? counts.again : counts.refused);
            if (took)
                ::usleep(work_us);
        } while (took && way.drains);
    }
}

class Servers
{
public:
    Servers(int fd, const Way& way, int n, rlim_t descriptors = 0)
    {
        void* memory = ::mmap(nullptr, sizeof(Counts) * most_workers, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            die("mmap");
        counts = static_cast<Counts*>(memory);
        for (int i = 0; i < n; ++i) {
            pid_t pid = ::fork();
            if (pid == 0)
                serve(fd, way, counts[i], descriptors);
            pids_.push_back(pid);
        }
        ::usleep(100000);
    }
    ~Servers()
    {
        for (pid_t pid : pids_) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, nullptr, 0);
        }
        ::munmap(counts, sizeof(Counts) * most_workers);
    }
    Counts* counts;

private:
    std::vector<pid_t> pids_;
};

void run_herd(const Way& way, int workers, int connections)
{
    sockaddr_in at;
    int fd = listener(at);
    unsigned long wakes = 0, accepts = 0, again = 0;
    std::string each;
    {
        Servers servers(fd, way, workers);
        std::vector<int> clients;
        for (int i = 0; i < connections; ++i) {
            if (i % burst == 0)
                ::usleep(2000);
            clients.push_back(client(at));
        }
        ::usleep(300000);
        for (int i = 0; i < workers; ++i) {
            wakes += servers.counts[i].wakes;
            accepts += servers.counts[i].accepts;
            again += servers.counts[i].again;
            each += (i ? "-" : "") + std::to_string(servers.counts[i].accepts.load());
        }
        for (int c : clients)
            ::close(c);
    }
    ::close(fd);
    std::printf(
        "%-10s accepts %-28s left in the queue %4ld  wake-ups/client %5.2f  EAGAIN/client %5.2f\n",
        way.name, each.c_str(), connections - static_cast<long>(accepts),
        double(wakes) / connections, double(again) / connections);
}

void run_shortage(const Way& way)
{
    sockaddr_in at;
    int fd = listener(at);
    Servers server(fd, way, 1, 16);
    std::vector<int> clients;
    for (int i = 0; i < 40; ++i)
        clients.push_back(client(at));
    ::usleep(200000);
    unsigned long before = server.counts[0].wakes;
    ::usleep(500000);
    unsigned long spun = (server.counts[0].wakes - before) * 2;
    std::printf("%-10s out of descriptors: %8lu wake-ups/s\n", way.name, spun);
    for (int c : clients)
        ::close(c);
    ::close(fd);
}

}  // namespace

int main(int argc, char** argv)
{
    int workers = argc > 1 ? std::atoi(argv[1]) : 4;
    int connections = argc > 2 ? std::atoi(argv[2]) : 400;
    if (workers < 1 || workers > most_workers || connections < 1 || connections > 10000) {
        std::fprintf(stderr, "usage: epoll_lab WORKERS(1-%d) CONNECTIONS(1-10000)\n", most_workers);
        return 2;
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    for (const Way& way : ways)
        run_herd(way, workers, connections);
    for (const Way& way : ways)
        run_shortage(way);
}
