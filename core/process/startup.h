// SPDX-License-Identifier: Apache-2.0
// Startup: from a loaded generation to "we serve": daemonising, the pid file, standard error. With
// `daemon on` the process that was started waits for serving() and returns 0, or 1 when we ended
// before.
#pragma once

#include <string>

#include "core/os/output.h"
#include "core/os/signals.h"
#include "core/process/generation.h"

namespace sluice::process {

class Startup
{
public:
    /// Forks when the configuration says `daemon on`. In the process that was started it does not
    /// return.
    bool daemonise(const Generation& generation, Report& report);
    bool daemonised() const { return daemonised_; }

    /// The pid file can be written; it does not stand under its name yet.
    bool prepare_pid(const Generation& generation, Report& report);
    /// All is well: pid file, standard error into the log, and the waiting parent is told.
    bool serving(const Generation& generation, Report& report);

    /// A reload may have moved the pid file.
    void move_pid(const Generation& generation);
    void remove_pid();

private:
    void announce(const Generation& generation) const;

    bool daemonised_ = false;
    os::Fd parent_;
    os::WholeFile pid_;
    std::string pid_path_;
};

}  // namespace sluice::process
