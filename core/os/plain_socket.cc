// SPDX-License-Identifier: Apache-2.0
#include "core/os/plain_socket.h"

#include "core/os/sys.h"

namespace sluice::os {

Fd plain_socket(int family, int type, int protocol)
{
    ++counters.socket;
    return Fd(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
}

int plain_connect(int fd, const sockaddr* to, socklen_t size)
{
    ++counters.connect;
    return ::connect(fd, to, size);
}

ssize_t plain_receive(int fd, void* to, size_t n, int flags, sockaddr* from, socklen_t* size)
{
    ++counters.read;
    return ::recvfrom(fd, to, n, flags, from, size);
}

ssize_t plain_send(int fd, const iovec* parts, int count)
{
    ++counters.write;
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts);
    message.msg_iovlen = static_cast<size_t>(count);
    return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

}  // namespace sluice::os
