// SPDX-License-Identifier: Apache-2.0
#include "core/os/sys.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/check.h"
#include "core/base/clock.h"

namespace sluice::os {

Counters counters;

namespace {

template <class F>
Io retry(uint64_t& counter, F call)
{
    for (;;) {
        ++counter;
        ssize_t n = call();
        if (n >= 0)
            return {n, 0};
        if (errno != EINTR)
            return {-1, errno};
    }
}

}  // namespace

bool Io::again() const
{
    return error == EAGAIN;
}

bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

void Fd::close()
{
    if (fd_ < 0)
        return;
    ++counters.close;
    ::close(std::exchange(fd_, -1));  // Linux: the descriptor is gone even on EINTR
    if (descriptor_closed)
        descriptor_closed();
}

void (*descriptor_closed)() = nullptr;

Io recv(int fd, void* to, size_t n)
{
    return retry(counters.read, [&] { return ::recv(fd, to, n, 0); });
}

Io send_parts(int fd, iovec* parts, int count, bool more)
{
    int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
    if (count == 1)
        return retry(counters.write,
                     [&] { return ::send(fd, parts->iov_base, parts->iov_len, flags); });
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = static_cast<size_t>(count);
    return retry(counters.write, [&] { return ::sendmsg(fd, &message, flags); });
}

Io sendfile(int socket, int file, off_t offset, size_t n)
{
    return retry(counters.sendfile, [&] { return ::sendfile(socket, file, &offset, n); });
}

int64_t file_size(int fd)
{
    struct stat s {
    };
    ++counters.file;
    return ::fstat(fd, &s) == 0 ? s.st_size : -1;
}

Io pread(int fd, void* to, size_t n, off_t offset)
{
    return retry(counters.file, [&] { return ::pread(fd, to, n, offset); });
}

Io write_all(int fd, const void* from, size_t n)
{
    const char* at = static_cast<const char*>(from);
    size_t left = n;
    while (left > 0) {
        Io io = retry(counters.write, [&] { return ::write(fd, at, left); });
        if (!io.ok())
            return io;
        at += io.n;
        left -= static_cast<size_t>(io.n);
    }
    return {static_cast<ssize_t>(n), 0};
}

Io pwrite_all(int fd, const void* from, size_t n, off_t offset)
{
    const char* at = static_cast<const char*>(from);
    size_t done = 0;
    while (done < n) {
        Io io = retry(counters.file, [&] {
            return ::pwrite(fd, at + done, n - done, offset + static_cast<off_t>(done));
        });
        if (!io.ok() || io.n == 0)
            return {static_cast<ssize_t>(done), io.ok() ? ENOSPC : io.error};
        done += static_cast<size_t>(io.n);
    }
    return {static_cast<ssize_t>(done), 0};
}

void truncate(int fd)
{
    ++counters.file;
    [[maybe_unused]] int rc = ::ftruncate(fd, 0);  // it only gives space back
}

Fd temporary_file(const std::string& directory, int& error)
{
    ++counters.file;
    Fd fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    error = fd ? 0 : errno;
    return fd;
}

static int epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t data)
{
    ++counters.epoll_ctl;
    epoll_event event{};
    event.events = events;
    event.data.u64 = data;
    return ::epoll_ctl(epoll, operation, fd, &event) == 0 ? 0 : errno;
}

Fd epoll_create()
{
    return Fd(::epoll_create1(EPOLL_CLOEXEC));
}

int epoll_add(int epoll, int fd, uint32_t events, uint64_t data)
{
    return epoll_control(epoll, EPOLL_CTL_ADD, fd, events, data);
}

int epoll_mod(int epoll, int fd, uint32_t events, uint64_t data)
{
    return epoll_control(epoll, EPOLL_CTL_MOD, fd, events, data);
}

int epoll_del(int epoll, int fd)
{
    ++counters.epoll_ctl;
    epoll_event event{};
    return ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event) == 0 ? 0 : errno;
}

int epoll_wait(int epoll, epoll_event* events, int max, int timeout_ms)
{
    ++counters.epoll_wait;
    int n = ::epoll_wait(epoll, events, max, timeout_ms);
    if (n < 0)
        SLUICE_CHECK(errno == EINTR);
    return n < 0 ? 0 : n;
}

uint64_t update_clock()
{
    timespec steady, wall;
    clock_gettime(CLOCK_MONOTONIC, &steady);
    clock_gettime(CLOCK_REALTIME, &wall);
    Clock::set({steady.tv_sec * 1000 + steady.tv_nsec / 1000000},
               wall.tv_sec * 1000 + wall.tv_nsec / 1000000);
    return static_cast<uint64_t>(steady.tv_sec) * 1000000 +
           static_cast<uint64_t>(steady.tv_nsec) / 1000;
}

uint64_t steady_us()
{
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

uint64_t monotonic_us()
{
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<uint64_t>(t.tv_sec) * 1000000 + static_cast<uint64_t>(t.tv_nsec) / 1000;
}

void random_bytes(void* to, size_t n)
{
    SLUICE_CHECK(::getrandom(to, n, 0) == static_cast<ssize_t>(n));
}

int process_id()
{
    return ::getpid();
}

bool is_root()
{
    return ::geteuid() == 0;
}

}  // namespace sluice::os
