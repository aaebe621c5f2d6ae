// SPDX-License-Identifier: Apache-2.0
// relay: the least that forwarding can cost on this machine. It moves bytes between clients and an
// origin and understands nothing of them: the same descriptors, edge-triggered, the same four
// socket calls a small request, and no HTTP. What it takes is the kernel's; the rest of a proxy's
// CPU is its own. As a program of t/bench/run (-p "nginx relay") it is the floor under a ratio.
//
//   relay PORT ORIGIN-PORT
//
// A client has a connection to the origin for itself, and ends it with its own. Only a request that
// says "Connection: close" is replaced by one that does not: the client's connection is closed
// behind the answer (which has to come in one piece), the origin's is kept for the next.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Side {
    int fd = -1;
    Side* other = nullptr;  // null: a spare connection to the origin
    bool client = false;
    bool closes = false;  // a client: after the answer
};

int epoll;
sockaddr_in origin;
std::vector<Side*> spares;
std::vector<Side*> dead;  // of this batch: their events may still follow
char bytes[1 << 16];

[[noreturn]] void die(const char* what)
{
    std::perror(what);
    std::exit(1);
}

sockaddr_in loopback(const char* port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(std::atoi(port)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

Side* watch(int fd, bool client)
{
    int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto* side = new Side{fd, nullptr, client, false};
    epoll_event event{EPOLLIN | EPOLLRDHUP | EPOLLET, {side}};
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
    return side;
}

void end(Side* side)
{
    ::close(side->fd);
    side->fd = -1;
    dead.push_back(side);
}

Side* connection_to_origin()
{
    if (!spares.empty()) {
        Side* side = spares.back();
        spares.pop_back();
        return side;
    }
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&origin), sizeof origin) != 0)
        die("connect");
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    return watch(fd, false);
}

void part(Side* client)
{
    client->other->other = nullptr;
    if (client->closes)
        spares.push_back(client->other);
    else
        end(client->other);
    end(client);
}

void send_all(int fd, std::string_view what)
{
    while (!what.empty()) {
        ssize_t n = ::send(fd, what.data(), what.size(), MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return;
        if (n > 0)
            what.remove_prefix(static_cast<size_t>(n));
    }
}

void from_client(Side* client, std::string_view what)
{
    size_t close = what.find("Connection: close\r\n");
    if (close == what.npos) {
        send_all(client->other->fd, what);
        return;
    }
    client->closes = true;
    std::string kept(what.substr(0, close));
    kept += what.substr(close + sizeof "Connection: close\r\n" - 1);
    send_all(client->other->fd, kept);
}

void on_bytes(Side* side)
{
    ssize_t n = ::recv(side->fd, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        if (side->client)
            part(side);
        else if (side->other)
            part(side->other);
        return;
    }
    std::string_view what(bytes, static_cast<size_t>(n));
    if (side->client) {
        from_client(side, what);
    } else if (Side* client = side->other) {
        send_all(client->fd, what);
        if (client->closes)
            part(client);
    }
}

void accept_all(int listener)
{
    for (;;) {
        int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        Side* client = watch(fd, true);
        client->other = connection_to_origin();
        client->other->other = client;
    }
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::fputs("usage: relay PORT ORIGIN-PORT\n", stderr);
        return 2;
    }
    rlimit files;
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    epoll = ::epoll_create1(EPOLL_CLOEXEC);
    origin = loopback(argv[2]);
    sockaddr_in here = loopback(argv[1]);
    int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(listener, reinterpret_cast<sockaddr*>(&here), sizeof here) != 0 ||
        ::listen(listener, 4096) != 0)
        die("listen");
    Side door{listener, nullptr, false, false};
    epoll_event event{EPOLLIN, {&door}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    epoll_event events[256];
    for (;;) {
        int n = ::epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; ++i) {
            auto* side = static_cast<Side*>(events[i].data.ptr);
            if (side == &door)
                accept_all(listener);
            else if (side->fd >= 0)
                on_bytes(side);
        }
        for (Side* side : dead)
            delete side;
        dead.clear();
    }
}
