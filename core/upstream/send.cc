// SPDX-License-Identifier: Apache-2.0
// The request on its way to the peer.
#include <cerrno>

#include "core/http/connection.h"
#include "core/os/socket.h"
#include "core/upstream/exchange.h"

namespace sluice::upstream {
namespace {

/// Says so at the end, whichever it is.
struct Over {
    event::Event& event;
    ~Over() { event.set(); }
};

}  // namespace

// As much as goes at once; waits only for a connection that is being made. The first write is tried
// before that wait: on a fast network the handshake is over by now.
Task<Error> Exchange::send(http::Request& r)
{
    if (target_ && !link_->stream.tls())
        return secure_and_send(r);
    if (!send_now())
        return connect_and_send(r);
    return sent();
}

Task<Error> Exchange::connect_and_send(http::Request& r)
{
    net::Stream& stream = link_->stream;
    event::Wait w = co_await stream.watch().writable(Clock::in(rules_.connect_timeout));
    if (Error error = connect_ended(w))
        co_return error;
    now_->connected = Clock::now();
    send_now();
    co_return sent();
}

// What the wait for a connection came to.
Error Exchange::connect_ended(event::Wait w)
{
    if (w == event::Wait::timeout)
        return failure(Failure::connect_timeout, 504);
    if (w == event::Wait::canceled)
        return failure(Failure::client_gone, 499);
    if (int error = os::connect_error(link_->stream.watch().fd()); error != 0)
        return failure(Failure::connect, 502, error);
    connecting_ = false;
    return {};
}

// Writes what the kernel takes. False: it takes nothing before the connection has been made.
bool Exchange::send_now()
{
    bool again = false;
    while (!again && !unsent_.empty()) {
        net::Io io = link_->stream.try_write(unsent_, again);
        now_->bytes_sent += io.n;
        if (io.kind != net::Io::ok) {
            if (connecting_)
                error_ = failure(Failure::connect, 502, io.error);
            // It may have answered before it closed: that is read first.
            unsent_ = {};
            stream_body_ = false;
            send_failed_ = true;
        } else if (io.n > 0 && connecting_) {
            connecting_ = false;
            now_->connected = Clock::now();
        }
    }
    return !connecting_ || send_failed_;
}

Error Exchange::sent()
{
    if (error_)
        return error_;
    if (now_->connected == Instant{0})
        now_->connected = now_->started;
    request_done_ = unsent_.empty() && !stream_body_ && !send_failed_;
    request_sent_at_ = Clock::now();
    return {};
}

Task<Error> Exchange::write_unsent(http::Request& r)
{
    net::Io io = co_await link_->stream.write(unsent_, rules_.send_timeout);
    now_->bytes_sent += io.n;
    unsent_ = {};
    if (io.kind == net::Io::timeout)
        co_return failure(Failure::send_timeout, 504);
    if (io.kind == net::Io::canceled)
        co_return failure(Failure::client_gone, 499);
    if (io.kind == net::Io::reset)
        co_return failure(Failure::reset, 502, io.error);
    co_return Error{};
}

Task<Exchange::Upload> Exchange::upload(http::Request& r)
{
    const Over over{upload_over_};
    if (!unsent_.empty()) {
        Error error = co_await write_unsent(r);
        // A peer that stops reading may have answered: the download tells.
        if (error.what == Failure::reset || error.what == Failure::client_gone)
            co_return Upload{};
        if (error)
            co_return Upload{error};
    }
    while (stream_body_) {
        http::BodyRead piece = co_await r.body.read(r);
        if (piece.kind == http::BodyRead::canceled || r.cancel().asked())
            co_return Upload{};  // the answer was complete first, or the client has left
        if (!piece.good())
            co_return Upload{failure(Failure::client_body, http::BodyReader::status_of(piece))};
        bool end = piece.kind == http::BodyRead::end;
        std::string_view rest = piece.bytes;
        do {
            size_t taken = 0;
            unsent_ = std::span(request_parts_, wire_->frame(rest, request_parts_, taken));
            rest.remove_prefix(taken);
            if (unsent_.empty())
                break;
            Error error = co_await write_unsent(r);
            if (error.what == Failure::reset || error.what == Failure::client_gone)
                co_return Upload{};
            if (error)
                co_return Upload{error};
        } while (!rest.empty());
        if (end)
            break;
    }
    request_done_ = true;
    request_sent_at_ = Clock::now();
    co_return Upload{};
}

}  // namespace sluice::upstream
