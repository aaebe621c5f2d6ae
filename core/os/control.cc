// SPDX-License-Identifier: Apache-2.0
#include "core/os/control.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace sluice::os {
namespace {

constexpr size_t max_text = 65536;

// An abstract name begins with a zero byte and its length is the address's.
socklen_t make_name(const std::string& name, sockaddr_un& out)
{
    out = {};
    out.sun_family = AF_UNIX;
    size_t n = std::min(name.size(), sizeof out.sun_path - 1);
    std::memcpy(out.sun_path + 1, name.data(), n);
    return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + n);
}

}  // namespace

Fd control_socket(const std::string& name)
{
    Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd)
        return fd;
    int on = 1;
    sockaddr_un address;
    socklen_t length = make_name(name, address);
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
        ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0)
        return Fd();
    return fd;
}

int send_message(int fd, const std::string& to, std::string_view text)
{
    sockaddr_un address;
    socklen_t length = make_name(to, address);
    text = text.substr(0, max_text);
    ssize_t n = ::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL,
                         reinterpret_cast<sockaddr*>(&address), length);
    return n < 0 ? errno : 0;
}

bool receive_message(int fd, Message& out)
{
    out.text.resize(max_text);
    sockaddr_un address{};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
    iovec part{out.text.data(), out.text.size()};
    msghdr header{};
    header.msg_name = &address;
    header.msg_namelen = sizeof address;
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    ssize_t n = ::recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
    if (n < 0)
        return false;
    out.text.resize(static_cast<size_t>(n));
    constexpr size_t before = offsetof(sockaddr_un, sun_path) + 1;
    out.from.clear();
    if (header.msg_namelen > before)
        out.from.assign(address.sun_path + 1, header.msg_namelen - before);
    out.pid = 0;
    out.uid = static_cast<uid_t>(-1);
    for (cmsghdr* at = CMSG_FIRSTHDR(&header); at; at = CMSG_NXTHDR(&header, at))
        if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_CREDENTIALS) {
            ucred who;
            std::memcpy(&who, CMSG_DATA(at), sizeof who);
            out.pid = who.pid;
            out.uid = who.uid;
        }
    return true;
}

bool is_listened_to(const std::string& name)
{
    Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address;
    socklen_t length = make_name(name, address);
    return fd && ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), length) == 0;
}

int tell_manager(const std::string& address, std::string_view text)
{
    Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd)
        return errno;
    timeval limit{1, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_un to{};
    socklen_t length;
    if (address.starts_with('@')) {
        length = make_name(address.substr(1), to);
    } else {
        if (address.size() >= sizeof to.sun_path)
            return ENAMETOOLONG;
        to.sun_family = AF_UNIX;
        std::memcpy(to.sun_path, address.data(), address.size());
        length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() + 1);
    }
    ssize_t n = ::sendto(fd.get(), text.data(), text.size(), MSG_NOSIGNAL,
                         reinterpret_cast<sockaddr*>(&to), length);
    return n < 0 ? errno : 0;
}

uid_t effective_user()
{
    return ::geteuid();
}

std::string pid_space()
{
    char text[64];
    ssize_t n = ::readlink("/proc/self/ns/pid", text, sizeof text);
    return n > 0 ? std::string(text, static_cast<size_t>(n)) : std::string();
}

}  // namespace sluice::os
