// SPDX-License-Identifier: Apache-2.0
// Payload: what a generation's workers do, seen from the process layer, which knows nothing of
// HTTP. A payload is made for each configuration that is loaded (also for -t), fed by the
// interpreter, then finished; it is immutable from then on. After the fork, start() begins serving
// in the worker.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/conf/diag.h"
#include "core/conf/rows.h"
#include "core/event/loop.h"
#include "core/net/acceptor.h"
#include "core/net/listen.h"
#include "core/zone/zone.h"

namespace sluice::process {

/// What a payload serves with; all of it outlives the payload.
struct Station {
    const net::Post& post;
    net::Room& room;
};

class Payload
{
public:
    virtual ~Payload() = default;

    /// Rows besides those of the process layer itself.
    virtual std::vector<conf::DirectiveSet> directives() = 0;
    /// The conf object of one of directives() at main level (the index counts from its first set),
    /// or null.
    virtual void* main_conf(size_t set_index, const void* tag) = 0;
    /// All directives have been applied without an error: inherit, compile, check. `log` is the
    /// main error log (without targets under -t); it lives as long as the payload. `prefix` is
    /// where relative paths begin, with '/'.
    virtual void finish(conf::Diagnostics& diag, const Log& log, const std::string& prefix) = 0;
    /// Instead of finish(), where directives have failed: what else is wrong that does not follow
    /// from that.
    virtual void check_names(conf::Diagnostics& diag) {}
    /// Valid after finish().
    virtual std::vector<net::ListenSpec> listens() = 0;
    /// Folders for the workers' temporary files, absolute: made, and given to the workers' user,
    /// before they start. Valid after finish().
    virtual std::vector<std::string> directories() { return {}; }
    /// Its connections may come from addresses that are not this machine's: workers keep the right
    /// to do so (CAP_NET_RAW), and no other. Valid after finish().
    virtual bool foreign_addresses() { return false; }
    /// The shared zones that it asked for, or null; the process layer opens them before start().
    virtual zone::Set* zones() { return nullptr; }

    /// Other memory that its processes share, made with the zones; `running` is of the same kind,
    /// or null. "" or why there is none.
    virtual std::string share(const Payload* running) { return ""; }
    /// A worker has ended: what it held in that memory is free.
    virtual void forget(int pid) {}

    /// Every `tend_pause` while it serves, in the master (or the single process): looks after files
    /// that workers may not read. False: there is nothing to look after.
    virtual bool tend() { return false; }
    static constexpr ms tend_pause{1000};

    /// In the worker (or the single process), after the privileges were dropped. `sockets` is in
    /// the order of listens(); their descriptors stay the process layer's: register
    /// os::duplicate()s, as net::Acceptors does. `drained` is called once after quit(),
    /// when nothing is in flight any more (it may be called by quit() itself); the payload may be
    /// destroyed in a later turn.
    virtual void start(event::Loop& loop, const net::ListenSockets& sockets, const Station& station,
                       std::function<void()> drained) = 0;
    /// Stop accepting (nothing of the listeners may stay registered: a worker closes `sockets`
    /// next), finish what is in flight.
    virtual void quit() = 0;
    /// Write out what is buffered (access logs): before reopening logs and before exiting.
    virtual void flush() = 0;
    /// Who is still there, for the log when a drain begins and when it ends by force: "2 requests:
    /// …". May be empty.
    virtual std::string remaining() = 0;
    /// Connections are about to be cut. Tells those that have a word for it; how many were told:
    /// they are given a moment to hear it.
    virtual size_t say_farewell() { return 0; }
};

using MakePayload = std::function<std::unique_ptr<Payload>()>;

/// The whole program: command line, configuration, master, workers. The exit code.
int run_program(int argc, char** argv, const MakePayload& make,
                const std::string& built_in_modules);

}  // namespace sluice::process
