// SPDX-License-Identifier: Apache-2.0
// The master: forks the workers of a generation (a crew), replaces those that die, and changes
// crews on HUP: the next crew is forked and must say that it serves before the running one is told
// to finish, so at any time somebody serves. When the next crew does not come up, the running one
// stays. While the next one waits for an address that somebody else has, all else goes on.
//
// Three files: master.cc (the loop, signals, ending), crews.cc (workers of a generation, and how
// one follows the other), upgrade.cc (another program takes over).
//
// It has no event loop of its own (a forked epoll descriptor would be shared with the worker): it
// polls signals, reload requests and the ready pipes of workers.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/os/signals.h"
#include "core/process/generation.h"
#include "core/process/startup.h"
#include "core/process/verdict.h"

namespace sluice::os {
struct Death;
struct Halt;
}  // namespace sluice::os

namespace sluice::process {

class Master
{
public:
    /// `predecessor`: the master that we are to replace, or 0.
    Master(const Setup& setup, Startup& startup, std::string title, int predecessor);
    /// Serves until it is told to end; the exit code.
    int run(std::shared_ptr<Generation> first, Report& report);

private:
    struct Slot {
        int pid = 0;   // 0: nobody there now
        os::Fd ready;  // until the worker has said that it serves
        bool serves = false;
        Instant born{0};
        Instant again = Instant::never();  // when to fork a replacement
        int quick_deaths = 0;
    };
    struct Crew {
        std::shared_ptr<Generation> generation;
        std::unique_ptr<net::Crew> accepting;  // what its workers share
        std::vector<Slot> slots;
        Instant deadline = Instant::never();  // by then it must serve
        explicit operator bool() const { return generation != nullptr; }
    };
    // What a reload has loaded. It waits here while somebody else has one of its addresses.
    struct Loading {
        std::shared_ptr<Generation> generation;
        std::unique_ptr<Report> report;
        BindTries tries;
        Instant again = Instant::never();
        bool waits() const { return again != Instant::never(); }
    };
    enum class Ending { no, quit, terminate };

    // master.cc
    void turn();
    int timeout() const;
    void on_signal(const os::Signal& signal);
    bool term_is_graceful() const;
    void bury();
    void on_death(const os::Death& death);
    void on_halt(const os::Halt& halt);
    void on_timers();
    void forget_gone();
    void end(Ending how);
    void tell_all(int signal);
    void reopen();
    const Log& log() const;
    bool anybody() const;

    // crews.cc
    bool muster(std::shared_ptr<Generation> generation);
    bool spawn(Crew& crew, size_t index);
    [[noreturn]] void become_worker(Crew& crew, size_t index, net::WorkerLine* line, os::Fd ready);
    void on_ready(Slot& slot);
    bool lost_worker(int pid);
    void load_next();
    void take_loaded(Listening got);
    void give_up_loading();
    void promote();
    void give_up_next(const std::string& why);
    void answer_next(const std::string& error);
    void retire(Crew& crew, int signal);
    void wake_up();
    void watch_loops();

    // upgrade.cc
    void change_binary();
    bool supervised() const;
    void on_successor_death();
    void tell_manager_of_end();

    const Setup& setup_;
    Startup& startup_;
    Report* report_ = nullptr;  // until the first crew serves
    os::Fd signals_;
    os::Pipe lifeline_;
    ReloadDesk desk_;
    net::Scoreboard scoreboard_;
    Crew current_, next_;
    Loading loading_;
    uint32_t generations_ = 1;
    Instant tend_at_ = Instant::never();  // the payload's chores
    Instant sockets_leave_ = Instant::never();  // those of workers that are no more
    std::vector<int> retired_;                  // workers that are finishing
    std::vector<int> gone_;                     // ended, not yet forgotten by shared zones
    bool load_wanted_ = false;
    std::vector<ReloadDesk::Asker> asking_, asked_next_;  // for the load to come; for next_
    Ending ending_ = Ending::no;
    Instant kill_at_ = Instant::never();
    bool resting_ = false;  // WINCH: no workers until HUP
    int successor_ = 0;     // the master that is to replace us (USR2), while it lives
    const int predecessor_;
    std::map<int, Instant> aborted_;  // workers that the watchdog has given up, and when to kill
    bool started_ = false;
    bool failed_ = false;
    std::string title_;
};

}  // namespace sluice::process
