// SPDX-License-Identifier: Apache-2.0
// Connection: one client connection, served by one coroutine until it ends. While it idles it holds
// no buffer. It keeps the generation that it was accepted under alive.
#pragma once

#include <memory>

#include "core/base/arena.h"
#include "core/base/list.h"
#include "core/buf/pool.h"
#include "core/event/wait.h"
#include "core/http/config.h"
#include "core/http/request.h"
#include "core/http/request_parser.h"
#include "core/net/room.h"
#include "core/net/stream.h"

namespace sluice::http {

class Service;

/// What can still be said to a client before its connection is cut: by who speaks its protocol.
class Farewell
{
public:
    /// At once and without waiting; false when it cannot be said just now.
    virtual bool say() = 0;

protected:
    ~Farewell() = default;
};

class Connection : public ListHook<>, private net::Sheddable
{
public:
    Connection(Service& s, const Listener& l, const os::Address& from, uint64_t n);
    ~Connection();

    FrameArena& frames() const { return event::Loop::current().frames(); }

    /// The whole life: idling, conversing, lingering close. `owner` is of `self`, which ends with
    /// its coroutine. An idle connection is this object and this frame: both are kept small.
    Task<void> serve(Connection& self, std::unique_ptr<Connection> owner);

    Service& service;
    const Listener& listener;
    net::Stream stream;
    os::PeerAddress peer;
    uint64_t number;        // $connection
    uint64_t requests = 0;  // $connection_requests
    Instant started;
    Arena arena;  // of the current request
    event::CancelScope cancel;
    buf::Buffer in;  // bytes read and not yet used: head, then body, then what is pipelined
    Request* request = nullptr;
    Farewell* farewell = nullptr;  // of a tunnel; its owner's
    bool idle = false;             // awaits a request: may be closed to make room
    bool plain_on_tls = false;     // plain HTTP came where TLS is spoken

    /// The address that the client came to (getsockname, once a request).
    const os::Address& local();
    const ListenAddress& listen_address();
    /// The peer as text, made once.
    std::string_view peer_host();
    std::string_view peer_text();
    /// The server that SNI named; null: none did, or it knows none of that name.
    const Server* asked_for() const { return asked_for_; }
    /// A request for nothing, for variables that are asked for in the handshake; of the server that
    /// SNI named. return_request() ends it, and whatever is in the arena.
    Request& borrow_request();
    void return_request() { end_arena(); }
    /// Wakes an idle connection so that it notices that the worker is leaving.
    void nudge();

private:
    void shed() override { cancel.ask(); }
    Instant silent_since() const override { return started; }
    enum class Head : uint8_t { more, bad, request, end };
    bool fresh_bytes();
    /// Requests until the client has no more just now. False: it is over.
    Task<bool> converse(Connection& self);
    Task<bool> secure(Connection& self);
    bool wants_tls();
    bool secured(const net::Io& io);
    class Door;
    Deadline waited(event::Wait how, Deadline until);
    void begin_head();
    Head take_head();
    void note_read(const net::Io& io);
    /// The rest of what take_head() found incomplete; answers what is wrong.
    Task<Head> read_head(Connection& self, Head so_far);
    Task<void> linger(Connection& self);
    Task<void> refuse(Connection& self, const ParseError& error);
    Deadline begin_idling();
    void begin_request();
    void judge(Rc rc);
    void end_request();
    void end_arena();
    bool lingers() const;
    const Server& choose_server(RequestHead& h, Request* r);
    /// Whose rules hold until a request has named its server.
    const Server& home() { return asked_for_ ? *asked_for_ : *listen_address().default_server; }

    bool keep_ = false;
    bool leaving_ = false;  // told that the worker leaves; its last wait
    bool timed_out_ = false;
    bool broken_ = false;
    bool pipelined_ = false;  // bytes of the next request had come before this one was done
    bool unread_ = false;     // a request body was left half read
    bool answered_ = false;   // something was sent, or tried to be
    bool last_ = false;       // the client has said that no request follows
    bool ended_ = false;      // the client has finished sending, and we have read it all
    bool reset_ = false;      // an answer that only the connection's end would end was cut short
    RequestParser* parser_ = nullptr;  // in the arena, as all of a request
    const os::Address* local_ = nullptr;
    const ListenAddress* address_ = nullptr;
    const Server* asked_for_ = nullptr;  // by SNI
    std::string peer_text_;
    const CoreLocation* limits_ = nullptr;  // keepalive and lingering rules of the last request
    Instant deadline_{0};                   // of the next head, or of its first byte
};

}  // namespace sluice::http
