// SPDX-License-Identifier: Apache-2.0
#include "core/os/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace sluice::os {
namespace {

sigset_t set_of(std::initializer_list<int> signals)
{
    sigset_t set;
    sigemptyset(&set);
    for (int signal : signals)
        sigaddset(&set, signal);
    return set;
}

}  // namespace

void block_signals(std::initializer_list<int> signals)
{
    sigset_t set = set_of(signals);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    // An ignored signal (nohup, a shell's background job) would be dropped before we read it.
    for (int signal : signals)
        ::signal(signal, SIG_DFL);
}

void unblock_signals(std::initializer_list<int> signals)
{
    sigset_t set = set_of(signals);
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

void ignore_signal(int signal)
{
    ::signal(signal, SIG_IGN);
}

Fd signal_fd(std::initializer_list<int> signals)
{
    sigset_t set = set_of(signals);
    return Fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

bool read_signal(int fd, Signal& out)
{
    signalfd_siginfo info;
    ssize_t n;
    do
        n = ::read(fd, &info, sizeof info);
    while (n < 0 && errno == EINTR);
    if (n != static_cast<ssize_t>(sizeof info))
        return false;
    out.number = static_cast<int>(info.ssi_signo);
    out.from = static_cast<int>(info.ssi_pid);
    return true;
}

std::string signal_name(int signal)
{
    const char* name = ::sigabbrev_np(signal);
    return name ? std::string("SIG") + name : "SIG" + std::to_string(signal);
}

int send_signal(int pid, int signal)
{
    return ::kill(pid, signal) == 0 ? 0 : errno;
}

bool make_pipe(Pipe& out)
{
    int ends[2];
    if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
        return false;
    out.read = Fd(ends[0]);
    out.write = Fd(ends[1]);
    return true;
}

bool write_byte(int fd)
{
    char byte = 1;
    return ::write(fd, &byte, 1) == 1;
}

int read_byte(int fd)
{
    char byte = 0;
    ssize_t n;
    do
        n = ::read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -1 : static_cast<int>(n);
}

void poll_in(Poll* list, size_t n, int timeout_ms)
{
    std::vector<pollfd> fds(n);
    for (size_t i = 0; i < n; ++i)
        fds[i] = {list[i].fd, POLLIN, 0};
    int rc = ::poll(fds.data(), fds.size(), timeout_ms);
    for (size_t i = 0; i < n; ++i)
        list[i].ready = rc > 0 && fds[i].revents != 0;
}

void sleep_ms(int ms)
{
    timespec t{ms / 1000, (ms % 1000) * 1000000L};
    ::nanosleep(&t, nullptr);
}

}  // namespace sluice::os
