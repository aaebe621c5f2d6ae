// SPDX-License-Identifier: Apache-2.0
// The response on its way from the peer to the client.
#include <algorithm>
#include <cerrno>

#include "core/base/bytes.h"
#include "core/http/connection.h"
#include "core/upstream/exchange.h"

namespace sluice::upstream {
namespace {

constexpr size_t head_buffer = 8192;
constexpr size_t first_body_buffer = 16384;
constexpr size_t max_trailer_bytes = 8192;
constexpr size_t max_response_headers = 1000;

}  // namespace

Task<Exchange::Download> Exchange::download(http::Request& r)
{
    Error error = co_await read_head(r);
    if (error) {
        error_ = error;
        co_return Download{reply(error.status)};
    }
    Rc rc = co_await relay(r);
    co_return Download{rc};
}

Task<Error> Exchange::read_head(http::Request& r)
{
    if (request_done_)
        head_out_.release();
    parser_.start(forwarder_.method(r), max_response_headers, r.arena());
    size_t interim = 0;
    for (;;) {
        net::Io io = co_await read_some(r);
        if (io.kind == net::Io::timeout) {
            // The clock runs from the end of the request: a slow client is not the peer's fault.
            if (!request_done_ || Clock::now() - request_sent_at_ < rules_.read_timeout)
                continue;
            co_return failure(Failure::read_timeout, 504);
        }
        if (io.kind == net::Io::canceled)
            co_return failure(Failure::client_gone, 499);
        if (io.kind == net::Io::reset)
            co_return failure(Failure::reset, 502, io.error);
        if (io.kind == net::Io::eof)
            co_return failure(Failure::closed_early);
        now_->bytes_received += io.n;
        http::ParseState state = parser_.feed(first_.view());
        while (state == http::ParseState::done && parser_.head().status < 200 &&
               parser_.head().status != 101) {
            interim += parser_.head_size();  // 1xx: the real one follows
            first_.consume(parser_.head_size());
            parser_.start(forwarder_.method(r), max_response_headers, r.arena());
            state = first_.empty() ? http::ParseState::more : parser_.feed(first_.view());
        }
        if (state == http::ParseState::error)
            co_return failure(Failure::header_invalid);
        // Interim heads count: nobody may send them for ever.
        size_t size = state == http::ParseState::done ? parser_.head_size() - 1 : first_.size();
        if (interim + size >= rules_.head_limit)
            co_return failure(Failure::header_too_big);
        if (state == http::ParseState::done)
            break;
    }
    have_head_ = true;
    now_->header = os::steady_us();
    now_->status = parser_.head().status;
    ++link_->requests;
    if (status_is_retried(now_->status) && another_try(r) && may_send_again(r)) {
        have_head_ = false;
        --link_->requests;
        co_return failure(Failure::bad_status, now_->status);
    }
    co_return Error{};
}

// More bytes of the head. The buffer is taken when there is something to read: what waits holds
// none.
Task<net::Io> Exchange::read_some(http::Request& r)
{
    net::Stream& stream = link_->stream;
    for (;;) {
        if (stream.watch().can_read() && event::Loop::current().spend()) {
            if (!first_)
                first_ = buf::Buffer(head_buffer);
            else if (first_.room_size() == 0)
                first_.grow(first_.capacity() * 2);
            bool again = false;
            net::Io io = stream.try_read(first_, again);
            if (!again)
                co_return io;
        }
        event::Wait w = co_await stream.watch().readable(Clock::in(rules_.read_timeout));
        if (w != event::Wait::ready)
            co_return net::Io{w == event::Wait::timeout ? net::Io::timeout : net::Io::canceled};
    }
}

bool Exchange::status_is_retried(int status) const
{
    static constexpr std::pair<int, uint32_t> conditions[] = {
        {500, next_http_500}, {502, next_http_502}, {503, next_http_503}, {504, next_http_504},
        {403, next_http_403}, {404, next_http_404}, {429, next_http_429}};
    for (auto [s, bit] : conditions)
        if (s == status)
            return rules_.next_upstream & bit;
    return false;
}

Task<Rc> Exchange::relay(http::Request& r)
{
    http::ResponseHead& head = parser_.head();
    first_.consume(head.head_size);
    decoder_.start(head.framing, max_trailer_bytes, r.arena());
    r.out.status = head.status;
    r.out.reason = http::status_line_text(head.status)
                               .substr(std::min<size_t>(
                                   4, http::status_line_text(head.status).size())) == head.reason
                       ? std::string_view{}
                       : head.reason;
    if (head.framing.kind == http::Framing::length)
        r.out.content_length = static_cast<int64_t>(head.framing.size);
    else if (r.is_head())
        r.out.content_length =
            parse_decimal(head.headers.value(http::HeaderId::content_length)).value_or(-1);
    Rc rc = forwarder_.read_head(r, head);
    if (rc != next)
        co_return rc;
    if (head.upgrade)
        co_return co_await tunnel(r);
    co_return co_await relay_body(r);
}

// What the buffer holds, decoded, as slices. They stay valid until the buffer is filled again.
size_t Exchange::gather(buf::Buffer& from, bool& end)
{
    size_t n = 0;
    while (n < max_gather) {
        http::Piece piece = decoder_.next(from.view());
        from.consume(piece.consumed);
        if (piece.state == http::Piece::data_) {
            now_->response_length += piece.data.size();
            parts_[n++] = buf::Slice(piece.data);
            continue;
        }
        end = piece.state == http::Piece::done;
        if (piece.state == http::Piece::error)
            error_ = failure(Failure::header_invalid);
        break;
    }
    return n;
}

Task<Rc> Exchange::relay_body(http::Request& r)
{
    buf::Buffer* from = &first_;
    for (;;) {
        bool end = false;
        size_t n = gather(*from, end);
        if (error_) {
            log(r, Level::error,
                fmt::format("upstream sent invalid chunked response: {} while reading upstream",
                            decoder_.error().reason));
            error_ = {};
            co_return body_cut(r, net::Io{net::Io::ok});
        }
        if (end) {
            if (!decoder_.trailers().empty())
                r.out.trailers = decoder_.trailers();
            if (!from->empty())
                log(r, Level::warn,
                    "upstream sent more data than specified in \"Content-Length\" header while "
                    "reading upstream");
            else
                release_link();
        }
        if (n > 0 || end) {
            Rc rc = co_await r.write(std::span(parts_, n), end);
            if (rc != next)
                co_return rc;
        }
        if (!from->empty())
            continue;
        if (!r.head_sent() && n == 0 && head_should_not_wait(r)) {
            Rc rc = co_await r.flush();
            if (rc != next)
                co_return rc;
        }
        from = &in_;
        net::Io io = co_await fill(r);
        if (io.kind == net::Io::eof && decoder_.at_eof()) {
            Rc rc = co_await r.write({}, true);
            co_return rc;
        }
        if (!io.good())
            co_return body_cut(r, io);
    }
}

// The head need not wait for a body that does not come at once.
bool Exchange::head_should_not_wait(http::Request&) const
{
    return !link_->stream.watch().can_read();
}

size_t Exchange::next_buffer_size() const
{
    size_t size = first_body_buffer;
    if (decoder_.framing().kind == http::Framing::length)
        size = static_cast<size_t>(std::min<uint64_t>(decoder_.remaining(), buf::Buffer::largest));
    else if (last_fill_ >= first_body_buffer)
        size = last_fill_ * 2;
    return std::clamp(size, std::min<size_t>(4096, rules_.buffer_limit),
                      std::min(rules_.buffer_limit, buf::Buffer::largest));
}

// As much as the socket has, into a buffer that is held only while there is something to hold.
Task<net::Io> Exchange::fill(http::Request& r)
{
    net::Stream& stream = link_->stream;
    for (;;) {
        if (stream.watch().can_read() && event::Loop::current().spend()) {
            size_t size = next_buffer_size();
            if (in_.capacity() < size)
                in_ = buf::Buffer(size);
            bool again = false;
            net::Io io = stream.try_read(in_, again);
            if (!again) {
                last_fill_ = io.n;
                now_->bytes_received += io.n;
                co_return io;
            }
        }
        in_.release();
        event::Wait w = co_await stream.watch().readable(Clock::in(rules_.read_timeout));
        if (w != event::Wait::ready)
            co_return net::Io{w == event::Wait::timeout ? net::Io::timeout : net::Io::canceled};
    }
}

// The body ended before its end. If nothing has left yet the client gets an error; else its
// connection is cut.
Rc Exchange::body_cut(http::Request& r, const net::Io& io)
{
    if (io.kind == net::Io::timeout)
        log(r, Level::error,
            "upstream timed out (110: Connection timed out) while reading upstream");
    else if (io.kind == net::Io::eof)
        log(r, Level::error, "upstream prematurely closed connection while reading upstream");
    else if (io.kind == net::Io::reset)
        log(r, Level::error,
            fmt::format("recv() failed {} while reading upstream", errno_text(io.error)));
    if (!r.head_sent() && io.kind != net::Io::canceled)
        return reply(io.kind == net::Io::timeout ? 504 : 502);
    return r.cut_short();
}

// The answer is complete: the connection is free for the next request, before the client has taken
// all.
void Exchange::release_link()
{
    if (link_ && request_done_ && parser_.head().keep_alive && rules_.keepalive && !client_left_)
        group_.give_back(std::move(link_));
}

}  // namespace sluice::upstream
