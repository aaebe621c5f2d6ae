// SPDX-License-Identifier: Apache-2.0
#include "core/process/worker.h"

#include <signal.h>
#include <sys/epoll.h>

#include "core/os/process.h"
#include "core/os/sys.h"
#include "core/process/log_files.h"

namespace sluice::process {
namespace {

// Descriptors that are no connections: signals, lifeline, resolver, and room for a payload's own.
constexpr size_t extra_slots = 64;
constexpr ms farewell_time{100};  // what was said last is on its way, and may be answered

bool failed(const Log& log, Level level, std::string_view what, int error)
{
    if (error == 0)
        return false;
    log(level, "{} failed {}", what, errno_text(error));
    return true;
}

void set_limits(const Generation& g, size_t index)
{
    if (g.main.worker_rlimit_nofile.is_set()) {
        uint64_t n = *g.main.worker_rlimit_nofile;
        failed(g.log, Level::alert, fmt::format("setrlimit(RLIMIT_NOFILE, {})", n),
               os::set_file_limit(n, n));
    } else if (os::FileLimit limit = os::file_limit(); limit.soft < limit.hard) {
        failed(g.log, Level::alert, "setrlimit(RLIMIT_NOFILE)",
               os::set_file_limit(limit.hard, limit.hard));
    }
    if (g.main.worker_rlimit_core.is_set())
        failed(g.log, Level::alert, "setrlimit(RLIMIT_CORE)",
               os::set_core_limit(g.main.worker_rlimit_core->n));
    if (g.main.worker_priority.is_set())
        failed(g.log, Level::alert, fmt::format("setpriority({})", *g.main.worker_priority),
               os::set_priority(*g.main.worker_priority));
    if (std::vector<int> cpus = worker_cpus(g.main, index); !cpus.empty())
        failed(g.log, Level::alert, "sched_setaffinity()", os::set_affinity(cpus));
}

// False: we must not serve with the rights that we have.
bool drop_rights(const Generation& g)
{
    const User& user = *g.main.user;
    if (os::is_root()) {
        // What a worker executed would get nothing back, whatever the file says; it executes
        // nothing.
        int error = os::empty_bounding_set();
        failed(g.log, error == EPERM ? Level::info : Level::alert, "prctl(PR_CAPBSET_DROP)", error);
    }
    bool raw = os::is_root() && user.known && g.payload->foreign_addresses();
    if (raw)
        failed(g.log, Level::alert, "prctl(PR_SET_KEEPCAPS)", os::keep_capabilities());
    if (os::is_root() && user.known) {
        const char* step = "";
        int error = os::become(user.name, user.uid, user.gid, step);
        std::string_view name = step;
        std::string what = fmt::format("{}({})", name.substr(0, name.size() - 2),
                                       name == "setuid()" ? user.uid : user.gid);
        if (failed(g.log, Level::emerg, what, error))
            return false;
    }
    if (raw)
        failed(g.log, Level::alert, "capset()", os::keep_only_net_raw());
    failed(g.log, Level::alert, "prctl(PR_SET_NO_NEW_PRIVS)", os::forbid_new_privileges());
    // A worker's memory holds keys and clients' secrets: dumps and debuggers of the same user are
    // for those who ask for them.
    bool dumpable = *g.main.worker_dumpable || g.main.worker_rlimit_core.is_set();
    failed(g.log, Level::alert, "prctl(PR_SET_DUMPABLE)", os::set_dumpable(dumpable));
    if (g.main.working_directory.is_set()) {
        const std::string& path = *g.main.working_directory;
        if (failed(g.log, Level::alert, fmt::format("chdir(\"{}\")", path),
                   os::change_directory(path)))
            return false;
    }
    return true;
}

// Or a socket of a worker that is no more would not close while we live. Those of the others in our
// crew stay: we may have to stand in for one (net::Acceptors).
void drop_sockets_of_others(const net::ListenSockets& sockets, const Orders& orders)
{
    for (const net::ListenSet& set : sockets) {
        for (size_t i = 0; i < set.leaving.size(); ++i)
            if (i % orders.crew.size() != orders.index)
                set.leaving[i]->fd.close();
    }
}

// nginx's words first: tools look for them.
std::string title_of(std::string_view what, const Generation& g)
{
    return fmt::format("{} (generation {})", what, g.number);
}

class Worker
{
public:
    Worker(Generation& generation, const Orders& orders)
        : g_(generation),
          master_(orders.master),
          own_line_(std::make_unique<net::WorkerLine>()),
          line_(orders.line ? *orders.line : *own_line_),
          post_{orders.scoreboard,
                line_,
                orders.crew,
                orders.index,
                *generation.events.multi_accept,
                *generation.events.accept_mutex_delay},
          loop_(loop_slots(generation)),
          signals_([this](const os::Signal& s) { on_signal(s); }),
          lifeline_([this] { orphaned(); }),
          deadline_([this] { too_late(); })
    {
    }

    int run(os::Fd lifeline, os::Fd ready)
    {
        if (!signals_.begin() || !lifeline_.begin(std::move(lifeline)))
            return fatal_code;
        g_.log(Level::debug, "worker cycle: {} connections, {} descriptors at most",
               *g_.events.worker_connections, os::file_limit().soft);
        line_.pid = os::process_id();
        loop_.publish(line_.loop);
        LogFile::report_losses(&g_.log, &line_.log_lines_lost);
        net::Room room(g_.room(), g_.log, line_.room);
        g_.payload->start(loop_, g_.sockets, {post_, room}, [this] { loop_.stop(); });
        os::write_byte(ready.get());
        ready.close();
        loop_.run();
        g_.log(Level::notice, "exiting");
        g_.payload->flush();
        if (drained_by_itself_)
            g_.payload.reset();  // with its loop still there
        g_.log(Level::notice, "exit");
        LogFile::report_losses(nullptr, nullptr);
        return 0;
    }

private:
    void on_signal(const os::Signal& s)
    {
        // Some send TERM to every process of a service: as graceful then as the master's, whose
        // second one comes from the master.
        bool drains = s.number == SIGQUIT || s.number == SIGWINCH ||
                      (s.number == SIGTERM && s.from != master_ && g_.wants_graceful_term(master_));
        std::string_view action = drains                                      ? ", shutting down"
                                  : s.number == SIGTERM || s.number == SIGINT ? ", exiting"
                                  : s.number == SIGUSR1                       ? ", reopening logs"
                                                                              : ", ignoring";
        if (s.from != master_)
            g_.log(Level::notice, "signal {} ({}) received from {}{}", s.number,
                   os::signal_name(s.number), s.from, action);
        if (drains)
            return quit();
        switch (s.number) {
        case SIGTERM:
        case SIGINT:
            drained_by_itself_ = false;
            if (!said_farewell_)
                g_.payload->say_farewell();
            return loop_.stop();
        case SIGUSR1: return reopen_logs(*g_.payload, g_);
        default: return;
        }
    }

    void orphaned()
    {
        lifeline_.close();
        if (quitting_)
            return;
        g_.log(Level::alert, "the master process {} is gone", master_);
        quit();
    }

    void quit()
    {
        if (quitting_)
            return;
        quitting_ = true;
        g_.log(Level::notice, "gracefully shutting down");
        os::set_title(title_of("nginx: worker process is shutting down", g_));
        if (g_.main.worker_shutdown_timeout.is_set() &&
            g_.main.worker_shutdown_timeout->count() > 0)
            loop_.timers().add(deadline_, Clock::in(*g_.main.worker_shutdown_timeout));
        g_.payload->quit();
        // Or clients would queue at an address that no generation serves any more.
        for (const net::ListenSet& set : g_.sockets)
            for (const auto* sockets : {&set.sockets, &set.leaving})
                for (const auto& socket : *sockets)
                    socket->fd.close();
        if (std::string who = g_.payload->remaining(); !who.empty())
            g_.log(Level::notice, "waiting for {}", who);
    }

    void too_late()
    {
        if (said_farewell_)
            return loop_.stop();
        std::string who = g_.payload->remaining();
        g_.log(Level::notice, "worker_shutdown_timeout is over, closing what is in flight{}{}",
               who.empty() ? "" : ": ", who);
        drained_by_itself_ = false;
        said_farewell_ = true;
        if (g_.payload->say_farewell() == 0)
            return loop_.stop();
        loop_.timers().add(deadline_, Clock::in(farewell_time));
    }

    Generation& g_;
    int master_;
    std::unique_ptr<net::WorkerLine> own_line_;  // where the scoreboard has none for us
    net::WorkerLine& line_;
    net::Post post_;
    event::Loop loop_;
    SignalWatch signals_;
    EndWatch lifeline_;
    OneShot deadline_;
    bool quitting_ = false;
    bool drained_by_itself_ = true;
    bool said_farewell_ = false;
};

}  // namespace

bool SignalWatch::begin()
{
    os::Fd fd = os::signal_fd(handled_signals);
    return fd && open(std::move(fd), EPOLLIN) == none;
}

void SignalWatch::on_events(uint32_t)
{
    os::Signal signal;
    while (is_open() && os::read_signal(fd(), signal))
        handle_(signal);
}

bool ReadWatch::begin(int fd)
{
    os::Fd own = os::duplicate(fd);
    return own && open(std::move(own), EPOLLIN) == none;
}

bool EndWatch::begin(os::Fd fd)
{
    return fd && open(std::move(fd), EPOLLIN) == none;
}

void EndWatch::on_events(uint32_t)
{
    if (os::read_byte(fd()) == 0)
        ended_();
}

size_t loop_slots(const Generation& generation)
{
    size_t listeners = 0;
    for (const net::ListenSet& set : generation.sockets)
        listeners += set.sockets.size() + set.leaving.size();
    // Requests may borrow, and clients that are turned away are held: see net::Room.
    return *generation.events.worker_connections + 2 * *generation.events.reserve_fds + listeners +
           extra_slots;
}

void reopen_logs(Payload& payload, const Generation& generation)
{
    generation.log(Level::notice, "reopening logs");
    payload.flush();
    for (const LogRegistry::Failure& f : log_registry().reopen())
        generation.log(Level::emerg, "open() \"{}\" failed {}", f.path, errno_text(f.error));
    generation.redirect_stderr();
}

int worker_main(Generation& generation, Orders orders)
{
    Log::set_process_id(os::process_id());
    os::update_clock();
    os::set_title(title_of(worker_title, generation));
    set_limits(generation, orders.index);
    drop_sockets_of_others(generation.sockets, orders);
    if (!drop_rights(generation))
        return fatal_code;
    os::replace_environment(worker_environment(generation.main));
    if (generation.main.worker_watchdog.is_set())
        os::trace_on_abort(generation.error_log_fd());
    Worker worker(generation, orders);
    return worker.run(std::move(orders.lifeline), std::move(orders.ready));
}

}  // namespace sluice::process
