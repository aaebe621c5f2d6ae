// SPDX-License-Identifier: Apache-2.0
// The listening sockets of a generation, in the master: opened before the fork, taken over from the
// running generation where it has the address, given up with the last generation that uses them.
#pragma once

#include <vector>

#include "core/net/listen.h"
#include "core/process/inherited.h"
#include "core/process/report.h"

namespace sluice::process {

struct ListenNeeds {
    std::vector<net::ListenSpec> specs;
    size_t workers = 1;  // sockets of an address with reuseport
    bool test = false;   // -t: an address in use is no error
};

/// Fills `sockets`, which holds one set for each of needs.specs afterwards. `running` may be null.
/// Tries an address in use for a while, as nginx. False: what and why is in the report, and what
/// was opened here closes with `sockets`. Sockets of `inherited` (may be null) come before new
/// ones.
bool open_listeners(const ListenNeeds& needs, const net::ListenSockets* running,
                    Inherited* inherited, net::ListenSockets& sockets, Report& report);

/// The generation serves: sockets that it took over get its options, ones that a larger crew has
/// more begin to listen, ones that a smaller crew has less get no new clients.
void adopt_listeners(net::ListenSockets& sockets, const Log& log);

/// This process, not the one that opened them, removes the files of unix sockets (after
/// daemonising). Not while the master that it is to replace lives on as its parent
/// (`predecessor`).
void own_sockets(int predecessor = 0);
/// A successor listens at them now.
void disown_sockets();

}  // namespace sluice::process
