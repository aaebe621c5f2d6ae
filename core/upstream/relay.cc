// SPDX-License-Identifier: Apache-2.0
// The response on its way from the peer to the client.
#include <algorithm>
#include <cerrno>

#include "core/base/bytes.h"
#include "core/http/connection.h"
#include "core/upstream/exchange.h"
#include "core/upstream/store.h"

namespace sluice::upstream {
namespace {

constexpr size_t head_buffer = 8192;
constexpr size_t first_body_buffer = 16384;
constexpr size_t unread_limit = 65536;  // of a subrequest's answer

}  // namespace

Task<Exchange::Download> Exchange::download(http::Request& r)
{
    begin_head(r);
    Head state = Head::more;
    while (state == Head::more) {
        Deadline until = Clock::in(rules_.read_timeout);
        net::Io io = co_await link_->stream.read(first_, head_buffer, until);
        state = heed(r, io);
        while (state == Head::hints) {
            Rc rc = co_await pass_hints(r);
            if (rc != next)
                co_return Download{rc};
            drop_interim(r);
            state = first_.empty() ? Head::more : read_heads(r);
        }
    }
    if (state == Head::failed)
        co_return Download{reply(error_.status)};
    Rc rc = begin_response(r);
    if (rc == next && wire_->head().upgrade)
        rc = co_await tunnel(r);
    else if (rc == next)
        rc = co_await relay_body(r);
    co_return Download{rc};
}

void Exchange::begin_head(http::Request& r)
{
    if (request_done_)
        head_out_.release();
    interim_ = 0;
}

Exchange::Head Exchange::head_failed(Error error)
{
    error_ = error;
    return Head::failed;
}

Exchange::Head Exchange::heed(http::Request& r, const net::Io& io)
{
    switch (io.kind) {
    case net::Io::ok: break;
    case net::Io::timeout:
        // The clock runs from the end of the request: a slow client is not the peer's fault.
        if (!request_done_ || Clock::now() - request_sent_at_ < rules_.read_timeout)
            return Head::more;
        return head_failed(failure(Failure::read_timeout, 504));
    case net::Io::canceled: return head_failed(failure(Failure::client_gone, 499));
    case net::Io::file_cut:
    case net::Io::reset: return head_failed(failure(Failure::reset, 502, io.error));
    case net::Io::eof: return head_failed(failure(Failure::closed_early));
    }
    now_->bytes_received += io.n;
    return read_heads(r);
}

Exchange::Head Exchange::read_heads(http::Request& r)
{
    for (;;) {
        http::ParseState state = wire_->feed(r, first_);
        if (state == http::ParseState::error)
            return head_failed(failure(Failure::header_invalid));
        // Interim heads count: nobody may send them for ever.
        if (interim_ + wire_->head_size(first_) >= rules_.head_limit)
            return head_failed(failure(Failure::header_too_big));
        if (state != http::ParseState::done)
            return Head::more;
        int status = wire_->head().status;
        if (status >= 200 || status == 101)
            return head_complete(r);
        if (wants_hints(r, wire_->head()))
            return Head::hints;
        drop_interim(r);
        if (first_.empty())
            return Head::more;
    }
}

// A 1xx: the real one follows.
void Exchange::drop_interim(http::Request& r)
{
    interim_ += wire_->head_size(first_);
    wire_->take_head(r, first_);
}

Exchange::Head Exchange::head_complete(http::Request& r)
{
    now_->header = Clock::now();
    now_->status = wire_->head().status;
    if (status_is_retried(now_->status) && another_try(r) && may_send_again(r))
        return head_failed(failure(Failure::bad_status, now_->status));
    have_head_ = true;
    ++link_->requests;
    return Head::done;
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

Rc Exchange::begin_response(http::Request& r)
{
    http::ResponseHead& head = wire_->head();
    wire_->take_head(r, first_);
    r.out.status = head.status;
    std::string_view usual = http::status_line_text(head.status);
    bool is_usual = !usual.empty() && usual.substr(4) == head.reason;
    r.out.reason = is_usual ? std::string_view() : head.reason;
    if (head.framing.kind == http::Framing::length)
        r.out.content_length = static_cast<int64_t>(head.framing.size);
    else if (r.is_head())
        r.out.content_length =
            parse_decimal(head.headers.value(http::HeaderId::content_length)).value_or(-1);
    Rc rc = take_answer(r, head);
    if (rc != next)
        leave_body(r);
    else if (group_.sticky())
        group_.sticky()->answered(r, *peer_);
    return rc;
}

// Nobody gets this body. One that has come whole with its head is no reason to close the
// connection.
void Exchange::leave_body(http::Request& r)
{
    if (wire_->head().upgrade || wire_->remaining() > first_.size())
        return;
    http::Piece piece;
    do {
        piece = wire_->next(r, first_.view());
        first_.consume(piece.consumed);
    } while (piece.state == http::Piece::data_);
    if (piece.state == http::Piece::done && first_.empty())
        release_link();
}

// What the buffer holds, decoded, as slices that stay valid until it is filled again; ended_ says
// that the body is whole. False: it is malformed.
bool Exchange::gather(http::Request& r, buf::Buffer& from)
{
    gathered_ = 0;
    while (gathered_ < max_gather) {
        http::Piece piece = wire_->next(r, from.view());
        from.consume(piece.consumed);
        if (piece.state == http::Piece::data_) {
            now_->response_length += piece.data.size();
            if (store_)
                store_->write(piece.data);
            parts_[gathered_++] = buf::Slice(piece.data);
            continue;
        }
        if (piece.state == http::Piece::error) {
            chunk_error(r);
            return false;
        }
        ended_ = piece.state == http::Piece::done;
        break;
    }
    if (ended_)
        body_ended(r, from);
    return true;
}

void Exchange::chunk_error(http::Request& r)
{
    now_->error = reason_of(failure(Failure::body_invalid));
    log(r, Level::error,
        fmt::format("upstream sent invalid chunked response: {} while reading upstream",
                    wire_->body_reason()));
}

// X_store: what is asked for by a GET and comes whole.
void Exchange::begin_store(http::Request& r)
{
    if (forwarder_.method(r) != http::Method::get || r.parent)
        return;
    std::string_view path = rules_.store.eval(r);
    if (!path.empty() && !path.ends_with('/'))
        store_ =
            std::make_unique<Store>(r, r.main().full_path(std::string(path)), rules_.store_mode);
}

void Exchange::end_store(http::Request& r)
{
    std::string_view modified = wire_->head().headers.value(http::HeaderId::last_modified);
    store_->finish(modified.empty() ? -1 : parse_http_time(modified));
    store_.reset();
}

// `from`: what came behind it.
void Exchange::body_ended(http::Request& r, const buf::Buffer& from)
{
    if (store_)
        end_store(r);
    const http::Headers* trailers = wire_->trailers();
    if (trailers && !trailers->empty() && rules_.pass_trailers)
        r.out.trailers = *trailers;
    if (from.empty())
        release_link();
    else
        log(r, Level::warn,
            "upstream sent more data than specified in \"Content-Length\" header while reading "
            "upstream");
}

// A small answer has come whole with its head; for the others a coroutine stays.
Task<Rc> Exchange::relay_body(http::Request& r)
{
    ended_ = false;
    if (!rules_.store.empty() && r.out.status == 200)
        begin_store(r);
    if (buffered_ && (!rules_.limit_rate.text.is_constant() || rules_.limit_rate.constant))
        pace_.start(rules_.limit_rate.eval(r), 0, Clock::now());
    if (!gather(r, first_))
        return body_cut(r, net::Io{net::Io::ok});
    if (ended_)
        return r.write(std::span(parts_, gathered_), true);
    return relay_rest(r);
}

Task<Rc> Exchange::relay_rest(http::Request& r)
{
    buf::Buffer* from = &first_;
    for (;;) {
        // Nobody reads it: what is long is not worth its connection, which ends with the try. (The
        // request may still be on its way there.)
        if (r.parent && now_->response_length + wire_->remaining() > unread_limit)
            co_return co_await r.finish();
        // The head need not wait for a body that does not come at once. (One that has come whole
        // has given its connection back.)
        bool flush =
            !ended_ && !r.head_sent() && from->empty() && !link_->stream.watch().can_read();
        if (gathered_ > 0 || ended_ || flush) {
            Task<Rc> sending = r.write(std::span(parts_, gathered_), ended_);
            Rc rc;
            if (sending && buffered_ && !ended_)
                rc = co_await read_ahead(r, std::move(sending), *from);
            else
                rc = co_await std::move(sending);
            if (rc != next)
                co_return rc;
        }
        if (from->empty()) {
            from = &in_;
            if (pace_.limits()) {
                Rc rc = co_await pace_reading(r);
                if (rc != next)
                    co_return r.cut_short();
            }
            Deadline until = Clock::in(rules_.read_timeout);
            net::Io io = co_await link_->stream.read(in_, next_buffer_size(), until);
            last_fill_ = io.n;
            now_->bytes_received += io.n;
            if (io.kind == net::Io::eof && wire_->at_eof()) {
                if (store_)
                    end_store(r);
                co_return co_await r.finish();
            }
            if (!io.good())
                co_return body_cut(r, io);
        }
        if (!gather(r, *from))
            co_return body_cut(r, net::Io{net::Io::ok});
    }
}

// X_limit_rate: until some more of the body may be read. Being asked to stop is not the response's
// end: who reads ahead is asked to once the client has caught up.
Task<Rc> Exchange::pace_reading(http::Request& r)
{
    ms wait{0};
    while ((paced_size_ = pace_.allowance(now_->response_length, buf::Buffer::largest, Clock::now(),
                                          wait)) == 0) {
        Rc rc = co_await r.sleep(wait);
        if (rc != next)
            co_return rc;
    }
    co_return next;
}

size_t Exchange::next_buffer_size() const
{
    size_t size = first_body_buffer;
    if (uint64_t left = wire_->remaining())
        size = static_cast<size_t>(std::min<uint64_t>(left, buf::Buffer::largest));
    else if (last_fill_ >= first_body_buffer)
        size = last_fill_ * 2;
    size = std::clamp(size, std::min<size_t>(4096, rules_.buffer_limit),
                      std::min(rules_.buffer_limit, buf::Buffer::largest));
    return pace_.limits() ? std::min<size_t>(size, paced_size_) : size;
}

// The body ended before its end. If nothing has left yet the client gets an error; else its
// connection is cut.
Rc Exchange::body_cut(http::Request& r, const net::Io& io)
{
    log_cut(r, io);
    if (!r.head_sent() && io.kind != net::Io::canceled)
        return reply(io.kind == net::Io::timeout ? 504 : 502);
    return r.cut_short();
}

void Exchange::log_cut(http::Request& r, const net::Io& io)
{
    now_->error = reason_of(failure(io.kind == net::Io::timeout ? Failure::body_timeout
                                    : io.kind == net::Io::ok    ? Failure::body_invalid
                                                                : Failure::body_truncated));
    if (io.kind == net::Io::timeout)
        log(r, Level::error,
            "upstream timed out (110: Connection timed out) while reading upstream");
    else if (io.kind == net::Io::eof)
        log(r, Level::error, "upstream prematurely closed connection while reading upstream");
    else if (io.kind == net::Io::reset)
        log(r, Level::error,
            fmt::format("{} while reading upstream", link_->stream.failure_text(true, io)));
}

// The answer is complete: the connection is free for the next request, before the client has taken
// all.
void Exchange::release_link()
{
    if (link_ && request_done_ && wire_->reusable() && rules_.keepalive && !client_left_)
        group_.give_back(std::move(link_));
    if (!link_)
        seat_.leave();  // an idle connection is not a request (max_conns)
}

}  // namespace sluice::upstream
