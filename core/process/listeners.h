// SPDX-License-Identifier: Apache-2.0
// The listening sockets of a generation, in the master: opened before the fork, taken over from the
// running generation where it has the address, given up with the last generation that uses them.
#pragma once

#include <vector>

#include "core/base/clock.h"
#include "core/net/listen.h"
#include "core/process/inherited.h"
#include "core/process/report.h"

namespace sluice::process {

struct ListenNeeds {
    std::vector<net::ListenSpec> specs;
    size_t workers = 1;  // sockets of an address with reuseport
    bool test = false;   // -t: an address in use is no error
};

/// Fills `sockets`, which holds one set for each of needs.specs afterwards, with what there is:
/// sockets of `inherited` and of the running generation (both may be null).
void take_over_listeners(const ListenNeeds& needs, const net::ListenSockets* running,
                         Inherited* inherited, net::ListenSockets& sockets);

enum class Listening : uint8_t {
    good,
    in_use,  // somebody else has an address: that may pass, see BindTries
    failed,
};
/// Opens what is missing in `sockets`. What did not work, and why, is in the report; what was
/// opened closes with `sockets`. `beside`: another crew serves meanwhile.
Listening open_listeners(const ListenNeeds& needs, bool beside, net::ListenSockets& sockets,
                         Report& report);

/// How often an address in use is tried: as by nginx five times, half a second apart.
class BindTries
{
public:
    static constexpr int most = 5;
    static constexpr ms pause{500};
    /// After a try that met an address in use: whether there is another one. Says so; the last
    /// time, what to do. The pid file may name the master that has the address.
    bool another(Report& report, const std::string& pid_path);

private:
    int left_ = most;
};

/// The generation serves: sockets that it took over get its options, ones that a larger crew has
/// more begin to listen, ones that a smaller crew has less get no new clients.
void adopt_listeners(net::ListenSockets& sockets, const Log& log);
/// The time of sockets that leave is over, but for those that a next generation has taken over.
/// They listen no more even if a worker that is stopped still holds them: in the group it would get
/// clients as soon as the others may have them all again.
void close_leaving(net::ListenSockets& sockets);

/// This process, not the one that opened them, removes the files of unix sockets (after
/// daemonising). Not while the master that it is to replace lives on as its parent
/// (`predecessor`).
void own_sockets(int predecessor = 0);
/// A successor listens at them now.
void disown_sockets();

}  // namespace sluice::process
