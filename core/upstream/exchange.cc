// SPDX-License-Identifier: Apache-2.0
// Tries: choosing a peer, connecting, and what to do when a try fails.
#include "core/upstream/exchange.h"

#include <cerrno>

#include "core/http/connection.h"
#include "core/http/service.h"
#include "core/os/socket.h"
#include "core/upstream/settings.h"
#include "core/upstream/store.h"

namespace sluice::upstream {
namespace {

// RFC 9110 9.2.2; LOCK as in nginx.
bool is_idempotent(http::Method m, std::string_view name)
{
    using http::Method;
    return m != Method::post && m != Method::patch && m != Method::lock && !name.empty();
}

uint32_t condition_of(const Error& e)
{
    switch (e.what) {
    case Failure::connect_timeout:
    case Failure::handshake_timeout:
    case Failure::send_timeout:
    case Failure::read_timeout: return next_timeout;
    case Failure::header_invalid:
    case Failure::header_too_big: return next_invalid_header;
    case Failure::connect:
    case Failure::handshake:
    case Failure::reset:
    case Failure::closed_early: return next_error;
    case Failure::bad_status: return ~0u;  // was checked against the conditions when it came
    default: return 0;
    }
}

}  // namespace

Exchange::Exchange(Group& group, const Rules& rules, Forwarder& forwarder)
    : group_(group), rules_(rules), forwarder_(forwarder)
{
    ++group_.users;
    group_.used = Clock::now();
}

Exchange::~Exchange()
{
    kept_.reset();
    link_.reset();
    seat_.leave();
    forget_tried();
    --group_.users;
}

void Exchange::forget_tried()
{
    for (Peer* peer : tried_)
        group_.unpin(*peer);
    tried_.clear();
}

Error Exchange::failure(Failure what, int status, int system) const
{
    Error e;
    e.what = what;
    e.status = status;
    e.system = system;
    e.reused = link_ && link_->requests > 0;
    e.sent = now_ && now_->bytes_sent > 0;
    e.answered = now_ && now_->bytes_received > 0;
    return e;
}

void Exchange::client_left(void* self)
{
    auto& exchange = *static_cast<Exchange*>(self);
    // Called again with each event behind a FIN: it is asked once.
    if (!exchange.half_closed_ && exchange.r_->survives_half_close())
        exchange.half_closed_ = true;
    if (exchange.half_closed_ && !exchange.r_->c.stream.watch().broken())
        return;
    exchange.client_left_ = true;
    exchange.r_->cancel().ask();
}

Task<Rc> Exchange::run(http::Request& r)
{
    begin(r);
    Rc rc;
    while (!client_left_) {
        error_ = begin_attempt(r);
        if (error_)
            error_ = co_await await_link(r);
        if (!error_)
            error_ = co_await send(r);
        if (!error_ && stream_body_) {
            // Once the answer comes it alone writes to the client.
            http::BodyRead invited = co_await r.body.invite(r);
            if (!invited.good())
                error_ = failure(Failure::client_body, http::BodyReader::status_of(invited));
        }
        if (!error_ && unsent_.empty() && !stream_body_) {
            upload_over_.set();
            Download d = co_await download(r);
            rc = d.rc;
        } else if (!error_) {
            rc = co_await exchange_bodies(r);
        }
        end_attempt(r);
        if (!error_)
            break;
        if (may_retry(r))
            continue;
        if (!may_hold(r))
            break;
        if (!co_await hold(r))
            break;
    }
    if (error_ && kept_ && !client_left_ && !r.head_sent())
        rc = co_await pass_on_kept(r);
    co_return end(r, rc);
}

void Exchange::begin(http::Request& r)
{
    r_ = &r;
    r.exchange = this;
    group_.budget.earn();
    hold_until_ = Clock::in(rules_.hold);
    target_ = forwarder_.tls(r);
    if (rules_.next_timeout_total.count())
        give_up_ = Clock::in(rules_.next_timeout_total);
    if (rules_.ignore_client_abort || r.in_background)
        return;
    r.c.stream.watch().set_hook({&Exchange::client_left, this});
    if (r.c.stream.watch().hung_up())
        client_left(this);  // before we began
}

Rc Exchange::end(http::Request& r, Rc rc)
{
    if (!r.in_background)  // then it is the main request's
        r.c.stream.watch().set_hook({});
    head_out_.release();
    in_.release();
    link_.reset();
    seat_.leave();
    if (client_left_ && !r.completed()) {
        log(r, Level::info,
            fmt::format(
                "epoll_wait() reported that client prematurely closed connection, so upstream "
                "connection is closed too while {}",
                stage(r)));
        if (!r.head_sent() || r.bytes_sent() == 0)
            r.log_status = 499;  // what went out keeps its status, as in nginx
        return r.cut_short();
    }
    if (!error_)
        return rc;
    return r.head_sent() ? r.cut_short() : reply(error_.status);
}

Error Exchange::begin_attempt(http::Request& r)
{
    error_ = {};
    why_ = {};
    have_head_ = request_done_ = send_failed_ = false;
    upload_over_.clear();
    first_.release();
    in_.release();
    now_ = r.arena().make<Attempt>();
    now_->started = Clock::now();
    now_->first = !attempted_;
    attempted_ = true;
    r.attempts.push(r.arena(), now_);
    // Nobody overtakes those who are queued.
    bool must_queue = group_.queued() > 0 && tried_.empty() && !fresh_only_;
    Error error;
    if (must_queue)
        error = failure(Failure::no_peer);
    else if (!fresh_only_ && group_.awaits_names())
        error = failure(Failure::naming);
    else
        error = open_link(r);
    if (error) {
        now_->address = peer_ ? std::string_view(peer_->name) : std::string_view(group_.name());
        return error;
    }
    began(r);
    return {};
}

// There is a connection, or one is on its way.
void Exchange::began(http::Request& r)
{
    now_->address = peer_->name;
    prepare(r);
    peer_->asked(now_->started);
    ++peer_->cell().requests;
    asked_ = true;
}

void Exchange::end_attempt(http::Request& r)
{
    if (error_)
        note_failure(r);
    now_->ended = Clock::now();
    if (asked_)
        peer_->answered(now_->started);
    if (!error_ && peer_ && now_->error.empty())
        group_.succeeded(*peer_, now_->header - now_->started, now_->ended - now_->started);
    if (asked_ && (!error_ || is_peers_fault()))
        group_.ended(*peer_, error_ && error_.what != Failure::bad_status ? 0 : now_->status,
                     now_->ended - now_->started);
    asked_ = false;
    if (error_.what == Failure::bad_status)
        keep_answer();
    link_.reset();
    if (!error_.died_idle())  // the new connection has the same seat
        seat_.leave();
    group_.make_room();
}

// The rest of the request goes up while the answer comes down.
Task<Rc> Exchange::exchange_bodies(http::Request& r)
{
    auto [up, down] = co_await event::both(upload(r), download(r));
    if (up.error)
        error_ = up.error;
    co_return down.rc;
}

std::string_view Exchange::stage(const http::Request& r) const
{
    if (r.head_sent())
        return "sending to client";
    return request_done_ ? "reading response header from upstream" : "sending request to upstream";
}

void Exchange::prepare(http::Request& r)
{
    head_out_ = buf::Buffer(1024);
    wire_ = &forwarder_.wire(r);
    wire_->begin(r, forwarder_.method(r));
    forwarder_.write_head(r, *peer_, head_out_);
    request_parts_[0] = buf::Slice(head_out_.view());
    size_t n = 1;
    stream_body_ = false;
    if (const std::string_view* own = forwarder_.own_body(r)) {
        request_parts_[n++] = buf::Slice(*own);
    } else if (!r.body.absent()) {
        if (r.body.stored())
            r.body.rewind();
        if (r.body.stored() && r.body.stored_text().size() == r.body.stored_size() &&
            wire_->plain_body())
            request_parts_[n++] = buf::Slice(r.body.stored_text());
        else
            stream_body_ = true;
    }
    unsent_ = std::span(request_parts_, n);
}

// ---- when a try fails ---------------------------------------------------------------------------

bool Exchange::may_send_again(http::Request& r) const
{
    bool acted_on = error_.sent && !is_idempotent(forwarder_.method(r), r.method);
    if (acted_on && !(rules_.next_upstream & next_non_idempotent))
        return false;
    return r.body.absent() || r.body.stored() || r.body.untouched();
}

bool Exchange::another_try(http::Request& r) const
{
    if (rules_.next_upstream & next_off)
        return false;
    if (rules_.next_tries && tries_ >= rules_.next_tries)
        return false;
    if (rules_.next_timeout_total.count() && Clock::now() >= give_up_)
        return false;
    return tried_.size() < group_.size() && group_.budget.allows();
}

bool Exchange::may_retry(http::Request& r)
{
    if (r.head_sent() || client_left_ || error_.what == Failure::client_body)
        return false;
    if (error_.died_idle() && !fresh_only_ && may_send_again(r)) {
        fresh_only_ = true;
        return true;
    }
    fresh_only_ = false;
    return (condition_of(error_) & rules_.next_upstream) && another_try(r) && may_send_again(r) &&
           group_.budget.spend();
}

// Of statuses nginx counts those of 403 and 404 as answers.
bool Exchange::is_peers_fault() const
{
    switch (error_.what) {
    case Failure::no_peer:
    case Failure::naming:
    case Failure::resolve:
    case Failure::no_room:
    case Failure::bind:
    case Failure::queue_full:
    case Failure::queue_timeout:
    case Failure::client_body:
    case Failure::client_gone: return false;
    case Failure::bad_status: return error_.status >= 500 || error_.status == 429;
    default: return !client_left_ && !error_.died_idle();
    }
}

void Exchange::note_failure(http::Request& r)
{
    now_->error = client_left_ ? "client_gone" : reason_of(error_);
    bool disabled = peer_ && is_peers_fault() && group_.failed(*peer_);
    if (disabled)
        log(r, Level::warn, "upstream server temporarily disabled while connecting to upstream");
    if (client_left_)
        return;
    now_->status = error_.what == Failure::bad_status    ? error_.status
                   : error_.what == Failure::client_body ? 0
                                                         : error_.status;
    if (!why_.empty())
        return log(r, Level::error, why_);
    switch (error_.what) {
    case Failure::no_peer:
        return log(r, Level::error, "no live upstreams while connecting to upstream");
    case Failure::resolve: return log_name(r);
    case Failure::queue_full:
        return log(r, Level::error, "the queue is full while connecting to upstream");
    case Failure::queue_timeout:
        return log(r, Level::error, "queued for too long while connecting to upstream");
    case Failure::no_room:
        return log(r, Level::error,
                   "no descriptor or connection came free in time while connecting to upstream");
    case Failure::bind:
        return log(r, Level::crit,
                   fmt::format("bind({}) failed {} while connecting to upstream",
                               rules_.bind.address.eval(r), errno_text(error_.system)));
    case Failure::connect:
        return log(r, Level::error,
                   fmt::format("connect() failed {} while connecting to upstream",
                               errno_text(error_.system)));
    case Failure::connect_timeout:
        return log(r, Level::error,
                   "upstream timed out (110: Connection timed out) while connecting to upstream");
    case Failure::send_timeout:
        return log(
            r, Level::error,
            "upstream timed out (110: Connection timed out) while sending request to upstream");
    case Failure::read_timeout:
        return log(r, Level::error,
                   "upstream timed out (110: Connection timed out) while reading response header "
                   "from upstream");
    case Failure::reset:
        return log(r, Level::error,
                   fmt::format("{} while reading response header from upstream",
                               link_->stream.failure_text(
                                   true, net::Io{net::Io::reset, 0, error_.system})));
    case Failure::closed_early:
        return log(
            r, Level::error,
            "upstream prematurely closed connection while reading response header from upstream");
    case Failure::header_too_big:
        return log(r, Level::error,
                   "upstream sent too big header while reading response header from upstream");
    case Failure::header_invalid:
        return log(r, Level::error,
                   fmt::format("{} while reading response header from upstream", wire_->reason()));
    default: return;
    }
}

void Exchange::log_name(http::Request& r)
{
    if (const NamedServer* name = group_.unresolved())
        log(r, Level::error,
            fmt::format("{} could not be resolved ({}: {})", name->asked_name(), name->names().code,
                        name->names().text));
}

void Exchange::log(http::Request& r, Level level, std::string_view text)
{
    if (!r.log_target().wants(level))
        return;
    if (peer_)
        r.upstream_text = forwarder_.url(r, *peer_);
    else
        r.upstream_text = r.arena().concat(target_ ? "https://" : "http://", group_.name(), r.uri);
    r.upstream_error = now_ ? now_->error : std::string_view();
    // Of a request that is held, one line will do.
    r.log(hold_pause_.count() ? Level::info : level, "{}", text);
    r.upstream_error = {};
}

}  // namespace sluice::upstream
