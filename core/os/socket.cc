// SPDX-License-Identifier: Apache-2.0
#include "core/os/socket.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::os {
namespace {

Fd make(int family)
{
    return Fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

void apply_options(int fd, const Address& at, const ListenOptions& o)
{
    if (o.rcvbuf)
        set_option(fd, SOL_SOCKET, SO_RCVBUF, o.rcvbuf);
    if (o.sndbuf)
        set_option(fd, SOL_SOCKET, SO_SNDBUF, o.sndbuf);
    if (at.is_unix())
        return;
    // Accepted sockets inherit it (Linux): no call per connection.
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (o.keepalive >= 0)
        set_option(fd, SOL_SOCKET, SO_KEEPALIVE, o.keepalive);
    if (o.keep_idle)
        set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, o.keep_idle);
    if (o.keep_interval)
        set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, o.keep_interval);
    if (o.keep_count)
        set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, o.keep_count);
    if (o.fastopen)
        set_option(fd, IPPROTO_TCP, TCP_FASTOPEN, o.fastopen);
    set_option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, o.deferred ? 1 : 0);
}

// Somebody listens on it: then it is not stale.
bool unix_socket_alive(const Address& at)
{
    int error = 0;
    Fd probe = connect(at, {}, error);
    return error == 0 || error == EAGAIN || error == EINPROGRESS;
}

void remove_stale_socket(const Address& at)
{
    std::string path = at.text().substr(5);
    struct stat info;
    if (::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode) && !unix_socket_alive(at))
        ::unlink(path.c_str());
}

}  // namespace

Fd accept(int listener, Address& peer, int& error)
{
    ++counters.accept;
    sockaddr_storage storage;
    socklen_t length = sizeof storage;
    int fd;
    do
        fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&storage), &length,
                       SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    error = fd < 0 ? errno : 0;
    if (error == EAGAIN)
        ++counters.accept_again;
    if (fd >= 0)
        peer = Address::from(reinterpret_cast<sockaddr*>(&storage), length);
    return Fd(fd);
}

Fd connect(const Address& to, const ConnectOptions& options, int& error)
{
    ++counters.socket;
    Fd fd = make(to.family());
    if (!fd) {
        error = errno;
        return fd;
    }
    // Or the second of two small parts (of a tunnel, of a body that streams) would wait until the
    // first one is acknowledged: 40 ms where the peer has nothing to say yet.
    if (!to.is_unix())
        set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    if (options.keepalive && !to.is_unix())
        set_option(fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
    if (options.speaks_first && !to.is_unix())
        set_option(fd.get(), IPPROTO_TCP, TCP_QUICKACK, 0);
    if (const Address* from = options.from) {
        bool v6 = to.family() == AF_INET6;
        if (options.transparent && !set_option(fd.get(), v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                                               v6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, 1)) {
            error = errno;
            return Fd();
        }
        set_option(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
        if (::bind(fd.get(), from->get(), from->size()) != 0) {
            error = errno;
            return Fd();
        }
    }
    ++counters.connect;
    error = ::connect(fd.get(), to.get(), to.size()) == 0 ? 0 : errno;
    if (error == 0 || error == EINPROGRESS)
        return fd;
    return Fd();
}

int connect_error(int fd)
{
    int error = 0;
    socklen_t length = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

Address local_address(int fd)
{
    sockaddr_storage storage;
    socklen_t length = sizeof storage;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0)
        return {};
    return Address::from(reinterpret_cast<sockaddr*>(&storage), length);
}

Address peer_address(int fd)
{
    sockaddr_storage storage;
    socklen_t length = sizeof storage;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0)
        return {};
    return Address::from(reinterpret_cast<sockaddr*>(&storage), length);
}

bool set_option(int fd, int level, int name, int value)
{
    ++counters.setsockopt;
    return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

void shutdown_write(int fd)
{
    ::shutdown(fd, SHUT_WR);
}

void reset_on_close(int fd)
{
    linger l{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

size_t readable_bytes(int fd)
{
    int n = 0;
    return ::ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? static_cast<size_t>(n) : 0;
}

void limit_silence(int fd, unsigned milliseconds)
{
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(milliseconds));
}

Result<Fd, ListenError> listen(const Address& at, const ListenOptions& options)
{
    if (at.is_unix())
        remove_stale_socket(at);
    Fd fd = make(at.family());
    if (!fd)
        return fail(ListenError{"socket()", errno});
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuseport && !set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1))
        return fail(ListenError{"setsockopt(SO_REUSEPORT)", errno});
    if (at.family() == AF_INET6)
        set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6only);
    if (::bind(fd.get(), at.get(), at.size()) != 0)
        return fail(ListenError{"bind()", errno});
    if (at.is_unix())
        ::chmod(at.text().substr(5).c_str(), 0666);
    apply_options(fd.get(), at, options);
    if (!options.bind_only && ::listen(fd.get(), options.backlog) != 0)
        return fail(ListenError{"listen()", errno});
    return fd;
}

bool adopt_listener(int fd)
{
    int listening = 0, type = 0;
    socklen_t size = sizeof listening;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || !listening)
        return false;
    size = sizeof type;
    if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
        return false;
    int flags = ::fcntl(fd, F_GETFL);
    return ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

void update_listener(int fd, const ListenOptions& options)
{
    apply_options(fd, local_address(fd), options);
    ::listen(fd, options.backlog);
}

bool socket_pair(Fd& a, Fd& b)
{
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    a = Fd(pair[0]);
    b = Fd(pair[1]);
    return true;
}

void notify(int fd)
{
    char byte = 1;
    (void)!::write(fd, &byte, 1);
}

Fd event_fd()
{
    return Fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

void ring(int event_fd)
{
    uint64_t one = 1;
    (void)!::write(event_fd, &one, sizeof one);
}

void silence(int event_fd)
{
    uint64_t count;
    (void)!::read(event_fd, &count, sizeof count);
}

bool is_listening(int fd)
{
    int on = 0;
    socklen_t length = sizeof on;
    return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &length) == 0 && on;
}

void stop_listening(int fd)
{
    ::shutdown(fd, SHUT_RDWR);
}

void share_port(int fd)
{
    set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
}

bool choose_first(int fd, unsigned n)
{
    if (n == 0)
        return set_option(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0);
    // return random % n: the kernel takes it as the index in the group
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, n),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    sock_fprog program{sizeof code / sizeof code[0], code};
    ++counters.setsockopt;
    return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0;
}

}  // namespace sluice::os
