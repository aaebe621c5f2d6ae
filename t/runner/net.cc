// SPDX-License-Identifier: Apache-2.0
#include "net.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "perl.h"
#include "tls.h"

namespace sluice::runner {

namespace {

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
    sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
};

Address parse_address(std::string text)
{
    Address address;
    if (text.starts_with("unix:"))
        text.erase(0, 5);
    if (text.starts_with("/")) {
        auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
        un->sun_family = AF_UNIX;
        if (text.size() >= sizeof un->sun_path)
            throw SpecError("socket path too long: " + text);
        std::memcpy(un->sun_path, text.c_str(), text.size() + 1);
        address.size = sizeof *un;
        return address;
    }
    size_t colon = text.rfind(':');
    std::string host = colon == std::string::npos ? "127.0.0.1" : text.substr(0, colon);
    int port = std::stoi(colon == std::string::npos ? text : text.substr(colon + 1));
    if (host.starts_with("[")) {
        auto* in6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(static_cast<uint16_t>(port));
        ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &in6->sin6_addr);
        address.size = sizeof *in6;
        return address;
    }
    auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
    in->sin_family = AF_INET;
    in->sin_port = htons(static_cast<uint16_t>(port));
    ::inet_pton(AF_INET, host.c_str(), &in->sin_addr);
    address.size = sizeof *in;
    return address;
}

}  // namespace

Deadline in_seconds(double seconds)
{
    return Clock::now() +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

void sleep_seconds(double seconds)
{
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

Socket::Socket() = default;

Socket::Socket(int fd) : fd_(fd) {}

Socket::~Socket()
{
    close();
}

Socket::Socket(Socket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), tls_(std::move(other.tls_))
{
}

Socket& Socket::operator=(Socket&& other) noexcept
{
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
        tls_ = std::move(other.tls_);
    }
    return *this;
}

Socket Socket::connect(const std::string& text)
{
    Address address = parse_address(text);
    Socket s(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(s.fd_, address.raw(), address.size) != 0)
        s.close();
    return s;
}

Socket Socket::listen(const std::string& text)
{
    Address address = parse_address(text);
    Socket s(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    int on = 1;
    ::setsockopt(s.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(s.fd_, address.raw(), address.size) != 0 || ::listen(s.fd_, 64) != 0)
        throw SpecError("cannot listen on " + text + ": " + std::strerror(errno));
    return s;
}

bool Socket::wait(short events, Deadline deadline) const
{
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd p{fd_, events, 0};
    return ::poll(&p, 1, static_cast<int>(std::max<long>(left, 0))) > 0;
}

Socket Socket::accept(Deadline deadline)
{
    if (!wait(POLLIN, deadline))
        return {};
    return Socket(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
}

bool Socket::start_tls(const TlsOptions& options, bool as_server, Deadline deadline)
{
    tls_ = std::make_unique<TlsEnd>(fd_, options, as_server ? TlsEnd::server : TlsEnd::client);
    return tls_->handshake(deadline);
}

Io Socket::read_some(std::string& into, Deadline deadline)
{
    if (tls_ != nullptr)
        return tls_->read_some(into, deadline);
    if (!wait(POLLIN, deadline))
        return Io::timeout;
    char bytes[65536];
    ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n < 0)
        return Io::error;
    into.append(bytes, static_cast<size_t>(n));
    return n == 0 ? Io::eof : Io::ok;
}

Io Socket::write_all(std::string_view bytes, Deadline deadline, bool more)
{
    if (tls_ != nullptr)
        return tls_->write_all(bytes, deadline);
    int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0);
    while (!bytes.empty()) {
        if (!wait(POLLOUT, deadline))
            return Io::timeout;
        ssize_t n = ::send(fd_, bytes.data(), bytes.size(), flags);
        if (n < 0 && errno != EAGAIN)
            return Io::error;
        bytes.remove_prefix(static_cast<size_t>(std::max<ssize_t>(n, 0)));
    }
    return Io::ok;
}

void Socket::shut_write()
{
    ::shutdown(fd_, SHUT_WR);
}

void Socket::reset()
{
    linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
}

void Socket::close()
{
    tls_.reset();
    if (fd_ >= 0)
        ::close(fd_);
    fd_ = -1;
}

}  // namespace sluice::runner
