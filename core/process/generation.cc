// SPDX-License-Identifier: Apache-2.0
#include "core/process/generation.h"

#include <fmt/format.h>

#include <cerrno>

#include "core/conf/system_files.h"
#include "core/os/output.h"
#include "core/os/process.h"
#include "core/os/signals.h"
#include "core/os/sys.h"
#include "core/process/command_line.h"

namespace sluice::process {

class MainBlock final : public conf::Block
{
public:
    explicit MainBlock(Generation& of) : of_(of) {}

    void* conf(size_t set, const void* tag) override
    {
        if (set > 0)
            return of_.payload->main_conf(set - 1, tag);
        if (tag == conf::tag_of<EventsConf>())
            return &of_.events;
        return &of_.main;
    }

private:
    Generation& of_;
};

namespace {

constexpr int init_id = 1;

// What to try where the configuration file could not be read.
std::string where_to_look(const Setup& setup, conf::SystemFiles& files)
{
    if (setup.conf_given.empty())
        return fmt::format(
            "  say with -c where the file is, or give another prefix than \"{}\" "
            "with -p\n",
            setup.prefix);
    bool relative = setup.conf_given.front() != '/';
    if (relative && files.read(setup.conf_given))
        return fmt::format(
            "  a relative -c begins at the prefix, \"{}\", not where you are: "
            "-c \"$PWD/{}\"\n",
            setup.prefix, setup.conf_given);
    return {};
}

}  // namespace

Generation::~Generation() = default;

std::shared_ptr<Generation> Generation::parse(const Setup& setup, Report& report)
{
    auto generation = std::make_shared<Generation>();
    if (!generation->read(setup, report))
        return nullptr;
    return generation;
}

bool Generation::read(const Setup& setup, Report& report)
{
    payload = setup.make();
    conf::Diagnostics diag;
    conf::SystemFiles files;
    // The trees live until the payload is finished: setters may keep views until then.
    conf::Tree globals;
    if (!setup.globals.empty())
        globals = conf::load_text("command line", setup.globals, diag);
    conf::Tree tree = conf::load(setup.conf_path, files, setup.conf_prefix, diag);
    std::vector<conf::DirectiveSet> sets{main_directives()};
    for (conf::DirectiveSet& set : payload->directives())
        sets.push_back(set);
    bool whole = !diag.failed();  // or what is not defined may stand in what could not be read
    conf::Interpreter interpreter(std::move(sets), diag);
    MainBlock block(*this);
    interpreter.run(globals.nodes, block);
    interpreter.run(tree.nodes, block);

    if (main.worker_watchdog.is_set() && main.worker_watchdog->count() > 0 && !*main.master_process)
        diag.warn(main.worker_watchdog_at, "watchdog-without-master",
                  "\"worker_watchdog\" has no effect with \"master_process off\": there is no "
                  "master that could replace the process");

    pid_path = below(setup.prefix, main.pid.is_set() ? *main.pid : std::string(defaults.pid));
    error_logs_ = main.error_logs;
    if (error_logs_.empty())
        error_logs_.push_back({setup.error_log, Level::error});
    if (!setup.test && !diag.failed()) {
        add_logs();
        if (main.has_events && !open_logs(report))
            return false;
    }
    diag.text_is_read();
    if (!diag.failed())
        payload->finish(diag, log, setup.prefix);
    else if (whole)
        payload->check_names(diag);
    report.all_of(diag);
    if (tree.files.empty())
        print_error(where_to_look(setup, files));
    if (setup.dump)
        texts = conf::dump(tree);
    return !diag.failed();
}

void Generation::add_logs()
{
    for (const ErrorLog& to : error_logs_) {
        std::shared_ptr<LogFile> file = log_registry().open_later(to.path, to.where);
        log.add(file, to.level);
        error_files_.push_back(std::move(file));
    }
}

bool Generation::open_logs(Report& report)
{
    LogRegistry::Failure failure;
    if (log_registry().open_new(failure))
        return true;
    report(Level::emerg, fmt::format("open() \"{}\" failed {}{}", failure.path,
                                     errno_text(failure.error), failure.where));
    return false;
}

Listening Generation::open(const Setup& setup, const Generation* running, Inherited* inherited,
                           Report& report)
{
    if (!complete(report))
        return Listening::failed;
    if (setup.test) {
        os::WholeFile pid;
        if (int error = pid.prepare(pid_path, "")) {
            report(Level::emerg,
                   fmt::format("open() \"{}\" failed {}", pid_path, errno_text(error)));
            return Listening::failed;
        }
        add_logs();
    }
    if (!open_logs(report))
        return Listening::failed;
    report.use(log, logs_to_stderr());
    if (!setup.test)
        make_directories(report);
    if (!open_zones(running, report))
        return Listening::failed;
    return open_sockets(setup, running, inherited, report);
}

Listening Generation::listen_again(Report& report)
{
    return open_listeners(listen_needs_, beside_another_, sockets, report);
}

bool Generation::open_patiently(const Setup& setup, Inherited* inherited, Report& report)
{
    BindTries tries;
    Listening got = open(setup, nullptr, inherited, report);
    while (got == Listening::in_use && tries.another(report, pid_path)) {
        os::sleep_ms(static_cast<int>(BindTries::pause.count()));
        got = listen_again(report);
    }
    return got == Listening::good;
}

// What nginx checks once the text has turned out to be good.
bool Generation::complete(Report& report)
{
    if (!main.has_events) {
        report(Level::emerg, "no \"events\" section in configuration");
        return false;
    }
    if (os::is_root() && !main.user.is_set()) {
        User user{std::string(defaults.user), std::string(defaults.group), 0, 0, true};
        if (!os::find_user(user.name, user.uid, user.gid)) {
            report(Level::emerg, fmt::format("getpwnam(\"{}\") failed", user.name));
            return false;
        }
        if (!os::find_group(user.group, user.gid)) {
            report(Level::emerg, fmt::format("getgrnam(\"{}\") failed", user.group));
            return false;
        }
        main.user.set(std::move(user));
    }
    size_t connections = *events.worker_connections, listening = payload->listens().size();
    if (connections < listening + 1) {
        report(Level::emerg,
               fmt::format("{} worker_connections are not enough for {} listening sockets",
                           connections, listening));
        return false;
    }
    uint64_t limit =
        main.worker_rlimit_nofile.is_set() ? *main.worker_rlimit_nofile : os::file_limit().hard;
    // Of nginx's master nobody would hear of it: its workers listen to nobody, or for ever in vain.
    size_t least = descriptors_besides() - *events.reserve_fds + 2;  // a client and its server
    if (least > limit) {
        report(Level::emerg,
               fmt::format("a limit of {} descriptors leaves a worker none for clients, {} are the "
                           "least: raise worker_rlimit_nofile",
                           limit, least));
        return false;
    }
    if (connections > limit)
        report(Level::warn, fmt::format("{} worker_connections exceed open file resource limit: {}",
                                        connections, limit));
    else if (size_t needs = connections + descriptors_besides(); needs > limit)
        report(Level::warn,
               fmt::format("{} worker_connections with listeners, logs and reserve_fds need {} "
                           "descriptors of each worker, the limit is {}: raise "
                           "worker_rlimit_nofile or lower worker_connections",
                           connections, needs, limit));
    if (main.cpu_affinity.size() > 1 && main.cpu_affinity.size() != *main.worker_processes)
        report(Level::warn,
               "the number of \"worker_processes\" is not equal to the number of "
               "\"worker_cpu_affinity\" masks, using last mask for remaining worker processes");
    return true;
}

// Of each worker, at most: what is no connection. Files that are kept open give way.
size_t Generation::descriptors_besides() const
{
    constexpr size_t own =
        3 + 5;  // standard ones; epoll, signals, lifeline, resolver, notifications
    size_t listeners = 0;
    for (const net::ListenSpec& spec : payload->listens())  // the socket, and what is registered
        listeners += 2 * (spec.mode == net::AcceptMode::reuseport ? workers() : 1);
    return own + 2 * workers() + listeners + log_registry().size() + *events.reserve_fds;
}

// Not having one is no reason to stay away: it is missed by large request bodies only, and said
// then too.
void Generation::make_directories(Report& report)
{
    bool to_user = os::is_root() && main.user.is_set();
    for (const std::string& path : payload->directories()) {
        int error = os::make_directory(path);
        if (!error && to_user)
            error = os::change_owner(path, main.user->uid);
        if (error)
            report(Level::warn, fmt::format("mkdir() \"{}\" failed {}", path, errno_text(error)));
    }
}

bool Generation::open_zones(const Generation* running, Report& report)
{
    std::string why;
    if (zone::Set* zones = payload->zones())
        why = zones->open(running ? running->payload->zones() : nullptr, log);
    if (why.empty())
        why = payload->share(running ? running->payload.get() : nullptr);
    if (!why.empty())
        report(Level::emerg, why);
    return why.empty();
}

bool Generation::forget_process(int pid) const
{
    payload->forget(pid);
    zone::Set* zones = payload->zones();
    return !zones || zones->drop_owner(pid);
}

Listening Generation::open_sockets(const Setup& setup, const Generation* running,
                                   Inherited* inherited, Report& report)
{
    listen_needs_ = {payload->listens(), workers(), setup.test};
    for (net::ListenSpec& spec : listen_needs_.specs)
        if (!spec.mode_is_set && *events.accept_mutex)
            spec.mode = net::AcceptMode::mutex;
    beside_another_ = running || (inherited && inherited->predecessor() != 0);
    take_over_listeners(listen_needs_, running ? &running->sockets : nullptr, inherited, sockets);
    return listen_again(report);
}

size_t Generation::workers() const
{
    return *main.master_process ? std::max<size_t>(1, *main.worker_processes) : 1;
}

net::Room::Rules Generation::room() const
{
    return {*events.worker_connections, *events.reserve_fds, *events.fd_exhaustion};
}

int Generation::error_log_fd() const
{
    for (const auto& file : error_files_)
        if (file->is_open())
            return file->fd();
    return -1;
}

bool Generation::wants_graceful_term(int master) const
{
    return main.graceful_term.is_set() ? *main.graceful_term : master == init_id;
}

bool Generation::logs_to_stderr() const
{
    for (const auto& file : error_files_)
        if (file->path() == "stderr" || file->path() == "/dev/stderr")
            return true;
    return false;
}

void Generation::redirect_stderr() const
{
    if (logs_to_stderr())
        return;
    for (const auto& file : error_files_)
        if (file->is_open()) {
            os::replace_fd(file->fd(), 2);
            return;
        }
}

}  // namespace sluice::process
