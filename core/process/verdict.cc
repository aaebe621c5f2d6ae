// SPDX-License-Identifier: Apache-2.0
#include "core/process/verdict.h"

#include <fmt/format.h>

#include "core/base/bytes.h"
#include "core/os/file.h"
#include "core/os/process.h"
#include "core/os/signals.h"
#include "core/os/sys.h"
#include "core/process/worker.h"

namespace sluice::process {
namespace {

constexpr std::string_view request = "reload", good = "done", bad = "refused\n";

std::string desk_name(int pid)
{
    return fmt::format("sluice.master.{}.{}", os::pid_space(), pid);
}

}  // namespace

bool ReloadDesk::open()
{
    fd_ = os::control_socket(desk_name(os::process_id()));
    return static_cast<bool>(fd_);
}

std::vector<ReloadDesk::Asker> ReloadDesk::requests()
{
    std::vector<Asker> askers;
    os::Message message;
    while (fd_ && os::receive_message(fd_.get(), message)) {
        bool may = message.uid == 0 || message.uid == os::effective_user();
        if (may && message.text == request)
            askers.push_back({message.from, message.pid});
    }
    return askers;
}

void ReloadDesk::answer(const std::vector<Asker>& askers, const std::string& error)
{
    std::string text = error.empty() ? std::string(good) : std::string(bad) + error;
    for (const Asker& asker : askers)
        if (fd_ && !asker.name.empty())
            os::send_message(fd_.get(), asker.name, text);  // an asker that is gone does not matter
}

bool is_master(int pid)
{
    if (os::is_listened_to(desk_name(pid)))
        return true;
    if (!os::runs_our_program(pid))
        return false;
    auto title = os::read_file(fmt::format("/proc/{}/cmdline", pid));
    return title && !title->starts_with(worker_title);
}

int master_in(const std::string& pid_path)
{
    auto text = os::read_file(pid_path);
    auto pid = text ? parse_decimal(text->substr(0, text->find('\n'))) : std::nullopt;
    bool good = pid && *pid > 0 && *pid <= INT32_MAX && is_master(static_cast<int>(*pid));
    return good ? static_cast<int>(*pid) : 0;
}

Verdict ask_reload(int master_pid, int timeout_ms)
{
    os::Fd fd =
        os::control_socket(fmt::format("sluice.asker.{}.{}", os::pid_space(), os::process_id()));
    if (!fd || os::send_message(fd.get(), desk_name(master_pid), request) != 0)
        return {Verdict::unheard, {}};
    constexpr int step = 200;
    for (int waited = 0; waited < timeout_ms; waited += step) {
        os::Poll poll{fd.get()};
        os::poll_in(&poll, 1, step);
        os::Message message;
        while (os::receive_message(fd.get(), message)) {
            if (message.pid != master_pid)
                continue;
            if (message.text == good)
                return {Verdict::done, {}};
            if (message.text.starts_with(bad))
                return {Verdict::refused, message.text.substr(bad.size())};
        }
        if (!poll.ready && os::send_signal(master_pid, 0) != 0)
            break;
    }
    return {Verdict::silent, {}};
}

}  // namespace sluice::process
