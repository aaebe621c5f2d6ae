// SPDX-License-Identifier: Apache-2.0
// The program: command line, test and signal modes, start.
#include <fmt/format.h>
#include <signal.h>

#include "core/conf/values.h"
#include "core/os/file.h"
#include "core/os/process.h"
#include "core/os/sys.h"
#include "core/process/command_line.h"
#include "core/process/master.h"
#include "core/process/single.h"
#include "core/process/worker.h"

namespace sluice::process {
namespace {

constexpr int verdict_limit_ms = 60000;

Setup make_setup(const CommandLine& line, const MakePayload& make)
{
    Setup setup;
    setup.make = make;
    setup.prefix = line.prefix ? *line.prefix : std::string(defaults.prefix);
    if (!setup.prefix.empty() && setup.prefix.back() != '/')
        setup.prefix += '/';
    setup.conf_path = below(setup.prefix, line.conf ? *line.conf : std::string(defaults.conf));
    setup.conf_given = line.conf.value_or("");
    setup.conf_prefix = setup.conf_path.substr(0, setup.conf_path.rfind('/') + 1);
    setup.error_log = line.error_log ? *line.error_log : std::string(defaults.error_log);
    setup.globals = line.globals.value_or("");
    setup.test = line.test;
    setup.dump = line.dump;
    return setup;
}

int test(const CommandLine& line, const Setup& setup, Report& report)
{
    std::shared_ptr<Generation> generation = Generation::parse(setup, report);
    if (generation && !line.quiet)
        print_error(
            fmt::format("nginx: the configuration file {} syntax is ok\n", setup.conf_path));
    if (!generation || !generation->open_patiently(setup, nullptr, report)) {
        print_error(fmt::format("nginx: configuration file {} test failed\n", setup.conf_path));
        return 1;
    }
    if (!line.quiet)
        print_error(
            fmt::format("nginx: configuration file {} test is successful\n", setup.conf_path));
    if (line.dump)
        print(generation->texts);
#ifndef __SANITIZE_ADDRESS__  // which is to see that nothing leaks
    os::exit_now(0);          // the system takes memory back faster than we can give it
#endif
    return 0;
}

bool signal_master(int pid, int signal, Report& report)
{
    int error = os::send_signal(pid, signal);
    if (error != 0)
        report(Level::alert, fmt::format("kill({}, {}) failed {}", pid, signal, errno_text(error)));
    return error == 0;
}

int ask_for_reload(int pid, Report& report)
{
    Verdict verdict = ask_reload(pid, verdict_limit_ms);
    switch (verdict.kind) {
    case Verdict::done: return 0;
    case Verdict::refused: print_error(verdict.text); return 1;
    case Verdict::silent:
        report(Level::error,
               fmt::format("the master process {} gave no verdict on the reload", pid));
        return 1;
    case Verdict::unheard: break;
    }
    if (!signal_master(pid, SIGHUP, report))
        return 1;
    report(
        Level::error,
        fmt::format("the master process {} got SIGHUP, but its verdict cannot be heard from here "
                    "(another network namespace?): see its error log",
                    pid));
    return 1;
}

// What a master may answer to. A pid file that was left behind must not hit somebody else.
bool find_master(int pid, int signal, const std::string& pid_path, Report& report)
{
    if (int error = os::send_signal(pid, 0); error == ESRCH) {
        report(Level::alert, fmt::format("kill({}, {}) failed {}", pid, signal, errno_text(error)));
        return false;
    }
    if (is_master(pid))
        return true;
    std::string name = os::read_file(fmt::format("/proc/{}/comm", pid)).value_or("?\n");
    name.pop_back();
    report(Level::error,
           fmt::format("no signal was sent: process {} (\"{}\"), which \"{}\" names, is not a "
                       "sluice master",
                       pid, name, pid_path),
           "  the file was left behind, or another server writes it, too\n");
    return false;
}

int send(const CommandLine& line, Setup setup, Report& report)
{
    setup.test = true;  // opens nothing
    std::shared_ptr<Generation> generation = Generation::parse(setup, report);
    if (!generation)
        return 1;
    report(Level::notice, "signal process started");
    auto text = os::read_file(generation->pid_path);
    if (!text) {
        report(Level::error, fmt::format("open() \"{}\" failed {}", generation->pid_path,
                                         errno_text(text.error())));
        return 1;
    }
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r'))
        text->pop_back();
    auto pid = conf::parse_number(*text);
    if (!pid || *pid <= 0 || *pid > INT32_MAX) {
        report(Level::error,
               fmt::format("invalid PID number \"{}\" in \"{}\"", *text, generation->pid_path));
        return 1;
    }
    int to = static_cast<int>(*pid);
    // TERM may mean a graceful end there; INT never does.
    int stop = generation->wants_graceful_term(to) ? SIGINT : SIGTERM;
    int signal = line.signal == "stop"     ? stop
                 : line.signal == "quit"   ? SIGQUIT
                 : line.signal == "reload" ? SIGHUP
                                           : SIGUSR1;
    if (!find_master(to, signal, generation->pid_path, report))
        return 1;
    if (signal == SIGHUP)
        return ask_for_reload(to, report);
    return signal_master(to, signal, report) ? 0 : 1;
}

int serve(const Setup& setup, Report& report, std::string title)
{
    // Blocked from here on: who reads our pid may signal us at any time.
    os::block_signals(handled_signals);
    for (int signal : {SIGPIPE, SIGALRM, SIGIO, SIGXFSZ})
        os::ignore_signal(signal);
    Inherited inherited = Inherited::from_environment(report);
    std::shared_ptr<Generation> generation = Generation::parse(setup, report);
    Startup startup;
    if (!generation || !generation->open_patiently(setup, &inherited, report) ||
        !startup.daemonise(*generation, inherited.predecessor(), report) ||
        !startup.prepare_pid(*generation, report))
        return 1;
    inherited.close_rest(generation->log);
    if (!*generation->main.master_process)
        return run_single(setup, startup, std::move(generation), report);
    Master master(setup, startup, std::move(title), inherited.predecessor());
    return master.run(std::move(generation), report);
}

std::string master_title(int argc, char** argv)
{
    std::string title = "nginx: master process";
    for (int i = 0; i < argc; ++i)
        title.append(" ").append(argv[i]);
    return title;
}

}  // namespace

int run_program(int argc, char** argv, const MakePayload& make, const std::string& built_in_modules)
{
    os::update_clock();
    Log::set_process_id(os::process_id());
    auto line = parse_command_line({argv + std::min(argc, 1), argv + argc});
    if (!line) {
        print_error(fmt::format("nginx: {}\n", line.error()));
        return 1;
    }
    if (line->version) {
        print_error(version_text() + (line->help ? help_text() : "") +
                    (line->build ? build_text(built_in_modules) : ""));
        if (!line->test)
            return 0;
    }
    std::string title = master_title(argc, argv);
    std::vector<std::string> arguments(argv, argv + argc);
    os::init_title(argc, argv);
    Setup setup = make_setup(*line, make);
    setup.arguments = std::move(arguments);
    LogFiles::use(&log_registry());
    log_registry().set_prefix(setup.prefix);
    std::shared_ptr<LogFile> file = log_registry().open_later(setup.error_log);
    std::string path = file->path();
    int error = file->open();
    bool to_stderr = setup.error_log == "stderr" || error;
    if (error) {  // what follows is not lost, and looks as nginx's does then
        file = log_registry().open_later("stderr");
        file->open();
    }
    Log log;
    log.add(file, Level::notice);
    if (error) {
        const Log nowhere;  // or standard error would have it twice
        Report(nowhere, false, true)(
            Level::alert, fmt::format("could not open error log file: open() \"{}\" failed {}",
                                      path, errno_text(error)));
    }
    Report report(log, to_stderr, true);
    if (!line->signal.empty() && !line->test)
        return send(*line, setup, report);
    if (line->test)
        return test(*line, setup, report);
    return serve(setup, report, std::move(title));
}

}  // namespace sluice::process
