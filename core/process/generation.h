// SPDX-License-Identifier: Apache-2.0
// Generation: one loaded configuration with all that it needs to run: main settings, payload, error
// log, shared zones, listening sockets. Loading has two steps. parse() reads and checks, and
// touches nothing outside; open() opens log files, zones and sockets, taking over those of the
// running generation. When either fails the generation is dropped and nothing has changed.
// Immutable once it runs.
#pragma once

#include <memory>
#include <string>

#include "core/net/room.h"
#include "core/process/inherited.h"
#include "core/process/listeners.h"
#include "core/process/log_files.h"
#include "core/process/main_conf.h"
#include "core/process/payload.h"
#include "core/process/report.h"

namespace sluice::process {

/// What the command line fixed for the life of the process.
struct Setup {
    std::string prefix;  // with '/', or empty
    std::string conf_path, conf_prefix;
    std::string conf_given;  // of -c, as it was written; empty: it was not
    std::string error_log;   // where no error_log directive says otherwise
    std::string globals;     // of -g
    bool test = false;
    bool dump = false;                   // keep the texts for -T
    std::vector<std::string> arguments;  // argv, for the program that replaces this one
    MakePayload make;
};

class Generation
{
public:
    ~Generation();

    static std::shared_ptr<Generation> parse(const Setup& setup, Report& report);
    /// `running` may be null, and so may `inherited`. Under -t an address in use is no error, and
    /// sockets are closed again. One try: in_use asks for listen_again() a little later.
    Listening open(const Setup& setup, const Generation* running, Inherited* inherited,
                   Report& report);
    Listening listen_again(Report& report);
    /// The same where there is nothing else to do meanwhile: sleeps between the tries.
    bool open_patiently(const Setup& setup, Inherited* inherited, Report& report);

    /// TERM to this master lets workers finish (graceful_term; by default of PID 1 only, whose TERM
    /// is the container's "please stop").
    bool wants_graceful_term(int master) const;
    /// A worker has ended: what it held in shared zones is given back. False: one is locked just
    /// now, ask again.
    bool forget_process(int pid) const;

    /// Standard error goes to the first error log that is a file, as of nginx.
    void redirect_stderr() const;
    /// Of the first error log, -1 when there is none.
    int error_log_fd() const;
    bool logs_to_stderr() const;
    /// How many processes serve.
    size_t workers() const;
    net::Room::Rules room() const;
    /// Counts the configurations that were loaded whole; the first is 1.
    uint32_t number = 1;
    MainConf main;
    EventsConf events;
    Log log;
    std::string pid_path;
    std::string texts;  // for -T
    std::unique_ptr<Payload> payload;
    net::ListenSockets sockets;

private:
    bool read(const Setup& setup, Report& report);
    bool complete(Report& report);
    size_t descriptors_besides() const;
    void add_logs();
    bool open_logs(Report& report);
    void make_directories(Report& report);
    bool open_zones(const Generation* running, Report& report);
    Listening open_sockets(const Setup& setup, const Generation* running, Inherited* inherited,
                           Report& report);

    std::vector<std::shared_ptr<LogFile>> error_files_;
    std::vector<ErrorLog> error_logs_;
    ListenNeeds listen_needs_;
    bool beside_another_ = false;  // that serves meanwhile
};

}  // namespace sluice::process
