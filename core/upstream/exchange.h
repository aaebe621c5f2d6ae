// SPDX-License-Identifier: Apache-2.0
// Exchange: forwarding one request to an upstream, with retries. What differs between forwarding
// modules is behind Forwarder (what a request becomes) and Wire (how it looks on the connection);
// everything about connections, timeouts, retries and bodies is here.
//
//   pick a peer → idle or new connection → send head and body, read the head → relay
//
// The request body goes up while the answer comes down. Memory is one buffer per direction, which
// grows with the flow and is given back while the flow idles. While the client has no room either
// nothing is read from the peer, or (Rules::buffering) what comes is put aside, within bounds.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/base/pace.h"
#include "core/buf/pool.h"
#include "core/http/request.h"
#include "core/os/socket.h"
#include "core/upstream/error.h"
#include "core/upstream/group.h"
#include "core/upstream/rules.h"
#include "core/upstream/secure.h"
#include "core/upstream/wire.h"

namespace sluice::upstream {

/// One try, as the $upstream_* variables and the log see it. Times of the loop's clock, 0: not
/// reached.
struct Attempt {
    std::string_view address;
    int status = 0;
    Instant started{0}, connected{0}, header{0}, ended{0};
    uint64_t bytes_received = 0, bytes_sent = 0, response_length = 0;
    bool first = false;                        // of its exchange
    std::string_view error;                    // why it failed (reason_of); empty: it did not
    const http::ResponseHead* head = nullptr;  // of a probe, which has no exchange
};

class Backlog;
class Store;

class Forwarder
{
public:
    /// The request's head for this peer, appended to `to` (which it may grow).
    virtual void write_head(http::Request& r, const Peer& peer, buf::Buffer& to) = 0;
    /// A body other than the client's (proxy_set_body), or no body at all; null: the client's.
    virtual const std::string_view* own_body(http::Request& r) = 0;
    /// The protocol: for each try another one, as an answer may be kept while others are asked.
    virtual Wire& wire(http::Request& r) = 0;
    /// Location, Refresh or Set-Cookie as the client has to see it.
    virtual std::string_view rewrite_field(http::Request& r, const http::Header& h) = 0;
    /// The request asked for another protocol: 101 may be the answer.
    virtual bool asked_upgrade() const = 0;
    /// The method that is sent (HEAD has no response body).
    virtual http::Method method(http::Request& r) = 0;
    /// "http://127.0.0.1:8080/uri" for the error log.
    virtual std::string_view url(http::Request& r, const Peer& peer) = 0;
    /// Peers are spoken to over TLS; null: plain. The same for the whole request.
    virtual const TlsTarget* tls(http::Request&) { return nullptr; }

protected:
    ~Forwarder() = default;
};

class Exchange
{
public:
    Exchange(Group& group, const Rules& rules, Forwarder& forwarder);
    ~Exchange();

    /// To the end: the response has been sent (finished), is cut short (closed), or reply(status).
    Task<Rc> run(http::Request& r);

    /// The last upstream head ($upstream_http_*): valid until the request ends.
    const http::ResponseHead* head() const { return have_head_ ? &wire_->head() : nullptr; }
    const http::Headers* trailers() { return have_head_ ? wire_->trailers() : nullptr; }

    /// Of the request, if it was forwarded; null otherwise.
    static Exchange* of(http::Request& r);

private:
    struct Upload {
        Error error;
        friend bool is_failure(const Upload& u) { return static_cast<bool>(u.error); }
    };
    struct Download {
        Rc rc;
        friend bool is_failure(const Download&)
        {
            return true;
        }  // the exchange is over: stop sending
    };

    // exchange.cc: tries
    void begin(http::Request& r);
    Rc end(http::Request& r, Rc rc);
    Error begin_attempt(http::Request& r);
    void end_attempt(http::Request& r);
    Task<Rc> exchange_bodies(http::Request& r);
    Error open_link(http::Request& r);
    bool choose_peer(http::Request& r);
    void forget_tried();
    Error nobody() const;
    Error connect_link(http::Request& r);
    std::string_view source(http::Request& r) const;
    Task<Error> await_room(http::Request& r);
    void began(http::Request& r);
    std::string_view stage(const http::Request& r) const;
    void prepare(http::Request& r);
    bool may_retry(http::Request& r);
    bool may_send_again(http::Request& r) const;
    bool another_try(http::Request& r) const;
    bool is_peers_fault() const;
    [[gnu::cold]] void note_failure(http::Request& r);
    void log(http::Request& r, Level level, std::string_view text);
    void log_name(http::Request& r);
    [[gnu::cold]] Error failure(Failure what, int status = 502, int system = 0) const;
    static void client_left(void* self);

    // wait.cc: who cannot be served just now
    Task<Error> await_link(http::Request& r);
    Task<Error> await_peer(http::Request& r);
    bool may_hold(http::Request& r) const;
    Task<bool> hold(http::Request& r);
    void keep_answer();
    Task<Rc> pass_on_kept(http::Request& r);
    // secure.cc: TLS
    Task<Error> secure_and_send(http::Request& r);
    Error handshake_ended(http::Request& r, const net::Io& io);

    // send.cc: the request
    Task<Error> send(http::Request& r);
    Task<Error> connect_and_send(http::Request& r);
    Error connect_ended(event::Wait w);
    bool send_now();
    Error sent();
    Task<Upload> upload(http::Request& r);
    Task<Error> write_unsent(http::Request& r);

    // relay.cc: the response
    Task<Download> download(http::Request& r);
    enum class Head : uint8_t { more, hints, done, failed };
    void begin_head(http::Request& r);
    Head heed(http::Request& r, const net::Io& io);
    Head read_heads(http::Request& r);
    void drop_interim(http::Request& r);
    Head head_failed(Error error);
    Head head_complete(http::Request& r);
    Rc begin_response(http::Request& r);
    void leave_body(http::Request& r);
    Task<Rc> relay_body(http::Request& r);
    Task<Rc> relay_rest(http::Request& r);
    bool gather(http::Request& r, buf::Buffer& from);
    void chunk_error(http::Request& r);
    void body_ended(http::Request& r, const buf::Buffer& from);
    void begin_store(http::Request& r);
    void end_store(http::Request& r);
    void log_cut(http::Request& r, const net::Io& io);
    Rc body_cut(http::Request& r, const net::Io& io);
    size_t next_buffer_size() const;
    Task<Rc> pace_reading(http::Request& r);
    bool status_is_retried(int status) const;
    void release_link();

    // ahead.cc: while the client has no room
    struct Aside {
    };
    Task<Rc> read_ahead(http::Request& r, Task<Rc> sending, buf::Buffer& from);
    Task<Aside> fill(http::Request& r, bool good);
    Task<Download> drain(http::Request& r, Task<Rc> sending);
    bool put_aside(http::Request& r, buf::Buffer& from);
    bool may_spill() const;

    // answer.cc: its head, for the client
    Rc take_answer(http::Request& r, const http::ResponseHead& head);
    bool passes_on(const http::ResponseHead& head, const http::Header& h) const;
    bool is_intercepted(http::Request& r, const http::ResponseHead& head) const;
    Rc accel_redirect(http::Request& r, const http::ResponseHead& head, std::string_view target);
    void heed_accel(http::Request& r, const http::ResponseHead& head);
    std::string_view rewritten(http::Request& r, const http::Header& h);
    bool wants_hints(http::Request& r, const http::ResponseHead& head) const;
    Task<Rc> pass_hints(http::Request& r);

    // tunnel.cc: after 101
    Task<Rc> tunnel(http::Request& r);
    struct Lane;
    class Goodbye;
    Task<Download> pump_up(http::Request& r, Lane& lane);
    Task<Download> pump(http::Request& r, net::Stream& from, net::Stream& to,
                        std::string_view first, Lane& lane);

    static constexpr size_t max_gather = 12;

    /// An answer for which somebody else is asked (http_500, ...): it is passed on when nobody has
    /// a better one.
    struct Kept {
        std::unique_ptr<Link> link;
        Seat seat;
        buf::Buffer first;
        Wire* wire;
        Peer* peer;
        Attempt* attempt;
        bool request_done;
    };

    Group& group_;
    const Rules& rules_;
    Forwarder& forwarder_;
    Peer* peer_ = nullptr;
    std::unique_ptr<Link> link_;
    Seat seat_;  // at peer_, for as long as the try lasts
    const TlsTarget* target_ = nullptr;
    std::string_view from_;  // the address that connections come from; empty: the system chooses
    std::string_view why_;   // what the log says of a failure, when it is more than its kind
    Attempt* now_ = nullptr;
    ArenaVector<Peer*> tried_;  // pinned
    uint32_t tries_ = 0;
    Error error_;
    http::Request* r_ = nullptr;
    Wire* wire_ = nullptr;  // of this try
    buf::Buffer head_out_;  // the request's head
    buf::Buffer first_;     // the response's head and what came with it; kept for its views
    buf::Buffer in_;        // further response bytes
    buf::Slice parts_[max_gather];
    buf::Slice request_parts_[3];
    std::span<buf::Slice> unsent_;  // of the request
    size_t gathered_ = 0;           // of parts_
    size_t last_fill_ = 0;
    size_t paced_size_ = 0;  // that may be read next, by pace_
    size_t interim_ = 0;     // bytes of 1xx heads
    std::unique_ptr<Store> store_;
    Backlog* ahead_ = nullptr;  // once the client had no room
    Instant spill_at_{0};       // from then on a file may be used
    std::unique_ptr<Kept> kept_;
    Instant give_up_{0};
    Instant hold_until_{0};
    ms hold_pause_{0};  // before the last round of tries; 0: there was one only
    Instant request_sent_at_{0};
    Instant tunnel_used_{0};    // when bytes last came, from either side
    event::Event upload_over_;  // nothing of the request is being sent any more
    bool stream_body_ = false;  // the request body is pulled from the client while it is sent
    bool asked_ = false;        // peer_ counts us among those that it has not answered
    bool connecting_ = false;
    bool send_failed_ = false;  // the peer does not read: it may have answered all the same
    bool have_head_ = false;
    bool ended_ = false;         // the response has come whole
    bool request_done_ = false;  // all of the request has been sent
    bool client_left_ = false;
    bool attempted_ = false;
    bool half_closed_ = false;  // the client has ended its side, and may be there
    bool buffered_ = false;     // the peer may be read ahead of the client
    Pace pace_;                 // at which the peer is read
    bool fresh_only_ = false;   // a kept-alive connection died under us: once more, with a new one
};

/// Forwards to the end; with `store_first` the client's body is read whole before.
Task<Rc> run_exchange(http::Request& r, Group& group, const Rules& rules, Forwarder& forwarder,
                      bool store_first);

/// Registers the $upstream_* variables.
void define_upstream_variables(http::Variables& variables);

}  // namespace sluice::upstream
