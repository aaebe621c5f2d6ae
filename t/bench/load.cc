// SPDX-License-Identifier: Apache-2.0
// load: an HTTP/1.1 client for the bench and the budget test. One thread, epoll, few calls a
// request.
//
//   load PORT PATH [-c CONNECTIONS] [-t SECONDS] [-n REQUESTS] [-r RATE] [-u BYTES] [-x] [-b]
//        [-w BYTES] [-i SECONDS]
//
//   -x  a new connection for each request
//   -u  PUT with so many bytes
//   -b  the eleven header fields of a browser
//   -w  a websocket: a request is a message of so many bytes, its answer the echo
//   -r  requests a second, at even distances; latency counts from when a request was due
//   -i  one request on each connection (64 at once), then hold them idle; says "idle" when it does
//
// Prints one line: requests= errors= seconds= rps= p50= p99= p999= max= (microseconds) slow= (that
// took 0.9 s and more).
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Options {
    int port = 0;
    std::string path;
    size_t connections = 1;
    double seconds = 1e9;
    uint64_t requests = UINT64_MAX;
    double rate = 0;
    size_t upload = 0;
    size_t message = 0;  // of a websocket
    bool fresh = false, browser = false;
    double idle = 0;
} options;

struct Connection {
    int fd = -1;
    bool busy = false, connecting = false;
    int64_t due = 0;   // ns
    size_t sent = 0;   // of head and upload
    std::string head;  // of an answer, until it is whole
    bool in_body = false;
    bool upgraded = false;
    uint64_t left = 0;  // bytes of body, or of the echo, to come
};

int epoll_fd = -1;
std::string request;
std::string upload;
std::string message;   // a frame
size_t echo_size = 0;  // of the frame that answers it
std::vector<Connection> all;
std::vector<size_t> idle;       // indexes, rate mode
std::deque<int64_t> waiting;    // due requests without a connection, rate mode
std::vector<uint32_t> latency;  // us
uint64_t started = 0, answered = 0, errors = 0;
int64_t begin_ns = 0, end_ns = 0;

int64_t now_ns()
{
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return int64_t{t.tv_sec} * 1000000000 + t.tv_nsec;
}

void open_connection(Connection& c)
{
    c.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c.fd < 0) {
        std::perror("load: socket");
        std::exit(1);
    }
    int on = 1;
    ::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(options.port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int rc = ::connect(c.fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
    c.connecting = rc < 0 && errno == EINPROGRESS;
    if (rc < 0 && !c.connecting) {
        std::perror("load: connect");
        std::exit(1);
    }
    epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = &c}};
    ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c.fd, &event);
}

void close_connection(Connection& c)
{
    if (c.fd < 0)
        return;
    linger hard{1, 0};  // no TIME_WAIT on our side: ports would run out
    if (!options.fresh || c.busy)
        ::setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(c.fd);
    c.fd = -1;
    c.upgraded = false;
}

void write_request(Connection& c)
{
    while (c.upgraded && c.sent < message.size()) {
        ssize_t done = ::send(c.fd, message.data() + c.sent, message.size() - c.sent, 0);
        if (done < 0)
            return;
        c.sent += static_cast<size_t>(done);
    }
    if (c.upgraded)
        return;
    while (c.sent < request.size() + upload.size()) {
        iovec parts[2];
        int n = 0;
        if (c.sent < request.size())
            parts[n++] = {request.data() + c.sent, request.size() - c.sent};
        size_t up = c.sent > request.size() ? c.sent - request.size() : 0;
        if (up < upload.size())
            parts[n++] = {upload.data() + up, upload.size() - up};
        ssize_t done = ::writev(c.fd, parts, n);
        if (done < 0)
            return;  // EAGAIN: an edge will come; an error: reading will meet it
        c.sent += static_cast<size_t>(done);
    }
}

void begin_request(Connection& c, int64_t due)
{
    c.busy = true;
    c.due = due;
    c.sent = 0;
    c.head.clear();
    c.in_body = c.upgraded;
    c.left = echo_size;
    ++started;
    if (c.fd < 0)
        open_connection(c);
    if (!c.connecting)
        write_request(c);
}

bool more()
{
    return started < options.requests && now_ns() < end_ns;
}

void end_request(Connection& c, bool good, bool closing)
{
    int64_t now = now_ns();
    good ? ++answered : ++errors;
    if (good)
        latency.push_back(
            static_cast<uint32_t>(std::min<int64_t>((now - c.due) / 1000, UINT32_MAX)));
    if (closing || options.fresh || !good)
        close_connection(c);
    c.busy = false;
    if (options.idle > 0) {
        if (started < all.size())
            begin_request(all[started], now);
        return;
    }
    if (options.rate > 0) {
        if (!waiting.empty()) {
            int64_t due = waiting.front();
            waiting.pop_front();
            begin_request(c, due);
        } else {
            idle.push_back(static_cast<size_t>(&c - all.data()));
        }
    } else if (more()) {
        begin_request(c, now);
    }
}

/// Reads the head's end: status 200 and a Content-Length, or it is an error.
bool parse_head(Connection& c, std::string_view head, bool& closing)
{
    if (options.message) {
        c.upgraded = head.starts_with("HTTP/1.1 101");
        c.left = 0;
        return c.upgraded;
    }
    if (!head.starts_with("HTTP/1.1 200"))
        return false;
    std::string lower(head);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char x) { return x >= 'A' && x <= 'Z' ? x + 32 : x; });
    size_t at = lower.find("\r\ncontent-length:");
    if (at == std::string::npos)
        return false;
    c.left = std::strtoull(lower.c_str() + at + 17, nullptr, 10);
    closing = lower.find("\r\nconnection: close") != std::string::npos;
    return true;
}

/// One answer's bytes; false when the request has ended.
bool take(Connection& c, std::string_view in)
{
    bool closing = false;
    if (!c.in_body) {
        c.head.append(in.substr(0, std::min<size_t>(in.size(), 16384)));
        size_t end = c.head.find("\r\n\r\n");
        if (end == std::string::npos)
            return true;
        size_t before = c.head.size() - std::min<size_t>(in.size(), 16384);
        in.remove_prefix(end + 4 - before);
        c.in_body = true;
        if (!parse_head(c, std::string_view(c.head).substr(0, end + 4), closing)) {
            end_request(c, false, true);
            return false;
        }
        c.head = closing ? "close" : "";
    }
    if (in.size() > c.left) {
        end_request(c, false, true);
        return false;
    }
    c.left -= in.size();
    if (c.left > 0)
        return true;
    end_request(c, true, c.head == "close");
    return false;
}

void readable(Connection& c)
{
    static char buffer[512 * 1024];
    for (;;) {
        ssize_t n = ::recv(c.fd, buffer, sizeof buffer, 0);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            if (c.busy)
                end_request(c, false, true);
            else
                close_connection(c);
            return;
        }
        if (!c.busy || !take(c, {buffer, static_cast<size_t>(n)}))
            return;  // a next request has its own edge
        if (static_cast<size_t>(n) < sizeof buffer)
            return;
    }
}

void on_event(const epoll_event& event)
{
    Connection& c = *static_cast<Connection*>(event.data.ptr);
    if (c.fd < 0)
        return;
    if (c.connecting && (event.events & EPOLLOUT)) {
        c.connecting = false;
        write_request(c);
    } else if (c.busy && (event.events & EPOLLOUT)) {
        write_request(c);
    }
    if (event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        readable(c);
}

/// Starts what is due; ns until the next one.
int64_t pace()
{
    if (options.rate <= 0)
        return 100000000;
    int64_t now = now_ns();
    for (;;) {
        uint64_t n = started + waiting.size();
        int64_t due = begin_ns + static_cast<int64_t>(static_cast<double>(n) * 1e9 / options.rate);
        if (due > now)
            return due - now;
        if (due >= end_ns || n >= options.requests)
            return 100000000;
        if (idle.empty()) {
            waiting.push_back(due);
        } else {
            size_t index = idle.back();
            idle.pop_back();
            begin_request(all[index], due);
        }
    }
}

void run()
{
    begin_ns = now_ns();
    end_ns = begin_ns + static_cast<int64_t>(std::min(options.seconds, 1e6) * 1e9);
    int64_t give_up = end_ns + 5000000000;
    for (size_t i = 0; i < all.size(); ++i) {
        if (options.rate > 0)
            idle.push_back(i);
        else if (started < options.requests && (options.idle <= 0 || i < 64))
            begin_request(all[i], now_ns());
    }
    epoll_event events[512];
    for (;;) {
        int64_t wait = pace();
        timespec t{wait / 1000000000, wait % 1000000000};
        int n = ::epoll_pwait2(epoll_fd, events, 512, &t, nullptr);
        for (int i = 0; i < n; ++i)
            on_event(events[i]);
        bool over = started >= options.requests || now_ns() >= end_ns;
        if (options.idle > 0)
            over = answered + errors >= all.size();
        if ((over && answered + errors >= started && waiting.empty()) || now_ns() > give_up)
            return;
    }
}

void report()
{
    double seconds = static_cast<double>(now_ns() - begin_ns) / 1e9;
    std::sort(latency.begin(), latency.end());
    auto at = [](double q) {
        return latency.empty() ? 0u
                               : latency[std::min(
                                     latency.size() - 1,
                                     static_cast<size_t>(q * static_cast<double>(latency.size())))];
    };
    constexpr uint32_t long_wait = 900000;
    auto slow = latency.end() - std::lower_bound(latency.begin(), latency.end(), long_wait);
    std::printf(
        "requests=%llu errors=%llu seconds=%.3f rps=%.0f p50=%u p99=%u p999=%u max=%u slow=%td\n",
        static_cast<unsigned long long>(answered),
        static_cast<unsigned long long>(started - answered), seconds,
        static_cast<double>(answered) / seconds, at(0.5), at(0.99), at(0.999), at(1), slow);
    std::fflush(stdout);
}

// RFC 6455 5.2: a binary frame; one of a client is masked, here with zeros.
std::string frame(size_t size, bool masked)
{
    std::string out = "\x82";
    auto mask = static_cast<unsigned char>(masked ? 0x80 : 0);
    if (size < 126) {
        out.push_back(static_cast<char>(mask | size));
    } else {
        bool large = size > 65535;
        out.push_back(static_cast<char>(mask | (large ? 127 : 126)));
        for (int shift = large ? 56 : 8; shift >= 0; shift -= 8)
            out.push_back(static_cast<char>(size >> shift));
    }
    return out.append(masked ? 4 : 0, '\0').append(size, 'w');
}

const char* const browser_fields =
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
    "\r\nAccept-Language: en-GB,en;q=0.7,de;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://bench.example/catalogue/shoes?page=4\r\n"
    "Cookie: session=7c1b9e0e0f5f4a5b8f3a2f0a6d6a1c11; theme=dark; consent=all\r\n"
    "Upgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: same-origin\r\nPriority: u=0, i\r\n";

void make_request()
{
    request =
        (options.upload ? "PUT " : "GET ") + options.path + " HTTP/1.1\r\nHost: bench.example\r\n";
    request += options.browser ? browser_fields : "User-Agent: load\r\nAccept: */*\r\n";
    if (options.fresh)
        request += "Connection: close\r\n";
    if (options.upload)
        request += "Content-Length: " + std::to_string(options.upload) + "\r\n";
    if (options.message) {
        request +=
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        message = frame(options.message, true);
        echo_size = frame(options.message, false).size();
    }
    request += "\r\n";
}

bool parse(int argc, char** argv)
{
    int c;
    while ((c = ::getopt(argc, argv, "c:t:n:r:u:w:i:xb")) != -1) {
        switch (c) {
        case 'c': options.connections = std::strtoull(optarg, nullptr, 10); break;
        case 't': options.seconds = std::atof(optarg); break;
        case 'n': options.requests = std::strtoull(optarg, nullptr, 10); break;
        case 'r': options.rate = std::atof(optarg); break;
        case 'u': options.upload = std::strtoull(optarg, nullptr, 10); break;
        case 'i': options.idle = std::atof(optarg); break;
        case 'w': options.message = std::strtoull(optarg, nullptr, 10); break;
        case 'x': options.fresh = true; break;
        case 'b': options.browser = true; break;
        default: return false;
        }
    }
    if (argc - optind != 2)
        return false;
    options.port = std::atoi(argv[optind]);
    options.path = argv[optind + 1];
    return true;
}

}  // namespace

int main(int argc, char** argv)
{
    if (!parse(argc, argv)) {
        std::fprintf(
            stderr,
            "load PORT PATH [-c n] [-t s] [-n requests] [-r rate] [-u bytes] [-w bytes] [-x] [-b]"
            " [-i s]\n");
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    epoll_fd = ::epoll_create1(EPOLL_CLOEXEC);
    upload.assign(options.upload, 'u');
    make_request();
    all.resize(options.connections);
    run();
    if (options.idle > 0) {
        std::printf("idle\n");
        std::fflush(stdout);
        ::usleep(static_cast<useconds_t>(options.idle * 1e6));
    }
    report();
    return answered > 0 ? 0 : 1;
}
