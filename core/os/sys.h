// SPDX-License-Identifier: Apache-2.0
// The system calls of the data path, thin and counted; EINTR is retried here. Errors are errno
// values in Io::error; EAGAIN is one of them. The counters are per process and feed the budget test
// (t/unit/budget) and the status pages.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/os/fd.h"

struct iovec;
struct epoll_event;

namespace sluice::os {

struct Counters {
    uint64_t read = 0, write = 0, sendfile = 0, accept = 0, accept_again = 0, connect = 0,
             socket = 0, close = 0;
    uint64_t epoll_wait = 0, epoll_ctl = 0, setsockopt = 0;
    uint64_t file = 0;  // open, stat, pread and their like
};
extern Counters counters;

struct Io {
    ssize_t n = 0;
    int error = 0;
    bool ok() const { return error == 0; }
    bool again() const;  // EAGAIN: nothing now
};

Io recv(int fd, void* to, size_t n);
/// `more`: further bytes follow at once, the kernel may wait for them (MSG_MORE).
Io send_parts(int fd, iovec* parts, int count, bool more);
/// At most n bytes of `file` from `offset` to the socket.
Io sendfile(int socket, int file, off_t offset, size_t n);
/// Of a file that is open; -1 when it cannot be said.
int64_t file_size(int fd);
Io pread(int fd, void* to, size_t n, off_t offset);
/// Whole, or as much as an error lets; for log files.
Io write_all(int fd, const void* from, size_t n);

Io pwrite_all(int fd, const void* from, size_t n, off_t offset);
/// To nothing.
void truncate(int fd);

/// A file without a name in `directory`, read and write. No Fd: errno in `error`.
Fd temporary_file(const std::string& directory, int& error);

Fd epoll_create();
int epoll_add(int epoll, int fd, uint32_t events, uint64_t data);  // 0 or errno
int epoll_mod(int epoll, int fd, uint32_t events, uint64_t data);  // 0 or errno
int epoll_del(int epoll, int fd);
/// timeout_ms < 0: no limit. n events, or 0 (also when a signal came).
int epoll_wait(int epoll, epoll_event* events, int max, int timeout_ms);

/// Reads both clocks into Clock; returns the steady one in microseconds.
uint64_t update_clock();
uint64_t steady_us();

/// Of CLOCK_MONOTONIC, read now and exactly.
uint64_t monotonic_us();

/// Cryptographically strong bytes (getrandom).
void random_bytes(void* to, size_t n);

int process_id();
bool is_root();

}  // namespace sluice::os
