// SPDX-License-Identifier: Apache-2.0
// A try's connection: to whom, from where, and what to do when there is no descriptor for it.
#include <cerrno>

#include "core/http/connection.h"
#include "core/http/service.h"
#include "core/os/socket.h"
#include "core/upstream/exchange.h"
#include "core/upstream/settings.h"

namespace sluice::upstream {

// With a seat. What was free when it was chosen may be full by now: then somebody else is.
bool Exchange::choose_peer(http::Request& r)
{
    seat_.leave();
    for (size_t looks = 0; looks <= group_.size() + 8; ++looks) {
        peer_ = group_.pick(&r, std::span(tried_.begin(), tried_.size()));
        if (!peer_)
            return false;
        if (seat_.take(*peer_))
            return true;
    }
    peer_ = nullptr;
    return false;
}

Error Exchange::nobody() const
{
    const NamedServer* name = group_.unresolved();
    return name ? failure(Failure::resolve, 502, name->names().code) : failure(Failure::no_peer);
}

// A connection to the next peer: an idle one, or a new one on its way. Waits for nothing.
Error Exchange::open_link(http::Request& r)
{
    link_.reset();
    connecting_ = false;
    if (fresh_only_ && (seat_.taken() || seat_.take(*peer_)))
        return connect_link(r);
    fresh_only_ = false;
    if (!choose_peer(r))
        return nobody();
    ++tries_;
    tried_.push(r.arena(), peer_);
    Group::pin(*peer_);
    from_ = source(r);
    link_ = group_.take_idle(*peer_, target_, from_, rules_.bind.transparent);
    if (link_)
        return {};
    return connect_link(r);
}

// X_bind. What its variables say and is no address leaves the choice to the system, as in nginx.
std::string_view Exchange::source(http::Request& r) const
{
    if (rules_.bind.address.empty() || peer_->address.is_unix())
        return {};
    std::string_view text = rules_.bind.address.eval(r);
    os::Address ignored;
    if (text.empty() || parse_bind_address(text, ignored))
        return text;
    r.log(Level::error, "invalid local address \"{}\"", text);
    return {};
}

Error Exchange::connect_link(http::Request& r)
{
    net::Room& room = r.c.service.room();
    if (!room.slot_for_request() && !room.shed()) {
        room.short_of_slots();
        return failure(Failure::no_room, 503);
    }
    int error = 0;
    os::Address from;
    os::ConnectOptions options{.keepalive = rules_.socket_keepalive, .speaks_first = true};
    if (!from_.empty() && parse_bind_address(from_, from)) {
        options.from = &from;
        options.transparent = rules_.bind.transparent;
    }
    os::Fd fd = os::connect(peer_->address, options, error);
    if (os::is_shortage(error)) {
        room.short_of("socket()", error);
        room.shed_descriptor();
        if (room.lend(net::Room::For::request))
            fd = os::connect(peer_->address, options, error);
    }
    if (os::is_shortage(error))
        return failure(Failure::no_room, 503, error);
    if (!fd && options.from && (error == EADDRNOTAVAIL || error == EINVAL || error == EPERM))
        return failure(Failure::bind, 500, error);
    if (!fd)
        return failure(Failure::connect, 502, error);
    link_ = std::make_unique<Link>(*peer_);
    link_->from = from_;
    link_->transparent = rules_.bind.transparent;
    if (target_) {
        link_->secure = target_->secure;
        link_->server_name = target_->name;
    }
    if (link_->stream.watch().open(std::move(fd), event::Watch::duplex()) != event::Watch::none) {
        r.log(Level::alert, "epoll_ctl() of an upstream connection failed {}", errno_text(errno));
        return failure(Failure::connect, 502, errno);
    }
    connecting_ = error == EINPROGRESS;
    return {};
}

// What is accepted is not failed for want of a descriptor: it waits for one, as long as connecting
// might have taken.
Task<Error> Exchange::await_room(http::Request& r)
{
    Deadline until = Clock::in(rules_.connect_timeout);
    Error error = error_;
    while (error.what == Failure::no_room) {
        event::Wait w = co_await r.c.service.room().freed(until);
        if (w == event::Wait::canceled)
            co_return failure(Failure::client_gone, 499);
        if (w == event::Wait::timeout)
            co_return error;
        error = connect_link(r);
    }
    if (!error)
        began(r);
    co_return error;
}

}  // namespace sluice::upstream
