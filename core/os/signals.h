// SPDX-License-Identifier: Apache-2.0
// Signals as events: they are blocked for the whole process and read from a descriptor, so that
// nothing ever runs in a signal handler. A blocked signal that came before the descriptor was made
// is not lost.
#pragma once

#include <initializer_list>
#include <string>

#include "core/os/fd.h"

namespace sluice::os {

/// Default disposition and blocked; inherited by children.
void block_signals(std::initializer_list<int> signals);
void unblock_signals(std::initializer_list<int> signals);
void ignore_signal(int signal);
/// Readable when one of these (blocked) signals has come.
Fd signal_fd(std::initializer_list<int> signals);

struct Signal {
    int number = 0;
    int from = 0;  // pid, 0 when the kernel sent it
};
/// The next one; false when there is none.
bool read_signal(int fd, Signal& out);
/// "SIGHUP"
std::string signal_name(int signal);
/// kill(2): 0 or errno.
int send_signal(int pid, int signal);

struct Pipe {
    Fd read, write;
};
/// Non-blocking, close-on-exec.
bool make_pipe(Pipe& out);
/// One byte written; one byte read, -1 when there is none now, 0 at the end.
bool write_byte(int fd);
int read_byte(int fd);

struct Poll {
    int fd = -1;
    bool ready = false;  // readable or hung up
};
/// timeout_ms < 0: no limit. Returns early on nothing but readiness.
void poll_in(Poll* list, size_t n, int timeout_ms);
void sleep_ms(int ms);

}  // namespace sluice::os
