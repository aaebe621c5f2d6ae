// SPDX-License-Identifier: Apache-2.0
// Sockets for a library that speaks its protocol itself and lets us make its system calls (c-ares):
// they are counted, non-blocking, close-on-exec, and raise no SIGPIPE. Results are those of the
// system calls: -1 and errno.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include "core/os/fd.h"

struct iovec;

namespace sluice::os {

/// `type`: SOCK_DGRAM or SOCK_STREAM. No Fd: errno.
Fd plain_socket(int family, int type, int protocol);
int plain_connect(int fd, const sockaddr* to, socklen_t size);
ssize_t plain_receive(int fd, void* to, size_t n, int flags, sockaddr* from, socklen_t* size);
ssize_t plain_send(int fd, const iovec* parts, int count);

}  // namespace sluice::os
