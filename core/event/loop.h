// SPDX-License-Identifier: Apache-2.0
// Loop: one worker's event loop on epoll. A turn is: wait, read the clock, dispatch events to
// watches, fire timers, resume what became ready, then some of what takes long (heavy()), reap what
// ended, do what was put off to the end of the turn.
//
// Watch: one registered descriptor. It sits in a preallocated slot; epoll's data is the slot's
// address with the slot's instance bit in bit 0. The bit flips each time the slot is given out, so
// an event that was fetched before its descriptor was closed is recognised as stale, dropped and
// counted. close() takes the descriptor out of epoll and then closes it, always in that order.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/counter.h"
#include "core/event/task.h"
#include "core/event/timer.h"
#include "core/event/wait.h"
#include "core/os/fd.h"

struct epoll_event;

namespace sluice::event {

class Watch;
struct UnregisteredTag;

/// Work for the end of the turn in which it was asked for: what many requests gathered leaves at
/// once.
struct TurnEndTag;
class TurnEnd : public ListHook<TurnEndTag>
{
protected:
    ~TurnEnd() = default;

private:
    friend class Loop;
    virtual void turn_ended() = 0;
};

/// Awaited before a stretch of work that takes long and cannot be interrupted, as a handshake's
/// private-key operation: it goes on once everything that is ready in this turn has been served. In
/// order of arrival; a turn gives them as much time as everything else took, and `heavy_least` at
/// least. What is left waits for the next turn, which then waits for nothing. There is no
/// deadline: whoever has one looks at the clock afterwards.
class Heavy final : public Waiter
{
public:
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h)
    {
        if (!suspend_unless_canceled(h))
            return false;
        enlist();
        return true;
    }
    /// ready, canceled.
    Wait await_resume() const { return result_; }

private:
    void enlist();
    void detach() override { ListHook<ReadyTag>::unlink(); }
};

class Loop
{
public:
    struct Stats {
        Counter turns, events, stale, resumed;
        Counter longest_turn;  // microseconds, of those since the start
        Counter turn_began;    // gauge: steady milliseconds; 0 while it waits for events
    };

    /// `slots`: how many descriptors may be registered at once.
    explicit Loop(size_t slots);
    ~Loop();
    Loop(const Loop&) = delete;

    /// The loop of this process; one at a time.
    static Loop& current() { return *current_; }

    /// One turn; waits at most until `until`.
    void turn(Instant until = Instant::never());
    /// Turns until stop().
    void run();
    void stop() { stopped_ = true; }

    /// Once, at the end of this turn.
    void at_turn_end(TurnEnd& work)
    {
        if (!work.linked())
            turn_ends_.push_back(work);
    }

    TimerWheel& timers() { return timers_; }
    FrameArena& frames() { return frames_; }
    const Stats& stats() const { return *stats_; }
    /// Counts there from now on (shared memory), on top of what stands there.
    void publish(Stats& where) { stats_ = &where; }
    size_t free_slots() const { return free_count_; }

    /// Ready I/O does not suspend, but after this many operations in a row it does (fairness).
    bool spend() { return budget_-- > 0; }
    static constexpr int budget = 64;
    Heavy heavy() const { return {}; }
    static constexpr uint64_t heavy_least = 50;  // microseconds a turn: one handshake

    /// Dispatches one batch as epoll_wait would have returned it; for tests of stale events.
    void dispatch(const epoll_event* events, int n);

private:
    friend class Watch;
    friend class Waiter;
    friend class Heavy;
    friend class Scope;
    /// Registers what has been served for a while without.
    struct Catcher final : Timer {
        explicit Catcher(Loop& l) : loop(l) {}
        ~Catcher() = default;
        void expired() override;
        Loop& loop;
    };
    struct Slot {
        Watch* watch;
        uint32_t instance;
        uint32_t next_free;
    };

    uint64_t event_data(uint32_t slot) const;
    void run_ready();
    void run_heavy();
    void reap();

    inline static Loop* current_ = nullptr;
    os::Fd epoll_;
    std::vector<Slot> slots_;
    std::vector<epoll_event> events_;
    uint32_t free_head_;
    size_t free_count_;
    // Destroyed in reverse order: everything that is linked below unlinks itself first.
    TimerWheel timers_;
    FrameArena frames_;
    List<Waiter, ReadyTag> ready_, heavy_;
    List<TurnEnd, TurnEndTag> turn_ends_;
    List<Watch, UnregisteredTag> young_, old_;  // old: since before the catcher was set
    Catcher catcher_{*this};
    std::vector<std::coroutine_handle<>> dead_;
    Stats own_stats_;
    Stats* stats_ = &own_stats_;
    uint64_t began_us_ = 0;
    int budget_ = 0;
    bool stopped_ = false;
};

class Watch : private ListHook<UnregisteredTag>
{
public:
    enum Error { none, no_slot, failed };

    Watch() = default;
    virtual ~Watch() { close(); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// Takes the descriptor. `events`: EPOLL*; duplex() for a connection. failed: see errno.
    Error open(os::Fd fd, uint32_t events);
    /// Of an open one: these events from now on.
    void change(uint32_t events);
    static uint32_t duplex();
    /// Of a connection that can be written to now: room to send is first waited for when a write
    /// finds none, so a client that sends a request wakes us once. Edge-triggered as duplex().
    static uint32_t reading();
    /// The same for a client that may have sent already and may be gone soon: reads and writes are
    /// tried first, and it is registered by the first wait, or `unregistered_time` later at the
    /// latest (so that its leaving is noticed). Until then close() has nothing to take out.
    Error open_unregistered(os::Fd fd);
    static constexpr ms unregistered_time{10};
    bool registered() const { return registered_; }
    void close();
    bool is_open() const { return static_cast<bool>(fd_); }
    int fd() const { return fd_.get(); }
    /// Unregisters and gives the descriptor away.
    os::Fd release();

    /// Edge-triggered readiness: true until an operation met EAGAIN (or came back short).
    bool can_read() const { return can_read_; }
    bool can_write() const { return can_write_; }
    void drained() { can_read_ = false; }
    void filled() { can_write_ = false; }
    /// What epoll reports for it while it is open; for tests.
    uint64_t event_data() const { return Loop::current().event_data(slot_); }
    /// The peer has closed or reset (EPOLLRDHUP, EPOLLHUP or EPOLLERR was seen).
    bool hung_up() const { return hung_up_; }
    /// EPOLLERR or EPOLLHUP was seen: both directions are dead.
    bool broken() const { return broken_; }

    /// Tells somebody who is not waiting: called at every event with which the peer has gone
    /// (hang_up) or, with `any`, at any event at all. Null ends it. Must not destroy the Watch when
    /// hang_up only.
    struct Hook {
        void (*call)(void* context) = nullptr;
        void* context = nullptr;
        bool any = false;
    };
    void set_hook(Hook hook)
    {
        hook_call_ = hook.call;
        hook_context_ = hook.context;
        hook_any_ = hook.any;
    }
    /// The next wait for reading tries first: a fresh connection often has its first bytes already.
    void assume_readable() { can_read_ = true; }
    void assume_writable() { can_write_ = true; }

    class Awaiter : public Waiter
    {
    public:
        enum Side : uint8_t { reading, writing, hang_up };
        Awaiter(Watch& watch, Side side, Deadline deadline)
            : side_(side), watch_(watch), deadline_(deadline)
        {
        }
        ~Awaiter() { forget(); }
        bool await_ready() const noexcept { return ready() && Loop::current().spend(); }
        template <class P>
        bool await_suspend(std::coroutine_handle<P> h)
        {
            if (!suspend_unless_canceled(h))
                return false;
            enlist();
            return true;
        }
        Wait await_resume() const { return result_; }

    private:
        friend class Watch;
        bool ready() const;
        void forget()
        {
            if (watch_.waiting_[side_] == this)
                watch_.waiting_[side_] = nullptr;
        }
        void detach() final { forget(); }
        Side side_;

    protected:
        /// Waits to be woken by readiness or by the deadline; at once when it is ready.
        void enlist();
        Watch& watch_;
        Deadline deadline_;
    };
    Awaiter readable(Deadline deadline) { return Awaiter(*this, Awaiter::reading, deadline); }
    Awaiter writable(Deadline deadline) { return Awaiter(*this, Awaiter::writing, deadline); }
    /// Until the peer closes or resets, whatever it sends meanwhile. One waiter a side.
    Awaiter hang_up(Deadline deadline) { return Awaiter(*this, Awaiter::hang_up, deadline); }

protected:
    /// Default: notes readiness and wakes the awaiters. A listener overrides it.
    virtual void on_events(uint32_t events);

private:
    friend class Loop;
    friend List<Watch, UnregisteredTag>;
    /// One lazy timer for all sides: a wait that ends leaves it in the wheel; when it fires for
    /// nobody, or too early for a later deadline, it is dropped or set again.
    struct WaitTimer final : Timer {
        explicit WaitTimer(Watch& w) : watch(w) {}
        ~WaitTimer() = default;
        void expired() override { watch.time_out(); }
        Watch& watch;
    };
    void time_out();
    Error take(os::Fd fd, uint32_t events, bool now);
    /// False when epoll does not take it: the connection counts as broken, who waits is woken.
    bool enroll(uint32_t events);
    void unregister();
    void wake(Awaiter::Side side, Wait why);
    void watch_writes();

    os::Fd fd_;
    uint32_t slot_ = 0;
    bool can_read_ = false, can_write_ = false, hung_up_ = false, broken_ = false;
    bool writes_watched_ = false;
    bool registered_ = false;
    bool hook_any_ = false;
    Awaiter* waiting_[3] = {};
    WaitTimer timer_{*this};
    void (*hook_call_)(void* context) = nullptr;
    void* hook_context_ = nullptr;
};

}  // namespace sluice::event
