// SPDX-License-Identifier: Apache-2.0
#include "core/event/timer.h"

#include <algorithm>
#include <bit>

namespace sluice::event {

void TimerWheel::add(Timer& timer, Instant due)
{
    timer.unlink();
    timer.due_ = due;
    place(timer);
}

void TimerWheel::place(Timer& timer)
{
    constexpr int64_t reach = (int64_t{1} << (levels * bits)) - 1;
    int64_t distance = std::min(timer.due_.ticks - base_, reach);
    distance = std::max<int64_t>(distance, 1);
    int level = (63 - std::countl_zero(static_cast<uint64_t>(distance))) / bits;
    int64_t slot = ((base_ + distance) >> (level * bits)) & (slots - 1);
    wheel_[level][slot].push_back(timer);
    occupied_[level] |= uint64_t{1} << slot;
}

Instant TimerWheel::next() const
{
    int64_t soonest = INT64_MAX;
    for (int level = 0; level < levels; ++level) {
        if (!occupied_[level])
            continue;
        // The slot that comes up first behind the current one; the current one itself comes last.
        int64_t at = base_ >> (level * bits);
        auto current = static_cast<int>(at & (slots - 1));
        uint64_t ahead = std::rotr(occupied_[level], (current + 1) & (slots - 1));
        int64_t steps = std::countr_zero(ahead) + 1;
        soonest = std::min(soonest, (at + steps) << (level * bits));
    }
    return {soonest};
}

void TimerWheel::cascade()
{
    for (int level = levels - 1; level > 0; --level) {
        if (base_ & ((int64_t{1} << (level * bits)) - 1))
            continue;
        int64_t slot = (base_ >> (level * bits)) & (slots - 1);
        if (!(occupied_[level] >> slot & 1))
            continue;
        occupied_[level] &= ~(uint64_t{1} << slot);
        List<Timer, TimerTag> moving;
        moving.splice_back(wheel_[level][slot]);
        while (Timer* timer = moving.pop_front()) {
            if (timer->due_.ticks <= base_)
                expired_.push_back(*timer);
            else
                place(*timer);
        }
    }
}

void TimerWheel::fire()
{
    int64_t slot = base_ & (slots - 1);
    occupied_[0] &= ~(uint64_t{1} << slot);
    expired_.splice_back(wheel_[0][slot]);
    while (Timer* timer = expired_.pop_front())
        timer->expired();
}

void TimerWheel::advance(Instant now)
{
    for (;;) {
        Instant at = next();
        if (at > now)
            break;
        base_ = at.ticks;
        cascade();
        fire();
    }
    base_ = std::max(base_, now.ticks);
}

}  // namespace sluice::event
