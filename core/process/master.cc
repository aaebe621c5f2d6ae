// SPDX-License-Identifier: Apache-2.0
#include "core/process/master.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "core/os/process.h"
#include "core/os/sys.h"
#include "core/process/worker.h"

namespace sluice::process {
namespace {

constexpr ms kill_after{2000};  // TERM to KILL; nginx's is one second
constexpr ms zone_pause{50};    // until a shared zone that was locked is asked again

std::string_view action_of(int signal, bool ending, bool graceful_term)
{
    switch (signal) {
    case SIGTERM: return graceful_term && !ending ? ", shutting down" : ", exiting";
    case SIGINT: return ", exiting";
    case SIGQUIT: return ", shutting down";
    case SIGHUP: return ending ? ", ignoring" : ", reconfiguring";
    case SIGUSR1: return ", reopening logs";
    case SIGUSR2: return ending ? ", ignoring" : ", changing binary";
    default: return "";
    }
}

}  // namespace

Master::Master(const Setup& setup, Startup& startup, std::string title, int predecessor)
    : setup_(setup), startup_(startup), predecessor_(predecessor), title_(std::move(title))
{
}

int Master::run(std::shared_ptr<Generation> first, Report& report)
{
    signals_ = os::signal_fd(handled_signals);
    if (!signals_ || !os::make_pipe(lifeline_)) {
        report(Level::emerg, "signalfd() or pipe() failed");
        return 1;
    }
    os::set_title(title_);
    if (!desk_.open())
        first->log(Level::warn,
                   "the name for reload requests is taken: \"-s reload\" will not wait");
    report_ = &report;
    first->log(Level::notice, "start worker processes");
    if (!muster(std::move(first)))
        give_up_next("the workers could not be started");
    while (!(ending_ != Ending::no && !anybody()))
        turn();
    log()(Level::notice, "exit");
    if (started_)
        startup_.remove_pid();
    return failed_ ? 1 : 0;
}

const Log& Master::log() const
{
    return current_ ? current_.generation->log : next_.generation->log;
}

bool Master::anybody() const
{
    auto lives = [](const Slot& slot) { return slot.pid != 0; };
    return !retired_.empty() || std::any_of(current_.slots.begin(), current_.slots.end(), lives) ||
           std::any_of(next_.slots.begin(), next_.slots.end(), lives);
}

int Master::timeout() const
{
    Instant next = std::min(kill_at_, next_ ? next_.deadline : Instant::never());
    next = std::min({next, sockets_leave_, loading_.again, tend_at_});
    next = std::min(next, startup_.manager.next_tick());
    if (current_ && current_.generation->main.worker_watchdog.is_set()) {
        ms limit = *current_.generation->main.worker_watchdog;
        if (limit.count() > 0)
            next = std::min(next, Clock::in(std::clamp(limit / 4, ms{10}, ms{1000})));
    }
    for (const Slot& slot : current_.slots)
        if (slot.pid == 0)
            next = std::min(next, slot.again);
    if (!gone_.empty())
        next = std::min(next, Clock::in(zone_pause));
    if (next == Instant::never())
        return -1;
    return static_cast<int>(std::clamp<int64_t>((next - Clock::now()).count(), 0, 60000));
}

void Master::turn()
{
    std::vector<os::Poll> polls{{signals_.get()}, {desk_.fd()}};
    for (const Slot& slot : next_.slots)
        if (slot.ready)
            polls.push_back({slot.ready.get()});
    os::poll_in(polls.data(), polls.size(), timeout());
    os::update_clock();

    // Readiness first: a worker that served and then died did serve.
    for (Slot& slot : next_.slots)
        if (slot.ready)
            on_ready(slot);
    if (next_ && ending_ == Ending::no &&
        std::all_of(next_.slots.begin(), next_.slots.end(), [](const Slot& s) { return s.serves; }))
        promote();
    // Then deaths: what a signal asks for depends on who lives. And once more: the SIGCHLD of one
    // that ended meanwhile has been read.
    bury();
    os::Signal signal;
    while (os::read_signal(signals_.get(), signal))
        on_signal(signal);
    for (ReloadDesk::Asker& asker : desk_.requests()) {
        on_signal({SIGHUP, asker.pid});
        asking_.push_back(std::move(asker));
    }
    bury();
    os::Halt halt;
    while (os::halted(halt))
        on_halt(halt);
    forget_gone();  // before anybody else gets such a pid
    on_timers();
    if (ending_ != Ending::no) {
        for (auto* askers : {&asking_, &asked_next_}) {
            desk_.answer(*askers, "nginx: [error] the server is shutting down\n");
            askers->clear();
        }
    } else if (load_wanted_ && !next_) {
        load_next();
    }
}

void Master::on_signal(const os::Signal& s)
{
    log()(Level::notice, "signal {} ({}) received from {}{}", s.number, os::signal_name(s.number),
          s.from, action_of(s.number, ending_ != Ending::no, term_is_graceful()));
    switch (s.number) {
    case SIGTERM:
        return end(term_is_graceful() && ending_ == Ending::no ? Ending::quit : Ending::terminate);
    case SIGINT: return end(Ending::terminate);
    case SIGQUIT: return end(Ending::quit);
    case SIGHUP: load_wanted_ = ending_ == Ending::no; return;
    case SIGUSR1: return reopen();
    case SIGUSR2: return change_binary();
    case SIGWINCH:
        // In the foreground it only says that a terminal changed its size.
        if (startup_.daemonised() && current_ && ending_ == Ending::no) {
            resting_ = true;
            retire(current_, SIGQUIT);
        }
        return;
    default: return;
    }
}

bool Master::term_is_graceful() const
{
    const Generation& generation = current_ ? *current_.generation : *next_.generation;
    return generation.wants_graceful_term(os::process_id());
}

void Master::bury()
{
    os::Death death;
    while (os::reap(death))
        on_death(death);
}

void Master::on_death(const os::Death& death)
{
    gone_.push_back(death.pid);
    bool is_successor = death.pid == successor_;
    // Quiet on strangers: where we are PID 1 of a container, all orphans are ours.
    bool stranger = !is_successor && !lost_worker(death.pid);
    std::string_view who = is_successor ? "new binary process"
                           : stranger   ? "unknown process"
                                        : "worker process";
    if (death.by_signal)
        log()(stranger ? Level::info : Level::alert, "{} {} exited on signal {}{}", who, death.pid,
              death.code, death.core_dumped ? " (core dumped)" : "");
    else
        log()(stranger ? Level::info : Level::notice, "{} {} exited with code {}", who, death.pid,
              death.code);
    if (is_successor)
        on_successor_death();
}

// Who is stopped accepts nobody; the others must not wait for it.
void Master::on_halt(const os::Halt& halt)
{
    if (net::WorkerLine* line = scoreboard_.find(halt.pid))
        line->stopped = halt.stopped;
    for (size_t i = 0; i < current_.slots.size(); ++i)
        if (current_.slots[i].pid == halt.pid)
            current_.accepting->lost(i);
}

void Master::forget_gone()
{
    std::erase_if(gone_, [this](int pid) {
        bool done = true;
        for (const Crew* crew : {&current_, &next_})
            if (*crew)
                done = crew->generation->forget_process(pid) && done;
        return done;
    });
}

void Master::on_timers()
{
    Instant now = Clock::now();
    if (now >= sockets_leave_) {
        sockets_leave_ = Instant::never();
        close_leaving(current_.generation->sockets);
    }
    if (now >= startup_.manager.next_tick())
        startup_.manager.tick();
    if (now >= loading_.again)
        take_loaded(loading_.generation->listen_again(*loading_.report));
    if (now >= tend_at_)
        tend_at_ = current_.generation->payload->tend() ? Clock::in(Payload::tend_pause)
                                                        : Instant::never();
    watch_loops();
    if (now >= kill_at_) {
        kill_at_ = Clock::in(kill_after);
        tell_all(SIGKILL);
    }
    if (next_ && now >= next_.deadline)
        give_up_next("its workers did not begin to serve in time");
    if (ending_ != Ending::no || resting_)
        return;
    for (size_t i = 0; i < current_.slots.size(); ++i)
        if (current_.slots[i].pid == 0 && now >= current_.slots[i].again)
            spawn(current_, i);
}

void Master::end(Ending how)
{
    if (ending_ == Ending::no)
        tell_manager_of_end();
    ending_ = std::max(ending_, how);
    loading_ = Loading();
    if (how == Ending::terminate) {
        tell_all(SIGTERM);
        kill_at_ = std::min(kill_at_, Clock::in(kill_after));
        return;
    }
    tell_all(SIGQUIT);
    // Connections must be refused from now on, not queued while the last ones are served.
    for (Crew* crew : {&current_, &next_})
        if (*crew)
            crew->generation->sockets.clear();
}

void Master::tell_all(int signal)
{
    for (Crew* crew : {&current_, &next_})
        for (const Slot& slot : crew->slots)
            if (slot.pid != 0)
                os::send_signal(slot.pid, signal);
    for (int pid : retired_)
        os::send_signal(pid, signal);
}

void Master::reopen()
{
    const Generation& generation = current_ ? *current_.generation : *next_.generation;
    generation.log(Level::notice, "reopening logs");
    for (const LogRegistry::Failure& f : log_registry().reopen())
        log()(Level::emerg, "open() \"{}\" failed {}", f.path, errno_text(f.error));
    generation.redirect_stderr();
    if (os::is_root() && generation.main.user->known)
        for (const LogRegistry::Failure& f : log_registry().give_to(generation.main.user->uid))
            log()(Level::emerg, "chown(\"{}\") failed {}", f.path, errno_text(f.error));
    tell_all(SIGUSR1);
}

}  // namespace sluice::process
