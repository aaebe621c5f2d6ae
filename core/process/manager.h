// SPDX-License-Identifier: Apache-2.0
// ServiceManager: tells systemd, or who else understands sd_notify(3), what becomes of us. Nothing
// happens where NOTIFY_SOCKET is not set. Messages are best effort: a manager that does not listen
// is no reason not to serve.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/clock.h"
#include "core/base/log.h"

namespace sluice::process {

class ServiceManager
{
public:
    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; they stay for a successor.
    ServiceManager();

    /// We serve this generation, and are the service's main process.
    void ready(uint64_t generation);
    /// A reload has begun; ready() ends it, whatever came of it.
    void reloading();
    void stopping();
    /// Another process is the main one again (roll-back of an upgrade).
    void main_process(int pid);

    /// When to call tick(): twice within WATCHDOG_USEC. never() where nobody watches.
    Instant next_tick() const { return next_; }
    void tick();

private:
    void say(const std::string& text) const;

    std::string address_;
    ms interval_{0};  // 0: no watchdog
    Instant next_ = Instant::never();
};

}  // namespace sluice::process
