// SPDX-License-Identifier: Apache-2.0
// origin PORT [HOLE]: the upstream of the bench. One thread, epoll, answers that were made before
// it began; it must cost much less than what is measured in front of it. The path says what is
// wanted:
//   /N…     N bytes of body (N decimal, at most 16 MiB); /1k.txt is as good as /1024
//   PUT or POST with Content-Length: the body is read and thrown away, then 2 bytes are answered
//   Upgrade: websocket: each message is echoed (what it says is taken for granted, its size is not)
// HOLE is a port where nobody answers a SYN.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Connection {
    int fd = -1;
    std::string head;      // of a request that is not whole yet
    size_t skip = 0;       // bytes of a request body still to come
    bool owes = false;     // answer when they have come
    std::string_view out;  // rest of an answer
    std::vector<std::string_view> queue;
    bool last = false;  // Connection: close
    bool echoes = false;
    size_t message = 0;  // size of the one that is coming
};

const std::string& answer(size_t size)
{
    static std::map<size_t, std::string> made;
    std::string& text = made[size];
    if (text.empty())
        text = "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: text/plain\r\nContent-Length: " +
               std::to_string(size) + "\r\n\r\n" + std::string(size, 'x');
    return text;
}

// RFC 6455 5.2: unmasked, as servers send it.
const std::string& echo_of(size_t size)
{
    static std::map<size_t, std::string> made;
    std::string& text = made[size];
    if (!text.empty())
        return text;
    text = "\x82";
    if (size < 126) {
        text.push_back(static_cast<char>(size));
    } else {
        text.push_back(size > 65535 ? 127 : 126);
        for (int shift = size > 65535 ? 56 : 8; shift >= 0; shift -= 8)
            text.push_back(static_cast<char>(size >> shift));
    }
    return text.append(size, 'w');
}

// Behind the head of a client's frame in `head`: its payload's size. False: more of it must come.
bool read_frame_head(std::string_view head, size_t& size)
{
    auto at = [&](size_t i) { return static_cast<unsigned char>(head[i]); };
    if (head.size() < 2)
        return false;
    size_t length = at(1) & 127u, bytes = length == 127 ? 8 : length == 126 ? 2 : 0;
    if (head.size() < 2 + bytes + 4)
        return false;
    for (size_t i = size = 0; i < bytes; ++i)
        size = size << 8 | at(2 + i);
    size = bytes ? size : length;
    return true;
}

void echo(Connection& c, std::string_view in)
{
    while (!in.empty()) {
        if (c.skip == 0) {
            c.head.push_back(in.front());
            in.remove_prefix(1);
            if (!read_frame_head(c.head, c.message))
                continue;
            c.head.clear();
            c.skip = c.message;
        }
        size_t n = std::min(c.skip, in.size());
        c.skip -= n;
        in.remove_prefix(n);
        if (c.skip == 0)
            c.queue.push_back(echo_of(c.message));
    }
}

size_t wanted_size(std::string_view head)
{
    size_t at = head.find('/');
    size_t n = 0;
    for (++at; at < head.size() && head[at] >= '0' && head[at] <= '9'; ++at)
        n = n * 10 + static_cast<size_t>(head[at] - '0');
    if (at < head.size() && head[at] == 'k')
        n *= 1024;
    if (at < head.size() && head[at] == 'm')
        n *= 1024 * 1024;
    return n < (16u << 20) ? n : 16u << 20;
}

size_t body_length(std::string_view head)
{
    if (head.front() == 'G')
        return 0;
    for (const char* name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
        size_t at = head.find(name);
        if (at != std::string_view::npos)
            return std::strtoull(head.data() + at + 18, nullptr, 10);
    }
    return 0;
}

/// False when the connection is done with.
bool flush(Connection& c)
{
    for (;;) {
        if (c.out.empty()) {
            if (c.queue.empty())
                return !c.last;
            c.out = c.queue.front();
            c.queue.erase(c.queue.begin());
        }
        ssize_t n = ::send(c.fd, c.out.data(), c.out.size(), MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN;
        c.out.remove_prefix(static_cast<size_t>(n));
    }
}

/// Takes requests off `in`.
void consume(Connection& c, std::string_view in)
{
    while (!in.empty() || (c.owes && c.skip == 0)) {
        if (c.skip > 0) {
            size_t n = std::min(c.skip, in.size());
            c.skip -= n;
            in.remove_prefix(n);
            if (c.skip > 0)
                return;
        }
        if (c.owes) {
            c.owes = false;
            c.queue.push_back(answer(2));
            continue;
        }
        size_t end = in.find("\r\n\r\n");
        if (end == std::string_view::npos) {
            c.head.assign(in);
            return;
        }
        std::string_view head = in.substr(0, end + 4);
        in.remove_prefix(end + 4);
        c.last = c.last || head.find("onnection: close") != std::string_view::npos;
        if (head.find("websocket") != std::string_view::npos) {
            c.queue.push_back(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\n"
                // RFC 6455 1.3: its example; some proxies want one
                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
            c.echoes = true;
            return echo(c, in);
        }
        c.skip = body_length(head);
        if (head.front() == 'P')
            c.owes = true;
        else
            c.queue.push_back(answer(wanted_size(head)));
    }
}

bool serve(Connection& c)
{
    static char buffer[256 * 1024];
    for (;;) {
        ssize_t n = ::recv(c.fd, buffer, sizeof buffer, 0);
        if (n == 0)
            return false;
        if (n < 0)
            return errno == EAGAIN && flush(c);
        std::string_view in(buffer, static_cast<size_t>(n));
        if (c.echoes) {
            echo(c, in);
        } else if (c.head.empty()) {
            consume(c, in);
        } else {
            std::string whole = std::move(c.head);
            c.head.clear();
            whole.append(in);
            consume(c, whole);
        }
        if (!flush(c))
            return false;
        if (static_cast<size_t>(n) < sizeof buffer)
            return true;
    }
}

int listen_on(int port, int backlog)
{
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<uint16_t>(port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) < 0 || ::listen(fd, backlog) < 0) {
        std::perror("origin: listen");
        std::exit(1);
    }
    return fd;
}

// A full queue that nobody takes from: further SYNs are dropped.
void open_hole(int port)
{
    listen_on(port, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<uint16_t>(port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 3; ++i) {
        int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) < 0 && errno != EINPROGRESS)
            std::perror("origin: connect");
    }
}

void accept_all(int listener, int epoll)
{
    for (;;) {
        int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        auto* c = new Connection;
        c->fd = fd;
        epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = c}};
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 2 && argc != 3) {
        std::fprintf(stderr, "origin PORT [HOLE]\n");
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    if (argc == 3)
        open_hole(std::atoi(argv[2]));
    int listener = listen_on(std::atoi(argv[1]), 4096);
    int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{EPOLLIN, {.ptr = nullptr}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    epoll_event events[512];
    for (;;) {
        int n = ::epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < n; ++i) {
            auto* c = static_cast<Connection*>(events[i].data.ptr);
            if (!c) {
                accept_all(listener, epoll);
                continue;
            }
            bool go_on = (events[i].events & EPOLLIN) ? serve(*c) : flush(*c);
            if (!go_on || (events[i].events & (EPOLLERR | EPOLLHUP))) {
                ::close(c->fd);
                delete c;
            }
        }
    }
}
