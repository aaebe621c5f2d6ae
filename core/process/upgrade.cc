// SPDX-License-Identifier: Apache-2.0
// Another program takes over while we serve, by nginx's protocol:
//   USR2   our pid file becomes "pid.oldbin"; the program at our path is started with our arguments
//          and listening sockets (SLUICE_SOCKETS). Both serve.
//   then   WINCH sends our workers home, QUIT ends us; or HUP brings our workers back, and QUIT to
//          the new master undoes it all.
// When the new master ends while we live, the pid file and the workers come back by themselves.
#include <fmt/format.h>
#include <signal.h>

#include "core/os/process.h"
#include "core/os/sys.h"
#include "core/process/inherited.h"
#include "core/process/master.h"

namespace sluice::process {

/// The master that we are to replace is still there.
bool Master::supervised() const
{
    return predecessor_ != 0 && os::parent_id() == predecessor_;
}

void Master::change_binary()
{
    if (ending_ != Ending::no || !current_)
        return;
    bury();  // who asks again has seen the last one end, and so must we
    if (successor_ != 0 || supervised())
        return log()(Level::warn, "the binary is being changed already, ignoring USR2");
    if (int error = startup_.set_pid_aside())
        return log()(Level::alert, "the pid file could not be renamed {}, ignoring USR2",
                     errno_text(error));
    std::vector<int> sockets;
    for (const net::ListenSet& set : current_.generation->sockets)
        for (const auto* those : {&set.sockets, &set.leaving})
            for (const auto& socket : *those)
                sockets.push_back(socket->fd.get());
    std::vector<std::string> environment = environment_for_successor(sockets);
    int error = 0;
    int pid = os::fork_process(error);
    if (pid == 0) {
        Log::set_process_id(os::process_id());
        error = os::execute(setup_.arguments, environment, sockets);
        log()(Level::alert, "execve() failed while executing new binary process \"{}\" {}",
              setup_.arguments.front(), errno_text(error));
        os::exit_now(1);
    }
    if (pid < 0) {
        log()(Level::alert, "fork() failed while spawning \"new binary process\" {}",
              errno_text(error));
        return startup_.take_pid_back(log());
    }
    successor_ = pid;
    disown_sockets();
    log()(Level::notice, "start new binary process {}", pid);
}

void Master::on_successor_death()
{
    successor_ = 0;
    startup_.take_pid_back(log());
    own_sockets();
    if (ending_ != Ending::no)
        return;
    startup_.manager.ready(current_.generation->number);
    if (resting_)
        wake_up();
}

// To a service manager the service ends only with the last master.
void Master::tell_manager_of_end()
{
    if (supervised())
        startup_.manager.main_process(predecessor_);
    else if (successor_ == 0)
        startup_.manager.stopping();
}

}  // namespace sluice::process
