// SPDX-License-Identifier: Apache-2.0
// Request: one exchange with a client, from its head to its log line. It lives in its connection's
// arena and names the arena that coroutine frames come from. Its life (core/http/request.cc):
//   head → server by Host → phases → content handler → response → rest of the body → log
//
// Body: pulled with read_body(). Response: set `out`, then send_head(), write() any number of
// times, finish(); or respond() for all at once; or return reply(status) and let error pages do it.
#pragma once

#include <span>
#include <string_view>

#include "core/base/arena.h"
#include "core/base/pace.h"
#include "core/buf/pool.h"
#include "core/http/body.h"
#include "core/http/config.h"
#include "core/http/message.h"
#include "core/http/variables.h"
#include "core/net/stream.h"

namespace sluice::upstream {
struct Attempt;
class Exchange;
}  // namespace sluice::upstream

namespace sluice::http {

class Connection;

/// The response's head while it is being made. Content-Length, Transfer-Encoding, Connection,
/// Keep-Alive, Date, Server and Content-Type are rendered from the values, never from `headers`.
struct Response {
    int status = 0;
    std::string_view reason;              // of an upstream's status line; empty: the usual one
    Headers headers;                      // all others, in order
    std::string_view content_type;        // empty: no such field
    int64_t content_length = -1;          // -1: unknown
    int64_t last_modified = -1;           // seconds since the epoch, -1: none
    std::string_view last_modified_text;  // as the upstream wrote it; wins
    std::string_view server;              // passed on instead of ours (proxy_pass_header)
    std::string_view date;
    bool no_body = false;  // the head is all (HEAD, 204, 304)
    Headers trailers;      // of a chunked response
};

class Request
{
public:
    Request(Connection& connection, RequestHead& h);
    /// A request of ours for what another location answers (core/http/subrequest.h).
    Request(Request& main, std::string_view uri, std::string_view args);
    Request(const Request&) = delete;

    FrameArena& frames() const;
    Arena& arena() const { return arena_; }
    /// Asking it ends every wait of this request with `canceled`, for good.
    event::CancelScope& cancel();

    // ---- what was asked ----
    Connection& c;
    RequestHead& head;
    std::string_view method;  // may change for an error page (GET)
    Method method_id;
    std::string_view uri;   // decoded and normalised; what locations match
    std::string_view args;  // after '?', not decoded
    bool has_args = false;
    std::string_view unparsed_uri;  // path and query as sent
    bool uri_changed = false;       // no longer what was sent: proxy_pass encodes it again
    bool pipelined = false;         // its head had come before the last response was sent ($pipe)
    bool is_head() const { return head.method_id == Method::head; }
    Request* const parent = nullptr;  // whose subrequest it is
    Request& main_request() { return parent ? *parent : *this; }

    // ---- where it is served ----
    const Server* server = nullptr;
    const Location* location = nullptr;  // the server's own level until one has been found
    void serve_by(const Server& s)
    {
        server = &s;
        location = &s.root;
    }
    Captures captures;
    template <class C>
    const C& conf(const Module& m) const
    {
        return where().conf<C>(m);
    }
    const CoreLocation& core() const { return *where().core; }
    /// The location, or the server's own level while none has been chosen.
    const Location& where() const { return location ? *location : server->root; }
    const Main& main() const { return server->main; }
    VariableCache variables;
    /// Space for one pointer per module, for the time of the request (ctx of the module).
    template <class T>
    T*& slot(const Module& m)
    {
        return reinterpret_cast<T*&>(slots_[m.index]);
    }

    // ---- request body ----
    BodyReader body;

    // ---- response ----
    Response out;
    bool head_sent() const { return head_sent_; }
    /// The whole response went out ($request_completion).
    bool completed() const { return complete_; }
    bool is_chunked() const { return chunked_; }
    /// Of a response that was sent in part: nothing but the end of the connection says where it
    /// ends.
    bool ends_with_close() const
    {
        return head_sent_ && !chunked_ && !discard_body_ && out.content_length < 0;
    }
    /// Filters and renders the head; it leaves with the first write or finish(). `last` says that
    /// no body will follow at all.
    Rc send_head();
    /// The slices' memory must stay until it returns. closed: the client is gone or too slow.
    /// `last`: nothing follows; then it says finished.
    Task<Rc> write(std::span<buf::Slice> slices, bool last = false);
    /// The head alone, or what is corked, goes out now.
    Task<Rc> flush() { return write({}, false); }
    /// The end of the response: last chunk, trailers. finished or closed.
    Task<Rc> finish() { return write({}, true); }
    /// A whole response: send_head, write, finish. `content_type` empty: the location's by
    /// extension. Instead of 200 it may be 304 or 412 (conditions.h).
    Task<Rc> respond(int status, std::string_view content_type, std::string_view text);
    /// A 1xx head (100, 103), at once.
    Task<Rc> send_informational(int status, const Headers* headers);
    /// The client has ended its side. One that only did that (half-closed) and one that has gone
    /// look alike until they are sent something, which this does: the latter's kernel answers with
    /// a reset, and the watch says `broken`. True: until then it is still there. False: it has
    /// gone, or cannot be asked: in the middle of an answer or of its body, with HTTP/1.0.
    bool survives_half_close();
    /// Answers a Range of a response that is known to be whole, before it is sent: one range
    /// becomes 206, what lies outside of it is dropped as it is written. next, or reply(416).
    Rc honour_range();
    /// Bytes a second instead of the location's limit_rate, before the head is sent; 0: no limit,
    /// -1: the location's.
    int64_t limit_rate = -1;
    /// The response cannot be completed: the connection is closed without its end (visibly short).
    [[gnu::cold]] Rc cut_short();
    /// All but the head, framing of chunks and interim heads included ($body_bytes_sent, as nginx).
    uint64_t body_sent() const { return body_sent_ + chunk_bytes_; }
    uint64_t bytes_sent() const { return head_bytes_ + body_sent_ + chunk_bytes_; }

    // ---- redirects ----
    /// To another URI (may hold "?args") within this server.
    Rc internal_redirect(std::string_view uri);
    Rc named_redirect(std::string_view name);
    bool internal = false;

    // ---- subrequests ----
    /// Runs `sub` beside this request, whose end waits for it.
    void run_beside(Request& sub);
    bool in_background = false;  // it is run so
    /// They are not waited for any more.
    void drop_others();

    // ---- services ----
    Task<Rc> sleep(ms d);
    /// An error-log line with the usual ", client: ..., server: ..., request: ..." behind it.
    template <class... A>
    void log(Level level, fmt::format_string<A...> format, A&&... a)
    {
        if (log_target().wants(level))
            write_log(level, format, fmt::make_format_args(a...));
    }
    const Log& log_target() const { return *location->log; }
    /// The media type of `uri`'s extension.
    std::string_view type_of(std::string_view path) const;
    /// scheme://host[:port] in front of `uri` when absolute_redirect says so, for Location.
    std::string_view redirect_target(std::string_view uri);

    // ---- bookkeeping ----
    int64_t started_wall_ms;
    Instant started;
    bool timed_out = false;  // the client was too slow with its body or our answer
    bool keep_alive;         // our wish; rendered into the head
    int log_status = 0;      // 494-499 of the log; 0: out.status
    int error_status = 0;    // set while an error page is served
    std::string_view id();   // $request_id
    ArenaVector<upstream::Attempt*> attempts;  // of upstreams, in order
    upstream::Exchange* exchange = nullptr;    // the current or last one
    std::string_view upstream_text;            // for the error log's `upstream: "..."`
    std::string_view upstream_error;           // and its `proxy_error: ...`

    /// What the client sees of `status`: an error page answers with the status of the error, unless
    /// error_page says otherwise. A part of a page, or that it is known, stays what it is.
    int shown_status(int status) const
    {
        bool whole = replace_status_ != 200 || (status != 206 && status != 304);
        return error_status && replace_status_ && whole ? replace_status_ : status;
    }

    /// The engine's: reads the target. next, or the reply to a malformed one.
    Rc start();
    /// Runs the request to its end: the phases if `rc` is next, else what that reply makes of it.
    /// The log phase has run when it returns.
    Task<Rc> run(Rc rc);
    int status_for_log() const { return log_status ? log_status : out.status; }
    /// Maps uri/args of a raw target; false: malformed (400).
    bool set_target(std::string_view path_and_query);

private:
    friend class Connection;
    static constexpr size_t max_parts = 16;  // slices gathered for one write

    Task<void> serve_beside(Request& sub);
    Task<void> await_others();
    Rc swallow(std::span<buf::Slice> slices, bool last);
    void begin(Stage stage);
    void clear_slots();
    Handler next_handler(Rc& rc);
    bool goes_on(Rc& rc);
    Rc find_location();
    Rc check_location();
    bool browser_cannot_keep_alive() const;
    Task<Rc> reply_with(int status);
    bool try_error_page(int status, Rc& rc);
    Task<Rc> send_error_page(int status);
    void keep_challenge();
    [[gnu::cold]] void write_log(Level level, fmt::string_view format, fmt::format_args args);

    Task<Rc> write_now(std::span<buf::Slice> slices, bool last);
    // shaping.cc
    Task<Rc> write_shaped(std::span<buf::Slice> slices, bool last);
    Task<Rc> write_paced(std::span<buf::Slice> slices, bool last);
    uint64_t rate_of_location();
    void begin_pacing();
    void cut_to_range(buf::Slice& s);
    size_t begin_write(std::span<buf::Slice>& slices);
    std::span<buf::Slice> gather(std::span<buf::Slice>& slices, size_t n, bool last);
    Task<Rc> write_rest(std::span<buf::Slice> now, std::span<buf::Slice> later, bool last);
    Rc written(bool last);
    Rc write_failed(const net::Io& io);
    buf::Slice end_of_chunks();
    void render_head();
    void choose_framing();

    Arena& arena_;
    void** slots_ = nullptr;
    event::Scope* beside_ = nullptr;   // subrequests that run on their own
    const Location* named_ = nullptr;  // where a named redirect goes
    uint16_t at_ = 0, end_ = 0;        // of the location's handlers: the next, the stage's end
    Stage stage_ = Stage::post_read;
    Phase phase_ = Phase::post_read;  // of the handler that ran last
    bool ran_ = false;                // whose verdict is to be judged
    int refused_ = 0;                 // by an access handler, with `satisfy any`
    buf::Buffer head_out_;            // corked head
    buf::Slice parts_[max_parts];
    buf::Slice whole_;  // respond()'s
    char chunk_head_[20];
    Pace pace_;
    uint64_t range_skip_ = 0, range_left_ = 0;  // of the body that is being written
    uint64_t body_sent_ = 0, head_bytes_ = 0, chunk_bytes_ = 0;
    std::string_view id_;
    int redirects_ = 0;
    int replace_status_ = 0;  // of an error page: 0 keeps what the page answers
    bool head_sent_ = false;
    bool chunked_ = false;
    bool framed_ = false;  // what is being written is one chunk
    bool shaped_ = false;  // by a range or a rate
    bool ranged_ = false;
    bool discard_body_ = false;  // HEAD: the content handler's bytes go nowhere
    bool failed_ = false;
    bool complete_ = false;
};

/// "404 Not Found" for status lines; empty when it has no name.
std::string_view status_line_text(int status);
/// The product as server_tokens wants it: "sluice" or "sluice/0.1.0".
std::string_view server_token(Tokens tokens);

}  // namespace sluice::http
