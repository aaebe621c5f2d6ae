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

constexpr ms start_limit{30000};  // a crew that does not serve by then is refused
constexpr ms kill_after{2000};    // TERM to KILL; nginx's is one second
constexpr ms zone_pause{50};      // until a shared zone that was locked is asked again
constexpr ms quick{1000};         // a worker that dies younger than this is throttled
constexpr ms first_pause{100}, longest_pause{10000};

// The first replacement is immediate; a worker that dies again and again waits, doubling.
ms pause_before(int quick_deaths)
{
    if (quick_deaths <= 1)
        return ms{0};
    return std::min(first_pause * (1 << std::min(quick_deaths - 2, 10)), longest_pause);
}

std::string_view action_of(int signal, bool ending)
{
    switch (signal) {
    case SIGTERM:
    case SIGINT: return ", exiting";
    case SIGQUIT: return ", shutting down";
    case SIGHUP: return ending ? ", ignoring" : ", reconfiguring";
    case SIGUSR1: return ", reopening logs";
    case SIGUSR2: return ", ignoring";
    default: return "";
    }
}

}  // namespace

Master::Master(const Setup& setup, Startup& startup, std::string title)
    : setup_(setup), startup_(startup), title_(std::move(title))
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
    next = std::min(next, sockets_leave_);
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
    os::Signal signal;
    while (os::read_signal(signals_.get(), signal))
        on_signal(signal);
    for (ReloadDesk::Asker& asker : desk_.requests()) {
        on_signal({SIGHUP, asker.pid});
        asking_.push_back(std::move(asker));
    }
    os::Death death;
    while (os::reap(death))
        on_death(death);
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
          s.from, action_of(s.number, ending_ != Ending::no));
    switch (s.number) {
    case SIGTERM:
    case SIGINT: return end(Ending::terminate);
    case SIGQUIT: return end(Ending::quit);
    case SIGHUP: load_wanted_ = ending_ == Ending::no; return;
    case SIGUSR1: return reopen();
    case SIGUSR2: log()(Level::warn, "changing the binary while running is not supported"); return;
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

void Master::on_ready(Slot& slot)
{
    int byte = os::read_byte(slot.ready.get());
    if (byte < 0)
        return;
    slot.ready.close();
    slot.serves = byte > 0;  // at its end without a byte the worker is dead: on_death follows
}

void Master::on_death(const os::Death& death)
{
    const Log& to = log();
    scoreboard_.give_back(death.pid);
    gone_.push_back(death.pid);
    if (death.by_signal)
        to(Level::alert, "worker process {} exited on signal {}{}", death.pid, death.code,
           death.core_dumped ? " (core dumped)" : "");
    else
        to(Level::notice, "worker process {} exited with code {}", death.pid, death.code);

    if (std::erase(retired_, death.pid))
        return;
    for (Slot& slot : current_.slots) {
        if (slot.pid != death.pid)
            continue;
        slot.pid = 0;
        if (ending_ != Ending::no)
            return;
        current_.accepting->lost(static_cast<size_t>(&slot - current_.slots.data()));
        slot.quick_deaths = Clock::now() - slot.born < quick ? slot.quick_deaths + 1 : 0;
        slot.again = Clock::in(pause_before(slot.quick_deaths));
        return;
    }
    for (Slot& slot : next_.slots) {
        if (slot.pid != death.pid)
            continue;
        slot.pid = 0;
        if (ending_ != Ending::no)
            return;
        return give_up_next(fmt::format("worker process {} could not begin", death.pid));
    }
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
        for (net::ListenSet& set : current_.generation->sockets)
            set.leaving.clear();
    }
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

bool Master::muster(std::shared_ptr<Generation> generation)
{
    next_.generation = std::move(generation);
    next_.slots.clear();
    next_.slots.resize(next_.generation->workers());
    next_.accepting =
        std::make_unique<net::Crew>(next_.slots.size(), next_.generation->number, scoreboard_);
    if (!*next_.accepting)
        return false;
    for (const net::ListenSet& set : next_.generation->sockets)
        scoreboard_.listener(set.spec.text);
    next_.deadline = Clock::in(start_limit);
    for (size_t i = 0; i < next_.slots.size(); ++i)
        if (!spawn(next_, i))
            return false;
    return true;
}

bool Master::spawn(Crew& crew, size_t index)
{
    Slot& slot = crew.slots[index];
    os::Pipe ready;
    int error = 0;
    net::WorkerLine* line = scoreboard_.take(crew.generation->number, static_cast<uint32_t>(index));
    int pid = os::make_pipe(ready) ? os::fork_process(error) : -1;
    if (pid == 0) {
        slot.ready.close();
        ready.read.close();
        become_worker(crew, index, line, std::move(ready.write));
    }
    slot.born = Clock::now();
    if (line)
        line->pid = std::max(pid, 0);
    if (pid < 0) {
        log()(Level::alert, "fork() failed while spawning \"worker process\" {}",
              errno_text(error));
        slot.again = Clock::in(longest_pause);
        return false;
    }
    slot.pid = pid;
    slot.again = Instant::never();
    if (&crew == &next_)
        slot.ready = std::move(ready.read);
    crew.generation->log(Level::notice, "start worker process {}", pid);
    return true;
}

void Master::become_worker(Crew& crew, size_t index, net::WorkerLine* line, os::Fd ready)
{
    int master = 0;
    {
        // What the master alone may hold: its end of the lifeline, and the sockets of the other
        // crew, or an address that has been given up would stay open with nobody accepting.
        std::shared_ptr<Generation> generation = crew.generation;
        signals_.close();
        desk_.close();
        lifeline_.write.close();
        Crew& other = &crew == &next_ ? current_ : next_;
        if (other)
            other.generation->sockets.clear();
        other.accepting.reset();
        for (Slot& slot : next_.slots)
            slot.ready.close();
        master = os::parent_id();
        int code = worker_main(*generation, {index, master, scoreboard_, line, *crew.accepting,
                                             std::move(lifeline_.read), std::move(ready)});
        os::exit_now(code);
    }
}

void Master::load_next()
{
    load_wanted_ = false;
    asked_next_ = std::move(asking_);
    asking_.clear();
    log()(Level::notice, "reconfiguring");
    Report report(log(), current_.generation->logs_to_stderr(), false);
    std::shared_ptr<Generation> generation = Generation::parse(setup_, report);
    bool good = generation && generation->open(setup_, current_.generation.get(), report);
    os::update_clock();
    if (!good) {
        desk_.answer(asked_next_, report.collected());
        asked_next_.clear();
        return;
    }
    generation->number = ++generations_;
    generation->log(Level::notice, "using the \"epoll\" event method");
    generation->log(Level::notice, "start worker processes");
    if (!muster(std::move(generation)))
        give_up_next("the workers could not be started");
}

// The next crew serves: it is the current one from here on.
void Master::promote()
{
    retire(current_, SIGQUIT);
    Crew old = std::move(current_);
    current_ = std::move(next_);
    next_ = Crew();
    resting_ = false;
    adopt_listeners(current_.generation->sockets, log());
    current_.accepting->ring_all();
    sockets_leave_ = Clock::in(ms{net::leaving_ms});
    if (!started_) {
        if (!startup_.serving(*current_.generation, *report_)) {
            failed_ = true;
            return end(Ending::terminate);
        }
        started_ = true;
    } else {
        current_.generation->redirect_stderr();
        startup_.move_pid(*current_.generation);
    }
    desk_.answer(asked_next_, "");
    asked_next_.clear();
}

void Master::give_up_next(const std::string& why)
{
    std::string text = started_ ? fmt::format("the new configuration is not taken: {}", why) : why;
    log()(Level::emerg, "{}", text);
    desk_.answer(asked_next_, fmt::format("nginx: [emerg] {}, see the error log\n", text));
    asked_next_.clear();
    if (!started_) {
        if (!next_.generation->logs_to_stderr())
            print_error(fmt::format("nginx: [emerg] {}, see the error log\n", text));
        failed_ = true;
        return end(Ending::terminate);
    }
    retire(next_, SIGTERM);
    next_ = Crew();
}

void Master::retire(Crew& crew, int signal)
{
    for (Slot& slot : crew.slots) {
        if (slot.pid == 0)
            continue;
        os::send_signal(slot.pid, signal);
        retired_.push_back(slot.pid);
        slot.pid = 0;
    }
}

void Master::end(Ending how)
{
    ending_ = std::max(ending_, how);
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
