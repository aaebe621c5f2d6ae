// SPDX-License-Identifier: Apache-2.0
#include "core/process/startup.h"

#include <fmt/format.h>
#include <signal.h>

#include "core/os/file.h"
#include "core/os/process.h"
#include "core/os/sys.h"
#include "core/process/command_line.h"

namespace sluice::process {
namespace {

std::string pid_line()
{
    return std::to_string(os::process_id()) + "\n";
}

// In the process that was started. It holds no destructors' duties: exit_now leaves socket files
// alone.
[[noreturn]] void wait_for_daemon(os::Fd from)
{
    os::unblock_signals({SIGINT, SIGTERM, SIGQUIT, SIGHUP});
    os::Poll poll{from.get()};
    int byte = -1;
    while (byte < 0) {
        os::poll_in(&poll, 1, -1);
        byte = os::read_byte(from.get());
    }
    os::exit_now(byte > 0 ? 0 : 1);
}

}  // namespace

bool Startup::daemonise(const Generation& generation, int predecessor, Report& report)
{
    if (predecessor != 0) {
        daemonised_ = *generation.main.daemon;
        return true;
    }
    if (!*generation.main.daemon)
        return true;
    os::Pipe pipe;
    int error = 0;
    int pid = os::make_pipe(pipe) ? os::fork_process(error) : -1;
    if (pid < 0) {
        report(Level::emerg, fmt::format("fork() failed {}", errno_text(error)));
        return false;
    }
    if (pid > 0) {
        pipe.write.close();
        wait_for_daemon(std::move(pipe.read));
    }
    parent_ = std::move(pipe.write);
    daemonised_ = true;
    Log::set_process_id(os::process_id());
    own_sockets();
    if ((error = os::detach()) != 0) {
        report(Level::emerg, fmt::format("setsid() failed {}", errno_text(error)));
        return false;
    }
    return true;
}

bool Startup::prepare_pid(const Generation& generation, Report& report)
{
    pid_path_ = generation.pid_path;
    if (int error = pid_.prepare(pid_path_, pid_line())) {
        report(Level::emerg, fmt::format("open() \"{}\" failed {}", pid_path_, errno_text(error)));
        return false;
    }
    announce(generation);
    return true;
}

void Startup::announce(const Generation& generation) const
{
    os::FileLimit limit = os::file_limit();
    generation.log(Level::notice, "using the \"epoll\" event method");
    generation.log(Level::notice, "{}", version());
    generation.log(Level::notice, "built by {}", compiler());
    generation.log(Level::notice, "OS: {}", os::system_name());
    generation.log(Level::notice, "getrlimit(RLIMIT_NOFILE): {}:{}", limit.soft, limit.hard);
}

bool Startup::serving(const Generation& generation, Report& report)
{
    if (int error = pid_.commit()) {
        report(Level::emerg,
               fmt::format("rename() to \"{}\" failed {}", pid_path_, errno_text(error)));
        return false;
    }
    generation.redirect_stderr();
    if (parent_) {
        os::write_byte(parent_.get());
        parent_.close();
    }
    return true;
}

void Startup::move_pid(const Generation& generation)
{
    if (generation.pid_path == pid_path_ || !usual_pid_path_.empty())
        return;
    os::WholeFile file;
    int error = file.prepare(generation.pid_path, pid_line());
    if (error == 0)
        error = file.commit();
    if (error != 0) {
        generation.log(Level::emerg, "open() \"{}\" failed {}", generation.pid_path,
                       errno_text(error));
        return;  // the old one stays: better than none
    }
    remove_pid();
    pid_path_ = generation.pid_path;
}

int Startup::set_pid_aside()
{
    std::string aside = pid_path_ + ".oldbin";
    if (int error = os::rename_file(pid_path_, aside))
        return error;
    usual_pid_path_ = std::exchange(pid_path_, std::move(aside));
    return 0;
}

void Startup::take_pid_back(const Log& log)
{
    if (usual_pid_path_.empty())
        return;
    if (int error = os::rename_file(pid_path_, usual_pid_path_))
        log(Level::alert, "rename() \"{}\" to \"{}\" failed {}", pid_path_, usual_pid_path_,
            errno_text(error));
    pid_path_ = std::exchange(usual_pid_path_, {});
}

void Startup::remove_pid()
{
    // Not what somebody else has put there since, nor a device.
    auto text = os::read_file(pid_path_);
    if (text && *text == pid_line())
        os::remove_file(pid_path_);
}

}  // namespace sluice::process
