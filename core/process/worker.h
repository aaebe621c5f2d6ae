// SPDX-License-Identifier: Apache-2.0
// The worker process: drops privileges, starts the payload on its own event loop and serves until a
// signal, or the master's death, tells it to end. TERM, INT: at once. QUIT (and the end of the
// lifeline): stop accepting, finish what is in flight, at most worker_shutdown_timeout. USR1:
// reopen logs.
#pragma once

#include <signal.h>

#include <functional>
#include <string_view>

#include "core/event/loop.h"
#include "core/os/signals.h"
#include "core/process/generation.h"

namespace sluice::process {

inline constexpr std::string_view worker_title = "nginx: worker process";  // begins so
inline constexpr int fatal_code = 2;  // the worker could not begin; nginx's code

/// What all processes of ours read from a descriptor instead of being interrupted.
inline constexpr std::initializer_list<int> handled_signals = {SIGHUP,  SIGUSR1, SIGUSR2, SIGWINCH,
                                                               SIGQUIT, SIGTERM, SIGINT,  SIGCHLD};

class SignalWatch final : public event::Watch
{
public:
    explicit SignalWatch(std::function<void(const os::Signal&)> handle) : handle_(std::move(handle))
    {
    }
    bool begin();

private:
    void on_events(uint32_t events) override;
    std::function<void(const os::Signal&)> handle_;
};

/// Calls whenever there is something to read from somebody else's descriptor: it watches a
/// duplicate.
class ReadWatch final : public event::Watch
{
public:
    explicit ReadWatch(std::function<void()> read) : read_(std::move(read)) {}
    bool begin(int fd);

private:
    void on_events(uint32_t) override { read_(); }
    std::function<void()> read_;
};

/// Calls once when the other end is closed.
class EndWatch final : public event::Watch
{
public:
    explicit EndWatch(std::function<void()> ended) : ended_(std::move(ended)) {}
    bool begin(os::Fd fd);

private:
    void on_events(uint32_t events) override;
    std::function<void()> ended_;
};

class OneShot final : public event::Timer
{
public:
    explicit OneShot(std::function<void()> fire) : fire_(std::move(fire)) {}
    ~OneShot() = default;

private:
    void expired() override { fire_(); }
    std::function<void()> fire_;
};

/// Slots of the loop that serves this generation.
size_t loop_slots(const Generation& generation);

/// Reopens all log files of this process and says so.
void reopen_logs(Payload& payload, const Generation& generation);

/// What a worker has from its master. `line` may be null (all are taken): it counts for itself
/// then. `lifeline` ends when the master does; a byte on `ready` says that we serve.
struct Orders {
    size_t index;  // 0 … worker_processes - 1
    int master;
    const net::Scoreboard& scoreboard;
    net::WorkerLine* line;
    net::Crew& crew;
    os::Fd lifeline, ready;
};

/// In the child: serves, then returns its exit code.
int worker_main(Generation& generation, Orders orders);

}  // namespace sluice::process
