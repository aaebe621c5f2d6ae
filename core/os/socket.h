// SPDX-License-Identifier: Apache-2.0
// Sockets: all of them are made non-blocking and close-on-exec.
#pragma once

#include "core/os/address.h"
#include "core/os/fd.h"
#include "core/os/sys.h"

namespace sluice::os {

/// An accepted socket, or errno in `error` (EAGAIN: nobody waits).
Fd accept(int listener, Address& peer, int& error);

/// How a connection is to be made.
struct ConnectOptions {
    const Address* from = nullptr;  // bind(2) to it; null: the system's choice
    bool transparent = false;       // it need not be an address of this machine (CAP_NET_RAW)
    bool keepalive = false;         // SO_KEEPALIVE
    /// We send at once: the last segment of the handshake waits for our first bytes and leaves with
    /// them (TCP_QUICKACK off; the kernel sends it alone after its delay of acknowledgements).
    bool speaks_first = false;
};

/// A stream socket of the family of `to` with connect(2) begun. error: 0 connected, EINPROGRESS, or
/// why not (then no Fd).
Fd connect(const Address& to, const ConnectOptions& options, int& error);

/// Outcome of a connect(2) that was in progress, or what has befallen a connection: 0 or errno
/// (SO_ERROR, told once).
int connect_error(int fd);

Address local_address(int fd);
Address peer_address(int fd);

bool set_option(int fd, int level, int name, int value);
void shutdown_write(int fd);
/// close(2) will send RST and drop what is queued (reset_timedout_connection).
void reset_on_close(int fd);
/// Bytes that have come and have not been read; 0 also when it cannot be known.
size_t readable_bytes(int fd);
/// TCP gives up when what was written is not acknowledged for so long (TCP_USER_TIMEOUT).
void limit_silence(int fd, unsigned milliseconds);

struct ListenOptions {
    int backlog = 511;
    bool ipv6only = true;
    bool reuseport = false;
    bool deferred = false;
    int rcvbuf = 0, sndbuf = 0;  // bytes, 0: the system's
    int keepalive = -1;          // so_keepalive: -1 the system's, 0 off, 1 on
    int keep_idle = 0, keep_interval = 0,
        keep_count = 0;  // seconds, seconds, probes; 0: the system's
    int fastopen = 0;
    bool bind_only = false;  // update_listener() listens later
};

/// A bound and listening socket, or why not: {step that failed such as "bind()", errno}. A unix
/// socket file that nobody listens on is replaced.
struct ListenError {
    const char* step;
    int error;
};
Result<Fd, ListenError> listen(const Address& at, const ListenOptions& options);
/// A descriptor that somebody else has opened: is it a listening stream socket. Makes it
/// close-on-exec and non-blocking as ours are.
bool adopt_listener(int fd);
/// Options that may change on a listening socket that is kept over a reload.
void update_listener(int fd, const ListenOptions& options);

/// Two connected stream sockets (non-blocking, close-on-exec); for channels and tests.
bool socket_pair(Fd& a, Fd& b);
/// One byte, uncounted: from helper threads too.
void notify(int fd);

/// eventfd(2), non-blocking: a bell, or a descriptor to hold in reserve. No Fd: errno.
Fd event_fd();
void ring(int event_fd);
void silence(int event_fd);

/// The socket listens (SO_ACCEPTCONN).
bool is_listening(int fd);
/// SO_REUSEPORT on a socket that listens already: others may join its address.
void share_port(int fd);
/// It listens no more, whoever else holds a descriptor of it; clients in its queue are reset.
void stop_listening(int fd);
/// New connections go only to the first `n` sockets that listened in this one's reuseport group,
/// at random; 0: to all, by hash. False where the kernel does not do it.
bool choose_first(int fd, unsigned n);

}  // namespace sluice::os
