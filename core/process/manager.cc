// SPDX-License-Identifier: Apache-2.0
#include "core/process/manager.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/conf/values.h"
#include "core/os/control.h"
#include "core/os/process.h"
#include "core/os/sys.h"

namespace sluice::process {

ServiceManager::ServiceManager()
{
    std::string usec, pid;
    if (!os::environment("NOTIFY_SOCKET", address_))
        return;
    auto limit = conf::parse_number(os::environment("WATCHDOG_USEC", usec) ? usec : "");
    bool for_us = !os::environment("WATCHDOG_PID", pid) || pid == std::to_string(os::process_id());
    if (limit && *limit > 0 && for_us)
        interval_ = std::max(ms{*limit / 2000}, ms{1});
}

void ServiceManager::say(const std::string& text) const
{
    if (!address_.empty())
        os::tell_manager(address_, text);
}

void ServiceManager::ready(uint64_t generation)
{
    say(fmt::format("READY=1\nMAINPID={}\nSTATUS=serving, generation {}\n", os::process_id(),
                    generation));
    if (interval_.count() > 0 && next_ == Instant::never())
        tick();
}

void ServiceManager::reloading()
{
    // The manager compares the time with its own clock: a coarse one might seem to lie before its
    // order.
    say(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\n", os::monotonic_us()));
}

void ServiceManager::stopping()
{
    say("STOPPING=1\nSTATUS=shutting down\n");
}

void ServiceManager::main_process(int pid)
{
    say(fmt::format("MAINPID={}\n", pid));
}

void ServiceManager::tick()
{
    say("WATCHDOG=1");
    next_ = Clock::in(interval_);
}

}  // namespace sluice::process
