// SPDX-License-Identifier: Apache-2.0
#include "core/net/room.h"

#include <cerrno>

#include "core/os/process.h"
#include "core/os/socket.h"
#include "core/os/sys.h"

namespace sluice::net {
namespace {

constexpr ms look_again{10};       // the kernel's shortage ends without a sign
constexpr ms look_for_limit{250};  // somebody may raise RLIMIT_NOFILE from outside (prlimit)
constexpr ms report_every{1000};

}  // namespace

Room::Room(const Rules& rules, const Log& log, RoomCounts& counts) : counts_(counts)
{
    change(rules, log);
    counts_.slots_used.set(0);
    counts_.shortage.set(0);
    current_ = this;
    os::descriptor_closed = &Room::descriptor_closed;
}

void Room::change(const Rules& rules, const Log& log)
{
    rules_ = rules;
    log_ = &log;
    // Where little is left the reserve is at most half of it: the rest is for clients.
    fill(2 * rules_.reserve);
    full_reserve_ = std::min(rules_.reserve, reserve_.size() / 2);
    reserve_.resize(full_reserve_);
    if (full_reserve_ < rules_.reserve)
        log(Level::warn,
            "reserve_fds {}: only {} are held, RLIMIT_NOFILE {} leaves no more; raise "
            "worker_rlimit_nofile or lower reserve_fds",
            rules_.reserve, full_reserve_, os::file_limit().soft);
    counts_.slots.set(rules_.slots);
}

Room::~Room()
{
    os::descriptor_closed = nullptr;
    current_ = nullptr;
}

void Room::fill(size_t up_to)
{
    while (reserve_.size() < up_to) {
        os::Fd fd = os::event_fd();
        if (!fd)
            return;
        reserve_.push_back(std::move(fd));
    }
}

void Room::take_slot()
{
    if (!current_)
        return;
    ++current_->used_;
    current_->counts_.slots_used.set(current_->used_);
}

void Room::give_slot()
{
    if (!current_)
        return;
    --current_->used_;
    current_->counts_.slots_used.set(current_->used_);
    if (current_->short_)
        event::Loop::current().at_turn_end(*current_);
}

bool Room::lend(For whom)
{
    size_t keep = whom == For::request ? rules_.reserve / 2 : 0;
    if (reserve_.size() <= keep)
        return false;
    reserve_.pop_back();
    // Our own close; not a sign that somebody made room.
    if (closed_ > 0)
        --closed_;
    ++counts_.reserve_used;
    return true;
}

bool Room::shed()
{
    Sheddable* oldest = idle_clients_.pop_front();
    if (!oldest)
        oldest = idle_links_.pop_front();
    bool silent = !oldest && !silent_clients_.empty() &&
                  Clock::now() - silent_clients_.front().silent_since() >= silence;
    if (silent)
        oldest = silent_clients_.pop_front();
    if (!oldest)
        return false;
    ++(silent ? counts_.shed_silent : counts_.shed);
    oldest->shed();
    return true;
}

bool Room::shed_descriptor()
{
    return (close_one_ && close_one_()) || shed();
}

// ---- the shortage and its end -------------------------------------------------------------------

void Room::begin_shortage()
{
    ++refused_;
    counts_.shortage.set(1);
    if (short_)
        return;
    short_ = true;
    if (Clock::now() - reported_ >= report_every)
        report();
    look_again_later();
}

void Room::short_of(std::string_view what, int error)
{
    what_ = what;
    error_ = error;
    of_slots_ = false;
    begin_shortage();
}

void Room::short_of_slots()
{
    of_slots_ = true;
    begin_shortage();
}

void Room::report()
{
    std::string counts;
    if (turned_away_ || waits_)
        counts = fmt::format("; {} clients were turned away and {} requests had to wait since then",
                             turned_away_, waits_);
    if (of_slots_)
        (*log_)(Level::alert,
                "{} worker_connections are not enough, reusing or refusing connections{}",
                rules_.slots, counts);
    else if (error_ == EMFILE)
        (*log_)(Level::crit,
                "{} failed {}, raise worker_rlimit_nofile (now {}) or lower worker_connections{}",
                what_, errno_text(error_), os::file_limit().soft, counts);
    else
        (*log_)(Level::crit, "{} failed {}, the system has no more to give (see fs.file-max){}",
                what_, errno_text(error_), counts);
    reported_ = Clock::now();
    turned_away_ = waits_ = refused_ = 0;
}

void Room::look_again_later()
{
    bool unseen = !of_slots_ && error_ != EMFILE;
    Instant due = Clock::in(unseen ? look_again : look_for_limit);
    event::Loop::current().timers().add(*this, due);
}

void Room::descriptor_closed()
{
    if (current_->probing_)
        return;
    ++current_->closed_;
    if (current_->short_ || current_->reserve_.size() < current_->full_reserve_)
        event::Loop::current().at_turn_end(*current_);
}

void Room::enlist(Freed& waiter)
{
    ++waits_;
    ++counts_.waits;
    waiters_.push_back(waiter);
}

// What was closed in this turn is given out: the half of the reserve that answers clients, then who
// waits, then the other half.
void Room::turn_ended()
{
    fill(full_reserve_ / 2);
    size_t free = closed_;
    closed_ = 0;
    if (of_slots_ && slot_for_request())
        free = std::max<size_t>(free, 1);
    for (; free > 0 && !waiters_.empty(); --free)
        waiters_.front().wake(event::Wait::ready);
    if (waiters_.empty())
        fill(full_reserve_);
    if (short_ && waiters_.empty() && reserve_.size() >= full_reserve_ && slot_free() &&
        one_more()) {
        short_ = false;
        counts_.shortage.set(0);
    }
    if (on_freed_)
        on_freed_();
}

// A descriptor beyond the reserve can be had.
bool Room::one_more()
{
    probing_ = true;
    bool good = static_cast<bool>(os::event_fd());
    probing_ = false;
    return good;
}

void Room::expired()
{
    if (Clock::now() - reported_ >= report_every && refused_ > 0)
        report();
    if (!short_ && refused_ == 0)
        return;
    look_again_later();
    if (!short_)
        return;
    closed_ = std::max<size_t>(closed_, 1);  // perhaps: one tries
    event::Loop::current().at_turn_end(*this);
}

}  // namespace sluice::net
