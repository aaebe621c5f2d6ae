// SPDX-License-Identifier: Apache-2.0
// Inherited: listening sockets that this process was given when it was started, by
//   a master that it is to replace:  SLUICE_SOCKETS="PID:6;7;"   (the pid of that master)
//                                    NGINX="6;7;"                nginx's; heard when the first is
//                                    not
//   a service manager:               LISTEN_PID, LISTEN_FDS=n    3, 4, … (sd_listen_fds(3))
// The configuration still says what to listen on: a socket is used by the `listen` that has its
// address, in place of opening one. Descriptors that are no listening stream sockets are left
// alone.
#pragma once

#include <string>
#include <vector>

#include "core/os/address.h"
#include "core/os/fd.h"
#include "core/process/report.h"

namespace sluice::process {

class Inherited
{
public:
    /// Reads the variables and removes them from the environment. Says what is odd, as warnings.
    static Inherited from_environment(Report& report);

    /// A socket that is bound to this address, if there is one still.
    os::Fd take(const os::Address& address);
    /// Nobody asked for what is left: it is closed, or clients would queue there unheard.
    void close_rest(const Log& log);
    /// The master that started us to take its place; 0: nobody did.
    int predecessor() const { return predecessor_; }

private:
    void add_list(std::string_view list, const char* variable, Report& report);
    void add(int fd, const char* variable, Report& report);

    struct Socket {
        os::Address address;
        os::Fd fd;
    };
    std::vector<Socket> sockets_;
    int predecessor_ = 0;
};

/// The environment of the program that is to replace us and gets these listening sockets.
std::vector<std::string> environment_for_successor(const std::vector<int>& sockets);

}  // namespace sluice::process
