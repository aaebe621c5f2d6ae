// SPDX-License-Identifier: Apache-2.0
// TimerWheel: a hierarchical wheel of intrusive timers, one tick a millisecond, six levels of 64
// slots (2^36 ms; what is further away is re-placed on the way). add and cancel are O(1). A Timer
// may be added again while it is set (it moves); its destructor cancels it.
#pragma once

#include <cstdint>

#include "core/base/clock.h"
#include "core/base/list.h"

namespace sluice::event {

struct TimerTag;

class Timer : public ListHook<TimerTag>
{
public:
    bool set() const { return linked(); }
    void cancel() { unlink(); }
    Instant due() const { return due_; }

protected:
    ~Timer() = default;

private:
    friend class TimerWheel;
    /// Called by TimerWheel::advance; may add timers and cancel others.
    virtual void expired() = 0;
    Instant due_{0};
};

class TimerWheel
{
public:
    explicit TimerWheel(Instant start) : base_(start.ticks) {}

    void add(Timer& timer, Instant due);
    /// Fires everything that is due at `now`.
    void advance(Instant now);
    /// No timer fires before this; Instant::never() when there is none.
    Instant next() const;

private:
    static constexpr int levels = 6, bits = 6, slots = 1 << bits;

    void place(Timer& timer);
    void cascade();
    void fire();

    int64_t base_;
    mutable uint64_t occupied_[levels] = {};
    List<Timer, TimerTag> wheel_[levels][slots];
    List<Timer, TimerTag> expired_;
};

}  // namespace sluice::event
