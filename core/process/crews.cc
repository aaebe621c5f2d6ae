// SPDX-License-Identifier: Apache-2.0
// Crews: the workers of a generation, from the fork to their end, and how one crew follows another.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "core/os/process.h"
#include "core/os/sys.h"
#include "core/process/master.h"
#include "core/process/worker.h"

namespace sluice::process {
namespace {

constexpr ms start_limit{30000};  // a crew that does not serve by then is refused
constexpr ms quick{1000};         // a worker that dies younger than this is throttled
constexpr ms first_pause{100}, longest_pause{10000};
constexpr ms abort_limit{1000};  // what a stuck worker gets to say where it is

// The first replacement is immediate; a worker that dies again and again waits, doubling.
ms pause_before(int quick_deaths)
{
    if (quick_deaths <= 1)
        return ms{0};
    return std::min(first_pause * (1 << std::min(quick_deaths - 2, 10)), longest_pause);
}

}  // namespace

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
        if (loading_.waits())
            loading_.generation->sockets.clear();
        for (Slot& slot : next_.slots)
            slot.ready.close();
        master = os::parent_id();
        int code = worker_main(*generation, {index, master, scoreboard_, line, *crew.accepting,
                                             std::move(lifeline_.read), std::move(ready)});
        os::exit_now(code);
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

// False: it was none of ours.
bool Master::lost_worker(int pid)
{
    scoreboard_.give_back(pid);
    aborted_.erase(pid);
    if (std::erase(retired_, pid))
        return true;
    for (Slot& slot : current_.slots) {
        if (slot.pid != pid)
            continue;
        slot.pid = 0;
        if (ending_ != Ending::no)
            return true;
        current_.accepting->lost(static_cast<size_t>(&slot - current_.slots.data()));
        slot.quick_deaths = Clock::now() - slot.born < quick ? slot.quick_deaths + 1 : 0;
        slot.again = Clock::in(pause_before(slot.quick_deaths));
        return true;
    }
    for (Slot& slot : next_.slots) {
        if (slot.pid != pid)
            continue;
        slot.pid = 0;
        if (ending_ == Ending::no)
            give_up_next(fmt::format("worker process {} could not begin", pid));
        return true;
    }
    return false;
}

void Master::load_next()
{
    load_wanted_ = false;
    give_up_loading();
    asked_next_ = std::move(asking_);
    asking_.clear();
    if (resting_ && successor_ != 0) {
        // The successor is not what was hoped for: the workers that were sent away come back with
        // the configuration that they had.
        wake_up();
        return answer_next("");
    }
    log()(Level::notice, "reconfiguring");
    startup_.manager.reloading();
    loading_.report = std::make_unique<Report>(log(), current_.generation->logs_to_stderr(), false);
    loading_.generation = Generation::parse(setup_, *loading_.report);
    Listening got = Listening::failed;
    if (loading_.generation)
        got =
            loading_.generation->open(setup_, current_.generation.get(), nullptr, *loading_.report);
    take_loaded(got);
}

// After each try to listen.
void Master::take_loaded(Listening got)
{
    os::update_clock();
    if (got == Listening::in_use &&
        loading_.tries.another(*loading_.report, loading_.generation->pid_path)) {
        loading_.again = Clock::in(BindTries::pause);
        return;
    }
    Loading loaded = std::exchange(loading_, Loading());
    if (got != Listening::good) {
        startup_.manager.ready(current_.generation->number);
        return answer_next(loaded.report->collected());
    }
    std::shared_ptr<Generation> generation = std::move(loaded.generation);
    generation->number = ++generations_;
    generation->log(Level::notice, "using the \"epoll\" event method");
    generation->log(Level::notice, "start worker processes");
    if (!muster(std::move(generation)))
        give_up_next("the workers could not be started");
}

// A later reload comes before one that waits for an address: what is asked for last counts.
void Master::give_up_loading()
{
    if (!loading_.waits())
        return;
    Loading given_up = std::exchange(loading_, Loading());
    (*given_up.report)(Level::emerg, "another reload has come, this one is given up");
    answer_next(given_up.report->collected());
}

void Master::answer_next(const std::string& error)
{
    desk_.answer(asked_next_, error);
    asked_next_.clear();
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
    tend_at_ = Clock::now();
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
    startup_.manager.ready(current_.generation->number);
    answer_next("");
}

void Master::give_up_next(const std::string& why)
{
    std::string text = started_ ? fmt::format("the new configuration is not taken: {}", why) : why;
    log()(Level::emerg, "{}", text);
    answer_next(fmt::format("nginx: [emerg] {}, see the error log\n", text));
    if (!started_) {
        if (!next_.generation->logs_to_stderr())
            print_error(fmt::format("nginx: [emerg] {}, see the error log\n", text));
        failed_ = true;
        return end(Ending::terminate);
    }
    retire(next_, SIGTERM);
    next_ = Crew();
    startup_.manager.ready(current_.generation->number);
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

// After a rest: the crew comes back as it was.
void Master::wake_up()
{
    resting_ = false;
    current_.generation->log(Level::notice, "start worker processes");
    for (Slot& slot : current_.slots) {
        slot.quick_deaths = 0;
        slot.again = Clock::now();
    }
}

// A loop that has been in one turn for too long serves nobody, and the kernel goes on handing it
// connections: it says where it is (SIGABRT, see worker.cc), and ends.
void Master::watch_loops()
{
    if (!current_ || !current_.generation->main.worker_watchdog.is_set())
        return;
    const ms limit = *current_.generation->main.worker_watchdog;
    const Instant now = Clock::now();
    for (const net::WorkerLine& line : scoreboard_.lines()) {
        int pid = line.pid;
        ms age = line.turn_age(now);
        if (limit.count() == 0 || pid == 0 || age <= limit || line.stopped ||
            aborted_.contains(pid))
            continue;
        const net::ConnectionCounts& c = line.connections;
        log()(Level::alert,
              "worker process {} (generation {}) is stuck: its loop has been in turn {} for {}ms; "
              "{} connections, {} reading, {} writing, {} waiting; aborting it",
              pid, line.generation.load(), line.loop.turns.get(), age.count(), c.active.get(),
              c.reading.get(), c.writing.get(), c.waiting.get());
        os::send_signal(pid, SIGABRT);
        aborted_[pid] = now + abort_limit;
    }
    for (auto& [pid, kill_at] : aborted_)
        if (now >= kill_at) {
            os::send_signal(pid, SIGKILL);
            kill_at = now + abort_limit;
        }
}

}  // namespace sluice::process
