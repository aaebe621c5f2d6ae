// SPDX-License-Identifier: Apache-2.0
#include "core/event/loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "core/os/sys.h"

namespace sluice::event {
namespace {

constexpr uint32_t no_slot = UINT32_MAX;
constexpr int batch = 256;  // events fetched per epoll_wait

Instant started()
{
    os::update_clock();
    return Clock::now();
}

}  // namespace

Loop::Loop(size_t slots)
    : epoll_(os::epoll_create()),
      slots_(slots),
      events_(batch),
      free_head_(0),
      free_count_(slots),
      timers_(started())
{
    SLUICE_CHECK(epoll_);
    SLUICE_CHECK(!current_);
    for (size_t i = 0; i < slots; ++i)
        slots_[i] = {nullptr, 0, i + 1 < slots ? static_cast<uint32_t>(i + 1) : no_slot};
    if (slots == 0)
        free_head_ = no_slot;
    current_ = this;
}

Loop::~Loop()
{
    reap();
    current_ = nullptr;
}

void Loop::turn(Instant until)
{
    ++stats_->turns;
    int timeout = -1;
    if (!ready_.empty() || !heavy_.empty() || !dead_.empty()) {
        timeout = 0;
    } else {
        Instant next = std::min(timers_.next(), until);
        if (next != Instant::never())
            timeout =
                static_cast<int>(std::clamp<int64_t>((next - Clock::now()).count(), 0, 60000));
    }
    stats_->turn_began.set(0);
    int n = os::epoll_wait(epoll_.get(), events_.data(), batch, timeout);
    began_us_ = os::update_clock();
    stats_->turn_began.set(static_cast<uint64_t>(Clock::now().ticks));
    dispatch(events_.data(), n);
    timers_.advance(Clock::now());
    auto end_turn = [this] {
        reap();
        while (TurnEnd* work = turn_ends_.pop_front())
            work->turn_ended();
    };
    run_ready();
    end_turn();
    if (!heavy_.empty()) {
        run_heavy();
        end_turn();
    }
    stats_->longest_turn.raise(os::steady_us() - began_us_);
}

void Loop::run()
{
    stopped_ = false;
    while (!stopped_)
        turn();
}

void Loop::dispatch(const epoll_event* events, int n)
{
    stats_->events += static_cast<uint64_t>(n);
    for (int i = 0; i < n; ++i) {
        uint64_t data = events[i].data.u64;
        auto* slot = reinterpret_cast<Slot*>(data & ~uint64_t{1});
        if (!slot->watch || (slot->instance & 1) != (data & 1)) {
            ++stats_->stale;
            continue;
        }
        slot->watch->on_events(events[i].events);
    }
}

void Loop::run_ready()
{
    // What becomes ready while we run waits for the next turn: I/O of others comes first.
    List<Waiter, ReadyTag> now;
    now.splice_back(ready_);
    while (Waiter* waiter = now.pop_front()) {
        ++stats_->resumed;
        budget_ = budget;
        if (waiter->settle())
            Pump::run(waiter->handle_);
    }
}

void Heavy::enlist()
{
    Loop::current().heavy_.push_back(*this);
}

void Loop::run_heavy()
{
    uint64_t now = os::steady_us();
    uint64_t until = now + std::max(heavy_least, now - began_us_);
    for (; !heavy_.empty() && now < until; now = os::steady_us()) {
        Waiter* waiter = heavy_.pop_front();
        waiter->waiting_ = false;
        static_cast<ListHook<CancelTag>*>(waiter)->unlink();
        ++stats_->resumed;
        budget_ = budget;
        Pump::run(waiter->handle_);
    }
}

void Loop::reap()
{
    while (!dead_.empty()) {
        std::coroutine_handle<> h = dead_.back();
        dead_.pop_back();
        h.destroy();
    }
}

uint64_t Loop::event_data(uint32_t slot) const
{
    return reinterpret_cast<uint64_t>(&slots_[slot]) | (slots_[slot].instance & 1);
}

uint32_t Watch::duplex()
{
    return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
}

uint32_t Watch::reading()
{
    return EPOLLIN | EPOLLRDHUP | EPOLLET;
}

// Once in the life of a connection. Setting it again reports what is ready now: no edge is lost.
void Watch::watch_writes()
{
    Loop& loop = Loop::current();
    writes_watched_ = true;
    int error = os::epoll_mod(loop.epoll_.get(), fd_.get(), duplex(), loop.event_data(slot_));
    SLUICE_CHECK(error == 0);  // it is registered, and this asks for no memory
}

Watch::Error Watch::open(os::Fd fd, uint32_t events)
{
    return take(std::move(fd), events, true);
}

void Watch::change(uint32_t events)
{
    Loop& loop = Loop::current();
    writes_watched_ = events & EPOLLOUT;
    int error = os::epoll_mod(loop.epoll_.get(), fd_.get(), events, loop.event_data(slot_));
    SLUICE_CHECK(error == 0);  // as above
}

Watch::Error Watch::open_unregistered(os::Fd fd)
{
    Error error = take(std::move(fd), reading(), false);
    if (error != Error::none)
        return error;
    can_read_ = true;
    Loop& loop = Loop::current();
    loop.young_.push_back(*this);
    if (!loop.catcher_.set())
        loop.timers_.add(loop.catcher_, Clock::in(unregistered_time));
    return Error::none;
}

void Loop::Catcher::expired()
{
    while (Watch* watch = loop.old_.pop_front())
        watch->enroll(Watch::reading());
    loop.old_.splice_back(loop.young_);
    if (!loop.old_.empty())
        loop.timers_.add(*this, Clock::in(Watch::unregistered_time));
}

bool Watch::enroll(uint32_t events)
{
    ListHook<UnregisteredTag>::unlink();
    Loop& loop = Loop::current();
    if (os::epoll_add(loop.epoll_.get(), fd_.get(), events, loop.event_data(slot_)) == 0) {
        registered_ = true;
        writes_watched_ = events & EPOLLOUT;
        return true;
    }
    // ENOMEM, ENOSPC. What waits ends as if it had been asked to.
    broken_ = hung_up_ = true;
    for (Awaiter* waiter : waiting_)
        if (waiter)
            waiter->Waiter::wake(Wait::canceled);
    if (hook_call_)
        hook_call_(hook_context_);
    return false;
}

Watch::Error Watch::take(os::Fd fd, uint32_t events, bool now)
{
    Loop& loop = Loop::current();
    if (loop.free_head_ == event::no_slot)
        return Error::no_slot;
    uint32_t index = loop.free_head_;
    Loop::Slot& slot = loop.slots_[index];
    ++slot.instance;
    uint64_t data = loop.event_data(index);
    if (now) {
        if (int error = os::epoll_add(loop.epoll_.get(), fd.get(), events, data); error != 0) {
            errno = error;
            return Error::failed;
        }
    }
    registered_ = now;
    loop.free_head_ = slot.next_free;
    --loop.free_count_;
    slot.watch = this;
    slot_ = index;
    fd_ = std::move(fd);
    can_read_ = hung_up_ = broken_ = false;
    writes_watched_ = events & EPOLLOUT;
    can_write_ = !writes_watched_;
    set_hook({});
    return Error::none;
}

void Watch::unregister()
{
    Loop& loop = Loop::current();
    if (registered_)
        os::epoll_del(loop.epoll_.get(), fd_.get());
    registered_ = false;
    ListHook<UnregisteredTag>::unlink();
    Loop::Slot& slot = loop.slots_[slot_];
    slot.watch = nullptr;
    slot.next_free = loop.free_head_;
    loop.free_head_ = slot_;
    ++loop.free_count_;
    timer_.cancel();
}

void Watch::close()
{
    if (!fd_)
        return;
    unregister();
    fd_.close();
}

os::Fd Watch::release()
{
    unregister();
    return std::move(fd_);
}

void Watch::on_events(uint32_t events)
{
    if (events & (EPOLLHUP | EPOLLERR))
        broken_ = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        hung_up_ = true;
        wake(Awaiter::hang_up, Wait::ready);
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        can_read_ = true;
        wake(Awaiter::reading, Wait::ready);
    }
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
        can_write_ = true;
        wake(Awaiter::writing, Wait::ready);
    }
    if (hook_call_ && (hook_any_ || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))))
        hook_call_(hook_context_);  // last: it may destroy us
}

void Watch::wake(Awaiter::Side side, Wait why)
{
    if (waiting_[side])
        waiting_[side]->Waiter::wake(why);
}

bool Watch::Awaiter::ready() const
{
    switch (side_) {
    case reading: return watch_.can_read_;
    case writing: return watch_.can_write_;
    default: return watch_.hung_up_;
    }
}

void Watch::Awaiter::enlist()
{
    SLUICE_CHECK(!watch_.waiting_[side_]);
    watch_.waiting_[side_] = this;
    if (ready()) {  // only the budget was spent: a yield
        Waiter::wake(Wait::ready);
        return;
    }
    if (!watch_.registered_) {
        if (!watch_.enroll(side_ == writing ? duplex() : Watch::reading()))
            return;  // it has been woken
    } else if (side_ == writing && !watch_.writes_watched_) {
        watch_.watch_writes();
    }
    if (deadline_ == Deadline::never())
        return;
    if (!watch_.timer_.set() || watch_.timer_.due() > deadline_)
        Loop::current().timers().add(watch_.timer_, deadline_);
}

void Watch::time_out()
{
    Deadline next = Deadline::never();
    for (Awaiter* waiter : waiting_) {
        if (!waiter)
            continue;
        if (waiter->deadline_ > Clock::now())
            next = std::min(next, waiter->deadline_);
        else
            waiter->Waiter::wake(Wait::timeout);
    }
    if (next != Deadline::never())
        Loop::current().timers().add(timer_, next);
}

}  // namespace sluice::event
