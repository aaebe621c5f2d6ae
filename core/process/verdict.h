// SPDX-License-Identifier: Apache-2.0
// How `-s reload` learns what became of it. The master listens to messages under a name made of its
// pid; a reload that comes this way is a HUP whose sender waits for an answer. Only root and the
// user of the master are heard, and the asker believes only the pid that it asked. Where nobody
// listens (another server, an older one) the asker sends a plain HUP and waits for nothing, as
// nginx does.
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

struct Verdict {
    enum Kind { done, refused, unheard, silent } kind;
    std::string text;  // why it was refused
};
/// Asks the master with this pid to reload and waits. unheard: nobody listens there; silent: it
/// listened and gave no answer in time, or died.
Verdict ask_reload(int master_pid, int timeout_ms);

}  // namespace sluice::process
