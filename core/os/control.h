// SPDX-License-Identifier: Apache-2.0
// Messages between processes of one machine: datagrams in the abstract unix namespace, where a name
// goes with its descriptor. Each message carries its sender's pid and uid, which the kernel vouches
// for.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "core/os/fd.h"

namespace sluice::os {

struct Message {
    std::string text, from;  // `from`: the sender's name, to answer to
    int pid = 0;
    uid_t uid = 0;
};

/// Non-blocking and close-on-exec; no Fd when the name is taken.
Fd control_socket(const std::string& name);
/// 0 or errno (ECONNREFUSED: nobody has that name). Cut to 64 kB.
int send_message(int fd, const std::string& to, std::string_view text);
bool receive_message(int fd, Message& out);
/// Some process listens under this name now; which, and whose, is not said.
bool is_listened_to(const std::string& name);
/// One datagram to a service manager's socket: a path, or an abstract name behind '@'. Waits at
/// most a second for room. 0 or errno.
int tell_manager(const std::string& address, std::string_view text);
uid_t effective_user();
/// Names the pid namespace: a pid means something only together with it.
std::string pid_space();

}  // namespace sluice::os
