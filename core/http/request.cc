// SPDX-License-Identifier: Apache-2.0
// The life of a request: phases, redirects, errors, log.
#include "core/http/request.h"

#include "core/http/connection.h"
#include "core/http/error_page.h"
#include "core/http/service.h"
#include "core/http/uri.h"
#include "core/os/sys.h"

namespace sluice::http {
namespace {

constexpr int max_redirects = 10;  // nginx's NGX_HTTP_MAX_URI_CHANGES

}  // namespace

Request::Request(Connection& connection, RequestHead& h)
    : c(connection),
      head(h),
      method(h.method),
      method_id(h.method_id),
      body(*this),
      started_wall_ms(Clock::wall_ms()),
      started(Clock::now()),
      keep_alive(h.keep_alive),
      arena_(connection.arena)
{
    size_t n = all_modules().size();
    slots_ = static_cast<void**>(arena_.alloc(n * sizeof(void*)));
    std::fill_n(slots_, n, nullptr);
}

Request::Request(Request& main, std::string_view target, std::string_view query)
    : c(main.c),
      head(main.head),
      method("GET"),
      method_id(Method::get),
      uri(target),
      args(query),
      has_args(!query.empty()),
      unparsed_uri(main.unparsed_uri),
      uri_changed(true),
      parent(&main.main_request()),
      body(*this),
      internal(true),
      started_wall_ms(Clock::wall_ms()),
      started(Clock::now()),
      keep_alive(false),
      arena_(main.arena_)
{
    size_t n = all_modules().size();
    slots_ = static_cast<void**>(arena_.alloc(n * sizeof(void*)));
    std::fill_n(slots_, n, nullptr);
    serve_by(*main.server);
    variables.share(main, main.variables);
    body.start({});
}

event::CancelScope& Request::cancel()
{
    return c.cancel;
}

FrameArena& Request::frames() const
{
    return event::Loop::current().frames();
}

bool Request::set_target(std::string_view path_and_query)
{
    unparsed_uri = path_and_query;
    size_t fragment = path_and_query.find('#');
    if (fragment != std::string_view::npos)
        path_and_query = path_and_query.substr(0, fragment);
    size_t question = path_and_query.find('?');
    has_args = question != std::string_view::npos;
    args = has_args ? path_and_query.substr(question + 1) : std::string_view{};
    std::string_view path = path_and_query.substr(0, question);
    if (path == "*") {
        uri = path;
        return true;
    }
    return normalize_uri(path, *server->core->merge_slashes, arena_, uri);
}

Rc Request::start()
{
    if (set_target(head.path_and_query))
        return next;
    log(Level::info, "client sent invalid request while reading client request line");
    return reply(400);
}

Task<Rc> Request::run(Rc rc)
{
    begin(parent ? Stage::server_rewrite : Stage::post_read);
    for (;;) {
        if (rc == next)
            while (Handler handler = next_handler(rc))
                rc = co_await handler(*this);
        if (rc.is_reply())
            rc = co_await reply_with(rc.status());
        if (rc != redirected)
            break;
        if (++redirects_ > max_redirects) {
            log(Level::error,
                "rewrite or internal redirection cycle while internally redirecting to \"{}\"",
                uri);
            rc = co_await send_error_page(500);
            break;
        }
        rc = next;
        if (named_) {
            location = std::exchange(named_, nullptr);
            begin(Stage::rewrite_to_content);
        } else {
            begin(Stage::server_rewrite);
        }
    }
    if (beside_)
        co_await await_others();
    if (parent && !*core().log_subrequest)
        co_return rc;
    begin(Stage::log);
    Rc logged = next;
    while (Handler handler = next_handler(logged))
        logged = co_await handler(*this);
    co_return rc;
}

void Request::begin(Stage stage)
{
    stage_ = stage;
    at_ = location->stages[static_cast<size_t>(stage)];
    end_ = location->stages[static_cast<size_t>(stage) + 1];
    ran_ = false;
    refused_ = 0;
}

// `rc` is what the handler before said. Null: the stages are over, and rc is what came of them.
Handler Request::next_handler(Rc& rc)
{
    if (ran_ && stage_ != Stage::log && !goes_on(rc))
        return nullptr;
    for (;;) {
        if (at_ < end_) {
            auto [phase, handler] = location->handlers[at_];
            if (parent && phase == Phase::access) {  // the main request's business
                ++at_;
                continue;
            }
            if (!refused_ || phase <= Phase::access) {
                ++at_;
                ran_ = true;
                phase_ = phase;
                return handler;
            }
        }
        switch (stage_) {
        case Stage::post_read: begin(Stage::server_rewrite); break;
        case Stage::server_rewrite:
            rc = find_location();
            if (rc != next)
                return nullptr;
            begin(Stage::rewrite_to_content);
            break;
        case Stage::rewrite_to_content: rc = reply(refused_ ? refused_ : 404); return nullptr;
        case Stage::log: return nullptr;
        }
    }
}

// Does the request go on behind the handler that has just run?
bool Request::goes_on(Rc& rc)
{
    if (rc == next)
        return true;
    if (phase_ == Phase::access) {
        bool any_will_do = *location->core->satisfy == Satisfy::any;
        if (rc.is_reply() && any_will_do && (rc.status() == 401 || rc.status() == 403)) {
            refused_ = rc.status();
            return true;
        }
        if (rc == done && !any_will_do)
            return true;
        refused_ = rc == done ? 0 : refused_;
    }
    if (rc != done)
        return false;
    const auto& handlers = location->handlers;
    while (at_ < end_ && handlers[at_].first == phase_)
        ++at_;  // the phase has been decided
    return true;
}

Rc Request::find_location()
{
    location = &server->root;
    Captures found;
    LocationMatch match = server->root.children.find(uri, found);
    if (match.failed) {
        log(Level::alert, "a regular expression gave up on \"{}\"", uri);
        return reply(500);
    }
    if (match.redirect) {
        location = match.location;
        std::string_view path = escape_uri(uri, Escape::uri, arena_);
        std::string_view target = arena_.concat(path, "/", has_args ? "?" : "", args);
        out.headers.set(arena_, HeaderId::location, redirect_target(target));
        return reply(301);
    }
    if (match.location)
        location = match.location;
    if (location->kind == Location::regex) {
        captures = found;
        store_groups(*this, location->groups, captures);
    }
    return check_location();
}

Rc Request::check_location()
{
    if (location->internal && !internal)
        return reply(404);
    const CoreLocation& rules = core();
    if (!rules.keepalive_timeout->timeout.count() || c.requests >= *rules.keepalive_requests)
        keep_alive = false;
    if (keep_alive && browser_cannot_keep_alive())
        keep_alive = false;
    uint64_t limit = rules.client_max_body_size->n;
    Framing framing = head.framing;
    if (limit && framing.kind == Framing::length && framing.size > limit && !error_status) {
        log(Level::error, "client intended to send too large body: {} bytes", framing.size);
        return reply(413);
    }
    return next;
}

// keepalive_disable: browsers that broke on kept connections.
bool Request::browser_cannot_keep_alive() const
{
    const KeepaliveDisable& disable = *core().keepalive_disable;
    bool old_msie_matters = disable.msie6 && method_id == Method::post;
    if (!old_msie_matters && !disable.safari)
        return false;
    std::string_view agent = head.headers.value(HeaderId::user_agent);
    size_t msie = agent.find("MSIE ");
    if (old_msie_matters && msie != agent.npos && msie + 6 < agent.size())
        return agent[msie + 5] >= '4' && agent[msie + 5] <= '6' && agent[msie + 6] == '.';
    return disable.safari && agent.find("Safari/") != agent.npos &&
           agent.find("Mac OS X") != agent.npos && agent.find("Chrome/") == agent.npos;
}

// Another location begins anew.
void Request::clear_slots()
{
    for (const Module* m : all_modules())
        if (!m->slot_lasts)
            slots_[m->index] = nullptr;
}

Rc Request::internal_redirect(std::string_view target)
{
    size_t question = target.find('?');
    uri = target.substr(0, question);
    has_args = question != std::string_view::npos;
    args = has_args ? target.substr(question + 1) : std::string_view{};
    uri_changed = true;
    internal = true;
    location = &server->root;
    clear_slots();
    return redirected;
}

Rc Request::named_redirect(std::string_view name)
{
    auto it = server->named.find(name);
    if (it == server->named.end()) {
        log(Level::error, "could not find named location \"{}\"", name);
        return reply(500);
    }
    named_ = it->second;
    internal = true;  // the URI stays what was sent
    clear_slots();
    return redirected;
}

Task<Rc> Request::sleep(ms d)
{
    event::Wait w = co_await event::sleep(d);
    co_return w == event::Wait::canceled ? closed : next;
}

// ---- subrequests --------------------------------------------------------------------------------

void Request::run_beside(Request& sub)
{
    if (!beside_)
        beside_ = arena_.make<event::Scope>();
    sub.in_background = true;
    beside_->start(serve_beside(sub), &c.cancel);
}

Task<void> Request::serve_beside(Request& sub)
{
    co_await sub.run(next);
}

// Their frames, and what they wait for, live in our arena. When the client has left nobody waits
// for them.
Task<void> Request::await_others()
{
    if (!beside_->empty())
        co_await beside_->idle().wait(Deadline::never());
    drop_others();
}

void Request::drop_others()
{
    if (beside_)
        beside_->drop();
}

// ---- errors -------------------------------------------------------------------------------------

namespace {

// The connection's state is in doubt, or a body would have to be read, however long it is.
bool ends_connection(int status)
{
    switch (status) {
    case 400:
    case 413:
    case 414:
    case 431:
    case 494:
    case 495:
    case 496:
    case 497:
    case 500:
    case 501: return true;
    default: return false;
    }
}

}  // namespace

Task<Rc> Request::reply_with(int status)
{
    if (head_sent_)
        co_return cut_short();
    if (status == 444 || status == 499 || status == 408 || body.client_left()) {
        log_status = status;
        co_return closed;  // without an answer, as in nginx
    }
    keep_alive = keep_alive && !ends_connection(status);  // whatever page is shown for it
    Rc rc;
    if (try_error_page(status, rc)) {
        if (rc.is_reply())
            rc = co_await send_error_page(rc.status());
        co_return rc;
    }
    co_return co_await send_error_page(status);
}

bool Request::try_error_page(int status, Rc& rc)
{
    const CoreLocation& rules = core();
    if (error_status && !*rules.recursive_error_pages)
        return false;
    for (const ErrorPage& page : *rules.error_page) {
        if (std::find(page.statuses.begin(), page.statuses.end(), status) == page.statuses.end())
            continue;
        std::string_view target = page.target.eval(*this);
        if (target.empty())
            return false;
        error_status = status;
        replace_status_ = page.replace == 0 ? status : page.replace == -1 ? 0 : page.replace;
        if (target.front() == '/' || target.front() == '@') {
            if (method_id != Method::head && target.front() == '/') {
                method = "GET";
                method_id = Method::get;
            }
            keep_challenge();
            rc = target.front() == '@' ? named_redirect(target) : internal_redirect(target);
            return true;
        }
        int code = replace_status_;
        bool redirects = code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
        out.headers.set(arena_, HeaderId::location, redirect_target(target));
        replace_status_ = 0;
        rc = reply(redirects ? code : 302);
        return true;
    }
    return false;
}

// Of what a handler set only what asks for credentials is part of every page.
void Request::keep_challenge()
{
    Headers kept = out.headers;
    out = Response{};
    out.headers.add_all(arena_, kept, HeaderId::www_authenticate);
}

Task<Rc> Request::send_error_page(int status)
{
    Headers kept = out.headers;
    out = Response{};
    replace_status_ = 0;
    // Of what the handler set only what belongs to the status stays.
    for (const Header& h : kept)
        if (h.id == HeaderId::location || h.id == HeaderId::www_authenticate ||
            h.id == HeaderId::content_range || h.id == HeaderId::retry_after ||
            h.id == HeaderId::allow)
            out.headers.add(arena_, h);
    keep_alive = keep_alive && !ends_connection(status);
    std::string_view agent =
        *core().msie_padding && status >= 400 && head.version != Version::http09
            ? head.headers.value(HeaderId::user_agent)
            : std::string_view{};
    bool padded = agent.find("MSIE ") != agent.npos || agent.find("Chrome/") != agent.npos;
    std::string_view page = error_page_text(status, *core().server_tokens, padded);
    int shown = status >= 494 && status <= 497 ? 400 : status;
    std::string_view type = page.empty() ? "" : "text/html";  // no ?: beside co_await
    co_return co_await respond(shown, type, page);
}

void Request::write_log(Level level, fmt::string_view format, fmt::format_args values)
{
    fmt::basic_memory_buffer<char, Log::max_line> line;
    auto to = fmt::appender(line);
    fmt::vformat_to(to, format, values);
    fmt::format_to(to, ", client: {}", c.peer_host());
    if (server)
        fmt::format_to(to, ", server: {}", server->first_name);
    if (!head.request_line.empty())
        fmt::format_to(to, ", request: \"{}\"", head.request_line);
    if (parent)
        fmt::format_to(to, ", subrequest: \"{}\"", uri);
    if (!upstream_text.empty())
        fmt::format_to(to, ", upstream: \"{}\"", upstream_text);
    if (const Header* host = head.headers.find(HeaderId::host))
        fmt::format_to(to, ", host: \"{}\"", host->value);
    if (const Header* referer = head.headers.find(HeaderId::referer))
        fmt::format_to(to, ", referrer: \"{}\"", referer->value);
    if (!upstream_error.empty())
        fmt::format_to(to, ", proxy_error: {}", upstream_error);
    // What a client or upstream sent begins no line of its own, and says nothing to a terminal.
    log_target().write(level, c.number, escape_controls({line.data(), line.size()}, arena_));
}

std::string_view Request::id()
{
    if (id_.empty()) {
        unsigned char bytes[16];
        os::random_bytes(bytes, sizeof bytes);
        char* text = arena_.chars(32);
        for (size_t i = 0; i < sizeof bytes; ++i) {
            text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
            text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
        }
        id_ = {text, 32};
    }
    return id_;
}

}  // namespace sluice::http
