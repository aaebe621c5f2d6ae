// SPDX-License-Identifier: Apache-2.0
// Startup: from a loaded generation to "we serve": daemonising, the pid file, standard error. With
// `daemon on` the process that was started waits for serving() and returns 0, or 1 when we ended
// before.
#pragma once

#include <string>

#include "core/os/output.h"
#include "core/os/signals.h"
#include "core/process/generation.h"
#include "core/process/manager.h"

namespace sluice::process {

class Startup
{
public:
    /// Forks when the configuration says `daemon on`. In the process that was started it does not
    /// return. The successor of a running master is a daemon already, or is to be none.
    bool daemonise(const Generation& generation, int predecessor, Report& report);
    bool daemonised() const { return daemonised_; }

    /// The pid file can be written; it does not stand under its name yet.
    bool prepare_pid(const Generation& generation, Report& report);
    /// All is well: pid file, standard error into the log, and the waiting parent is told.
    bool serving(const Generation& generation, Report& report);

    /// A reload may have moved the pid file.
    void move_pid(const Generation& generation);
    void remove_pid();
    /// The pid file makes room for a successor's, as nginx's does: "pid" becomes "pid.oldbin", and
    /// "pid" again when the successor is gone. 0 or errno.
    int set_pid_aside();
    void take_pid_back(const Log& log);

    ServiceManager manager;

private:
    void announce(const Generation& generation) const;

    bool daemonised_ = false;
    os::Fd parent_;
    os::WholeFile pid_;
    std::string pid_path_;
    std::string usual_pid_path_;  // while it is set aside
};

}  // namespace sluice::process
