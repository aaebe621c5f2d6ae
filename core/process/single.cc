// SPDX-License-Identifier: Apache-2.0
#include "core/process/single.h"

#include <signal.h>

#include <algorithm>
#include <vector>

#include "core/os/process.h"
#include "core/os/sys.h"
#include "core/process/log_files.h"
#include "core/process/verdict.h"
#include "core/process/worker.h"

namespace sluice::process {
namespace {

class Single
{
public:
    Single(const Setup& setup, Startup& startup, std::shared_ptr<Generation> first)
        : setup_(setup),
          startup_(startup),
          current_(std::move(first)),
          own_line_(std::make_unique<net::WorkerLine>()),
          line_(take_line()),
          crew_(1, 1, scoreboard_),
          post_{scoreboard_,
                line_,
                crew_,
                0,
                *current_->events.multi_accept,
                *current_->events.accept_mutex_delay},
          loop_(loop_slots(*current_)),
          room_(current_->room(), current_->log, line_.room),
          signals_([this](const os::Signal& s) { on_signal(s); }),
          asked_([this] { on_asked(); }),
          deadline_([this] { too_late(); }),
          watchdog_([this] { tick(); }),
          bind_again_([this] { take_loaded(loading_.generation->listen_again(*loading_.report)); }),
          chores_([this] { tend(); })
    {
    }

    int run(Report& report)
    {
        if (!signals_.begin() || !crew_) {
            report(Level::emerg, "signalfd() or eventfd() failed");
            return 1;
        }
        loop_.publish(line_.loop);
        start(current_);
        if (!startup_.serving(*current_, report))
            return 1;
        if (!desk_.open() || !asked_.begin(desk_.fd()))
            current_->log(Level::warn,
                          "the name for reload requests is taken: \"-s reload\" will not wait");
        startup_.manager.ready(current_->number);
        await_tick();
        tend();
        current_->log(Level::debug, "single process: {} connections",
                      *current_->events.worker_connections);
        while (!stop_) {
            loop_.turn();
            sweep();
        }
        current_->log(Level::notice, "exit");
        current_->payload->flush();
        for (const auto& old : old_)
            old->payload->flush();
        startup_.remove_pid();
        old_.clear();
        current_->payload.reset();  // before its loop
        return 0;
    }

private:
    net::WorkerLine& take_line()
    {
        net::WorkerLine* line = scoreboard_.take(1, 0);
        if (!line)
            return *own_line_;
        line->pid = os::process_id();
        return *line;
    }

    void name_listeners()
    {
        for (const net::ListenSet& set : current_->sockets)
            scoreboard_.listener(set.spec.text);
    }

    void start(const std::shared_ptr<Generation>& generation)
    {
        Generation* raw = generation.get();
        name_listeners();
        LogFile::report_losses(&generation->log, &line_.log_lines_lost);
        post_.multi_accept = *generation->events.multi_accept;
        room_.change(generation->room(), generation->log);
        generation->payload->start(loop_, generation->sockets, {post_, room_},
                                   [this, raw] { drained_.push_back(raw); });
    }

    // A payload is not destroyed inside its own callback.
    void sweep()
    {
        for (Generation* done : drained_) {
            std::erase_if(old_, [&](const auto& g) {
                if (g.get() == done)
                    g->payload->flush();
                return g.get() == done;
            });
            stop_ = stop_ || (quitting_ && done == current_.get());
        }
        drained_.clear();
    }

    void await_tick()
    {
        if (startup_.manager.next_tick() != Instant::never())
            loop_.timers().add(watchdog_, startup_.manager.next_tick());
    }

    void tick()
    {
        startup_.manager.tick();
        await_tick();
    }

    void tend()
    {
        if (current_->payload->tend())
            loop_.timers().add(chores_, Clock::in(Payload::tend_pause));
    }

    void on_signal(const os::Signal& s)
    {
        if (s.number == SIGCHLD) {  // we have none: orphans, where we are PID 1
            os::Death death;
            while (os::reap(death))
                ;
            return;
        }
        current_->log(Level::notice, "signal {} ({}) received from {}", s.number,
                      os::signal_name(s.number), s.from);
        switch (s.number) {
        case SIGTERM:
            if (current_->wants_graceful_term(os::process_id()) && !quitting_)
                return quit();
            [[fallthrough]];
        case SIGINT:
            startup_.manager.stopping();
            stop_ = true;
            return;
        case SIGQUIT: return quit();
        case SIGHUP: return reload({});
        case SIGUSR1: return reopen_logs(*current_->payload, *current_);
        default: return;
        }
    }

    void on_asked()
    {
        for (ReloadDesk::Asker& asker : desk_.requests()) {
            current_->log(Level::notice, "signal {} ({}) received from {}", SIGHUP,
                          os::signal_name(SIGHUP), asker.pid);
            reload({asker});
        }
    }

    void quit()
    {
        if (quitting_)
            return;
        quitting_ = true;
        if (loading_.generation)
            finish_loading("nginx: [error] the server is shutting down\n");
        startup_.manager.stopping();
        current_->log(Level::notice, "gracefully shutting down");
        if (current_->main.worker_shutdown_timeout.is_set() &&
            current_->main.worker_shutdown_timeout->count() > 0)
            loop_.timers().add(deadline_, Clock::in(*current_->main.worker_shutdown_timeout));
        current_->payload->quit();
        current_->sockets.clear();
    }

    void too_late()
    {
        current_->log(Level::notice, "worker_shutdown_timeout is over {}",
                      current_->payload->remaining());
        current_->payload->say_farewell();
        stop_ = true;
    }

    void reload(std::vector<ReloadDesk::Asker> askers)
    {
        if (quitting_)
            return desk_.answer(askers, "nginx: [error] the server is shutting down\n");
        if (loading_.generation) {
            (*loading_.report)(Level::emerg, "another reload has come, this one is given up");
            finish_loading(loading_.report->collected());
        }
        current_->log(Level::notice, "reconfiguring");
        startup_.manager.reloading();
        loading_.askers = std::move(askers);
        loading_.report =
            std::make_unique<Report>(current_->log, current_->logs_to_stderr(), false);
        loading_.generation = Generation::parse(setup_, *loading_.report);
        Listening got = Listening::failed;
        if (loading_.generation)
            got = loading_.generation->open(setup_, current_.get(), nullptr, *loading_.report);
        take_loaded(got);
    }

    // After each try to listen.
    void take_loaded(Listening got)
    {
        if (got == Listening::in_use &&
            loading_.tries.another(*loading_.report, loading_.generation->pid_path)) {
            loop_.timers().add(bind_again_, Clock::in(BindTries::pause));
            return;
        }
        if (got == Listening::good)
            change_to(loading_.generation);
        finish_loading(got == Listening::good ? "" : loading_.report->collected());
    }

    // The verdict: empty, or why the running configuration stays.
    void finish_loading(const std::string& error)
    {
        bind_again_.cancel();
        startup_.manager.ready(current_->number);
        desk_.answer(loading_.askers, error);
        loading_ = Loading();
    }

    void change_to(std::shared_ptr<Generation> next)
    {
        next->number = current_->number + 1;
        std::swap(current_, next);
        // The old listeners leave the loop first: a descriptor can be registered there only once.
        old_.push_back(next);
        next->payload->quit();
        next->sockets.clear();
        start(current_);
        adopt_listeners(current_->sockets, current_->log);
        current_->redirect_stderr();
        tend();
        startup_.move_pid(*current_);
    }

    // What a reload has loaded. It waits here while somebody else has one of its addresses.
    struct Loading {
        std::shared_ptr<Generation> generation;
        std::unique_ptr<Report> report;
        BindTries tries;
        std::vector<ReloadDesk::Asker> askers;
    };

    const Setup& setup_;
    Startup& startup_;
    std::shared_ptr<Generation> current_;
    net::Scoreboard scoreboard_;
    std::unique_ptr<net::WorkerLine> own_line_;  // where there is no memory for it
    net::WorkerLine& line_;
    net::Crew crew_;
    net::Post post_;
    event::Loop loop_;
    net::Room room_;
    std::vector<std::shared_ptr<Generation>> old_;  // draining
    std::vector<Generation*> drained_;
    SignalWatch signals_;
    ReloadDesk desk_;
    ReadWatch asked_;
    OneShot deadline_, watchdog_, bind_again_, chores_;
    Loading loading_;
    bool quitting_ = false, stop_ = false;
};

}  // namespace

int run_single(const Setup& setup, Startup& startup, std::shared_ptr<Generation> first,
               Report& report)
{
    if (os::FileLimit limit = os::file_limit(); first->main.worker_rlimit_nofile.is_set())
        os::set_file_limit(*first->main.worker_rlimit_nofile, *first->main.worker_rlimit_nofile);
    else if (limit.soft < limit.hard)
        os::set_file_limit(limit.hard, limit.hard);
    os::replace_environment(worker_environment(first->main));
    Single single(setup, startup, std::move(first));
    int code = single.run(report);
    LogFile::report_losses(nullptr, nullptr);
    return code;
}

}  // namespace sluice::process
