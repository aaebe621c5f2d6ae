// SPDX-License-Identifier: Apache-2.0
// Connection: one client connection. A coroutine serves its requests; while it idles it is this
// object and nothing else: no coroutine, no buffer. It belongs to its Service, and keeps the
// generation that it was accepted under alive.
#pragma once

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

class Connection final : public ListHook<>, private net::Sheddable
{
public:
    Connection(Service& s, const Listener& l, const os::Address& from, uint64_t n);
    ~Connection();

    FrameArena& frames() const { return event::Loop::current().frames(); }

    /// Once, when its descriptor is open: serves what has come already, or begins to idle.
    void begin();
    /// Requests one after the other until the client has no more just now: then it idles again. Or
    /// the connection's end, lingering close included, with which this object is no more.
    Task<void> serve(Connection& self);

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
    Instant silent_since() const override { return silent_since_; }
    enum class Head : uint8_t { more, bad, request, end };
    bool fresh_bytes();
    bool read_first();
    void idle_on();
    void roused(event::Wait how);
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
    /// The wait of an idle connection: who is woken starts a coroutine.
    class Idling final : public event::Watch::Awaiter
    {
    public:
        explicit Idling(Connection& c)
            : Awaiter(c.stream.watch(), reading, Deadline::never()), c_(c)
        {
        }
        void begin(Deadline until);

    private:
        bool settle() override;
        Connection& c_;
    };
    Idling idling_{*this};
    RequestParser* parser_ = nullptr;  // in the arena, as all of a request
    const os::Address* local_ = nullptr;
    const ListenAddress* address_ = nullptr;
    const Server* asked_for_ = nullptr;  // by SNI
    std::string peer_text_;
    const CoreLocation* limits_ = nullptr;  // keepalive and lingering rules of the last request
    Instant deadline_{0};                   // of the next head, or of its first byte
    Instant silent_since_{0};               // without a request yet
};

}  // namespace sluice::http
