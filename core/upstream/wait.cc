// SPDX-License-Identifier: Apache-2.0
// Requests that cannot be served just now: queued until a server has room, held while all are away,
// or answered with what a server said before another one was asked.
#include "core/http/connection.h"
#include "core/upstream/exchange.h"

namespace sluice::upstream {
namespace {

// How often who waits looks for itself: room that other workers' requests make is told to nobody.
constexpr ms look_again{20};
constexpr ms first_pause{20}, longest_pause{250};

}  // namespace

// What a try needs and has not got: a name's address, a server with room, a descriptor. What
// cannot be waited for stays the error that it is.
Task<Error> Exchange::await_link(http::Request& r)
{
    if (error_.what == Failure::naming) {
        Deadline until = Clock::in(group_.resolver->timeout + ms{1000});  // it says so before
        while (group_.awaits_names() && Clock::now() < until) {
            group_.named().clear();
            event::Wait w = co_await group_.named().wait(until);
            if (w == event::Wait::canceled)
                co_return failure(Failure::client_gone, 499);
        }
        error_ = open_link(r);
        if (!error_)
            began(r);
    }
    if (error_.what == Failure::no_room)
        co_return co_await await_room(r);
    if (error_.what == Failure::no_peer && tried_.empty() && group_.queue.most)
        co_return co_await await_peer(r);
    co_return error_;
}

Task<Error> Exchange::await_peer(http::Request& r)
{
    if (group_.queued() >= group_.queue.most)
        co_return failure(Failure::queue_full);
    Deadline until = Clock::in(group_.queue.timeout);
    Group::Queued place(group_);
    Error error = error_;
    while (error.what == Failure::no_peer) {
        event::Wait w = co_await group_.freed(std::min(until, Clock::in(look_again)));
        if (w == event::Wait::canceled)
            co_return failure(Failure::client_gone, 499);
        error = open_link(r);
        if (error.what == Failure::no_peer && Clock::now() >= until)
            co_return failure(Failure::queue_timeout);
    }
    if (error.what == Failure::no_room)
        error = co_await await_room(r);
    else if (!error)
        began(r);
    co_return error;
}

// Nobody can be reached, and nobody can have acted on the request.
bool Exchange::may_hold(http::Request& r) const
{
    if (kept_ || r.head_sent() || client_left_ || Clock::now() >= hold_until_)
        return false;
    switch (error_.what) {
    case Failure::no_peer:
    case Failure::resolve:
    case Failure::connect:
    case Failure::connect_timeout: break;
    case Failure::reset:
    case Failure::closed_early:
        if (error_.sent && !(rules_.next_upstream & next_error))
            return false;
        break;
    default: return false;
    }
    return may_send_again(r);
}

// Until the next round of tries. False: the client has left meanwhile.
Task<bool> Exchange::hold(http::Request& r)
{
    if (hold_pause_.count() == 0)
        log(r, Level::warn, "no upstream server can be reached, the request is held");
    hold_pause_ = std::clamp(hold_pause_ * 2, first_pause, longest_pause);
    event::Wait w = co_await event::sleep(std::min(hold_pause_, hold_until_ - Clock::now()));
    forget_tried();
    peer_ = nullptr;
    tries_ = 0;
    r.attempts.clear();  // the variables tell of the last round
    co_return w == event::Wait::timeout;
}

void Exchange::keep_answer()
{
    kept_ = std::make_unique<Kept>();
    kept_->link = std::move(link_);
    kept_->seat = std::move(seat_);
    kept_->first = std::move(first_);
    kept_->wire = wire_;
    kept_->peer = peer_;
    kept_->attempt = now_;
    kept_->request_done = request_done_;
}

Task<Rc> Exchange::pass_on_kept(http::Request& r)
{
    error_ = {};
    link_ = std::move(kept_->link);
    seat_ = std::move(kept_->seat);
    first_ = std::move(kept_->first);
    in_.release();
    wire_ = kept_->wire;
    peer_ = kept_->peer;
    now_ = kept_->attempt;
    request_done_ = kept_->request_done;
    have_head_ = true;
    ++link_->requests;
    Rc rc = begin_response(r);
    if (rc == next)
        rc = co_await relay_body(r);
    link_.reset();
    co_return rc;
}

}  // namespace sluice::upstream
