// SPDX-License-Identifier: Apache-2.0
#include "core/http/connection.h"

#include <algorithm>

#include "core/http/service.h"
#include "core/net/tls.h"
#include "core/os/socket.h"

namespace sluice::http {
namespace {

constexpr size_t read_buffer = 8192;  // a head with a small body, in one read

// The first line with anything on it, without its end; at most 1 KiB of it.
std::string_view first_line(std::string_view text)
{
    text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
    return text.substr(0, std::min<size_t>(text.find_first_of("\r\n"), 1024));
}

/// How long an old worker still listens to an idle client that may be sending its next request just
/// now.
constexpr ms leaving_linger{500};

}  // namespace

Connection::Connection(Service& s, const Listener& l, const os::Address& from, uint64_t n)
    : service(s), listener(l), peer(from), number(n), started(Clock::now())
{
    ++service.counters().active;
    net::Room::take_slot();
    limits_ = l.addresses.back()->default_server->root.core;
}

Connection::~Connection()
{
    if (request)
        request->drop_others();  // before what they wait for
    --service.counters().active;
    net::Room::give_slot();
}

const os::Address& Connection::local()
{
    if (!local_)
        local_ = arena.make<os::Address>(os::local_address(stream.watch().fd()));
    return *local_;
}

const ListenAddress& Connection::listen_address()
{
    if (address_)
        return *address_;
    address_ = listener.addresses.back();
    if (listener.addresses.size() > 1) {
        os::Address here = os::local_address(stream.watch().fd());
        for (const ListenAddress* a : listener.addresses)
            if (a->address == here) {
                address_ = a;
                break;
            }
    }
    return *address_;
}

std::string_view Connection::peer_text()
{
    if (peer_text_.empty())
        peer_text_ = peer.text();
    return peer_text_;
}

// "127.0.0.1" of "127.0.0.1:80", "::1" of "[::1]:80"; "unix:" as it is.
std::string_view Connection::peer_host()
{
    std::string_view text = peer_text();
    size_t colon = text.rfind(':');
    if (text.starts_with('['))
        return text.substr(1, colon - 2);
    return colon + 1 == text.size() ? text : text.substr(0, colon);
}

void Connection::nudge()
{
    if (idle)
        cancel.ask();
}

// ---- idling -------------------------------------------------------------------------------------

void Connection::Idling::begin(Deadline until)
{
    deadline_ = until;
    suspend_in({}, &c_.cancel);
    if (c_.cancel.asked())
        wake(event::Wait::canceled);
    else
        enlist();
}

bool Connection::Idling::settle()
{
    c_.roused(result_);  // it may be the end of all this
    return false;
}

void Connection::begin()
{
    if (fresh_bytes()) {
        service.serve(*this);
        return;
    }
    stream.watch().drained();  // also where nobody looked: an event will tell
    idle_on();
}

void Connection::idle_on()
{
    deadline_ = begin_idling();
    if (service.quitting()) {  // nobody will say so any more
        leaving_ = true;
        deadline_ = std::min(deadline_, Clock::in(leaving_linger));
    }
    idling_.begin(deadline_);
}

// Readiness may be old, or of TLS alone: who has sent nothing idles on.
void Connection::roused(event::Wait how)
{
    bool readable = how == event::Wait::ready && !wants_tls();
    if (!readable || read_first())
        deadline_ = waited(how, deadline_);
    if (idle)
        idling_.begin(deadline_);
    else
        service.serve(*this);
}

Task<void> Connection::serve(Connection& self)
{
    keep_ = deadline_ != Deadline::never();  // else there is nothing more to wait for
    if (keep_ && requests == 0 && wants_tls()) {
        keep_ = co_await secure(self);
        if (keep_ && in.empty() && !fresh_bytes()) {
            idle_on();
            co_return;
        }
    }
    while (keep_) {
        begin_head();
        Head head = take_head();
        if (head == Head::more || head == Head::bad)
            head = co_await read_head(self, head);
        --service.counters().reading;
        if (head == Head::end)
            break;
        begin_request();
        Rc rc = co_await request->run(request->start());
        judge(rc);
        if (keep_ && !request->body.complete()) {
            keep_ = co_await request->body.discard(*request, Clock::in(*limits_->lingering_time));
        }
        end_request();
        if (keep_ && in.empty()) {
            idle_on();
            co_return;
        }
    }
    if (lingers())
        co_await linger(self);
    if (reset_ || (timed_out_ && *limits_->reset_timedout_connection))
        os::reset_on_close(stream.watch().fd());
    stream.close();
    service.end(self);  // this object is no more
}

// ---- reading a head -----------------------------------------------------------------------------

// Clients mostly send with or right behind their handshake: then the first bytes need no event.
bool Connection::fresh_bytes()
{
    if (!stream.watch().can_read() || wants_tls())
        return false;
    bool guess = !stream.tls();  // TLS may have read them already: no event would tell of those
    if (guess && !service.eager().worth_trying())
        return false;
    bool some = read_first();
    if (guess)
        service.eager().tried(some);
    return some;
}

// Bytes, or the end. False: there is nothing now.
bool Connection::read_first()
{
    net::Io io;
    if (!stream.read_now(in, read_buffer, io))
        return false;
    note_read(io);
    return true;
}

Deadline Connection::begin_idling()
{
    idle = true;
    ++service.counters().waiting;
    in.release();
    if (requests == 0) {
        silent_since_ = Clock::now();  // a handshake was not silence
        service.room().is_silent(*this);
        return Clock::in(*home().core->client_header_timeout);
    }
    service.room().idles(*this);
    return Clock::in(limits_->keepalive_timeout->timeout);
}

// After a wait of an idle connection: until when to wait on; never: the connection ends; any other
// once it idles no more.
Deadline Connection::waited(event::Wait how, Deadline until)
{
    if (how == event::Wait::canceled && service.quitting() && !leaving_) {
        // The worker is leaving. A request that crosses with our close must not be lost: listen a
        // moment more.
        leaving_ = true;
        cancel.reset();
        return Clock::in(leaving_linger);
    }
    --service.counters().waiting;
    net::Sheddable::unlink();
    idle = false;
    // Asked while it was waking up anyway: the request that came is served all the same.
    cancel.reset();
    return how == event::Wait::ready ? until : Deadline::never();
}

void Connection::begin_head()
{
    const Server& defaults = home();
    parser_ = arena.make<RequestParser>();
    parser_->start(defaults.limits, arena);
    ++service.counters().reading;
    deadline_ = Clock::in(*defaults.core->client_header_timeout);
}

void Connection::note_read(const net::Io& io)
{
    timed_out_ = io.kind == net::Io::timeout;
    broken_ = io.kind == net::Io::reset;
    ended_ = io.kind == net::Io::eof;
}

// Most heads are there in one piece.
Connection::Head Connection::take_head()
{
    if (in.empty()) {
        if (ended_ || broken_)
            return Head::end;
        if (!read_first())
            return Head::more;
        if (ended_ || broken_)
            return Head::end;
    }
    switch (parser_->feed(in.view())) {
    case ParseState::done: return Head::request;
    case ParseState::error: return Head::bad;
    default: return Head::more;
    }
}

Task<Connection::Head> Connection::read_head(Connection& self, Head so_far)
{
    ParseState state = so_far == Head::bad ? ParseState::error : ParseState::more;
    while (state == ParseState::more) {
        // The buffer grows while the head does: the parser refuses what exceeds the limits.
        net::Io io = co_await stream.read(in, read_buffer, deadline_);
        note_read(io);
        if (!io.good()) {
            parser_->follow(in.view());  // room had been made for more
            break;
        }
        state = parser_->feed(in.view());
    }
    if (state == ParseState::done)
        co_return Head::request;
    if (state == ParseState::error) {
        co_await refuse(self, parser_->error());
    } else if (!in.empty() && !parser_->idle()) {
        ParseError error{timed_out_ ? 408 : 400,
                         timed_out_ ? "client timed out" : "client prematurely closed connection"};
        co_await refuse(self, error);
    }
    co_return Head::end;
}

// ---- serving ------------------------------------------------------------------------------------

const Server& Connection::choose_server(RequestHead& h, Request* r)
{
    const ListenAddress& address = listen_address();
    if (!h.host.empty() || address.servers.size() > 1) {
        const ServerName* matched = nullptr;
        Captures captures;
        if (const Server* server = address.names.find(h.host, captures, matched)) {
            if (matched && r) {
                r->captures = captures;
                store_groups(*r, matched->groups, captures);
            }
            return *server;
        }
    }
    return *address.default_server;
}

// A request that could not be read gets its status, an error page and a log line like any other.
Task<void> Connection::refuse(Connection& self, const ParseError& error)
{
    keep_ = false;
    ++requests;
    ++service.counters().requests;
    Request* r = arena.make<Request>(self, parser_->head());
    r->serve_by(home());
    if (!r->head.host.empty())
        r->serve_by(choose_server(r->head, r));
    if (!r->head.path_and_query.empty())
        r->set_target(r->head.path_and_query);  // for the log, and pages with variables
    r->keep_alive = false;
    r->body.start({});
    if (r->head.request_line.empty())  // what came of it, for the log
        r->head.request_line = first_line(in.view());
    bool gone = error.status == 408 ||
                (error.status == 400 && error.reason.starts_with("client prematurely"));
    if (gone)
        r->log(Level::info, "{}{} while reading client request headers", error.reason,
               error.status == 408 ? " (110: Connection timed out)" : "");
    else if (!error.reason.empty())
        r->log(Level::info, "{}{}", error.reason, error.action);
    request = r;
    answered_ = true;
    if (gone)
        r->log_status = error.status;
    Rc verdict = closed;
    if (!gone)
        verdict = reply(error.status);
    co_await r->run(verdict);
    broken_ = broken_ || gone;
    end_arena();
}

void Connection::begin_request()
{
    ++requests;
    ++service.counters().requests;
    ++service.counters().writing;
    RequestHead& head = parser_->head();
    Request* r = arena.make<Request>(*this, head);
    request = r;
    r->serve_by(home());
    r->serve_by(choose_server(head, r));
    for (std::string_view line : head.ignored)
        r->log(Level::info, "client sent invalid header line: \"{}\"", line);
    in.consume(head.head_size);
    r->body.start(head.framing);
    r->pipelined = pipelined_;
    const CoreLocation& rules = *r->server->root.core;
    if (requests >= *rules.keepalive_requests || Clock::now() - started > *rules.keepalive_time ||
        service.quitting())
        r->keep_alive = false;
    answered_ = true;
}

// What the request's outcome means for the connection.
void Connection::judge(Rc rc)
{
    limits_ = request->location->core;
    keep_ =
        rc == finished && request->keep_alive && limits_->keepalive_timeout->timeout.count() > 0;
    broken_ = rc == closed;
    last_ = !request->head.keep_alive;
    reset_ = broken_ && request->ends_with_close();
}

void Connection::end_request()
{
    timed_out_ = request->timed_out;
    unread_ = !request->body.complete();
    request->body.give_back(in);
    pipelined_ = !in.empty();
    --service.counters().writing;
    end_arena();
}

void Connection::end_arena()
{
    request = nullptr;
    parser_ = nullptr;
    local_ = nullptr;
    arena.clear();
}

bool Connection::lingers() const
{
    if (broken_ || timed_out_ || ended_ || stream.watch().broken() || !answered_ ||
        *limits_->lingering_close == Lingering::off)
        return false;
    bool in_handshake = stream.tls() && stream.tls()->in_early_data();
    bool pending = !in.empty() || stream.watch().can_read() || unread_ || in_handshake;
    // Nobody has told us of what came since the last read.
    if (!pending && !last_ && !stream.watch().registered())
        pending = os::readable_bytes(stream.watch().fd()) > 0;
    return pending || *limits_->lingering_close == Lingering::always;
}

// The client may still be sending: closing now would reset the connection and lose our last bytes
// on the way (RFC 9112 9.6). So: send FIN, read and drop until it has finished or has had its time.
Task<void> Connection::linger(Connection& self)
{
    Deadline end = Clock::in(*limits_->lingering_time);
    // Early data has been answered before the client's part of the handshake came.
    if (stream.tls() && stream.tls()->in_early_data())
        co_await stream.handshake(event::Loop::current(), end);
    stream.shutdown_write();
    while (Clock::now() < end) {  // who never stops sending never makes us wait
        in.clear();
        Deadline until = std::min(end, Clock::in(*limits_->lingering_timeout));
        net::Io io = co_await stream.read(in, read_buffer, until);
        if (!io.good())
            break;
    }
}

}  // namespace sluice::http
