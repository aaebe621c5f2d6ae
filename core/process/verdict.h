// SPDX-License-Identifier: Apache-2.0
// How `-s` knows that a pid is a master's, and how `-s reload` learns what became of it. The master
// listens to messages under a name made of its pid; a reload that comes this way is a HUP whose
// sender waits for an answer. Only root and the user of the master are heard, and the asker
// believes only the pid that it asked. Names like this belong to a network namespace: a master in
// another one gets a plain HUP, and nobody hears its verdict.
#pragma once

#include <string>
#include <vector>

#include "core/os/control.h"
#include "core/os/fd.h"

namespace sluice::process {

/// The master's side.
class ReloadDesk
{
public:
    /// In the master, once it has its final pid. False: somebody has the name; reloads go
    /// unanswered.
    bool open();
    void close() { fd_.close(); }
    int fd() const { return fd_.get(); }

    struct Asker {
        std::string name;
        int pid = 0;
    };
    /// Who has asked for a reload since the last call.
    std::vector<Asker> requests();
    /// An empty `error` is success.
    void answer(const std::vector<Asker>& askers, const std::string& error);

private:
    os::Fd fd_;
};

/// Whether this process is a master of ours. A pid file that was left behind names nobody, or any
/// process at all: it takes one that listens under the name of that pid or, where that cannot be
/// seen from here, one that runs our program file and is no worker.
bool is_master(int pid);
/// The master that a pid file names, or 0.
int master_in(const std::string& pid_path);

struct Verdict {
    enum Kind { done, refused, unheard, silent } kind;
    std::string text;  // why it was refused
};
/// Asks the master with this pid to reload and waits. unheard: the question did not get there, send
/// a signal; silent: there was no answer in time, or it died.
Verdict ask_reload(int master_pid, int timeout_ms);

}  // namespace sluice::process
