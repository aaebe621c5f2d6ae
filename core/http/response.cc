// SPDX-License-Identifier: Apache-2.0
// The response side of a request: head, framing, writing.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/buf/writer.h"
#include "core/http/conditions.h"
#include "core/http/connection.h"
#include "core/http/field_names.h"
#include "core/http/request.h"
#include "core/http/service.h"
#include "core/http/uri.h"
#include "core/os/socket.h"
#include "core/os/sys.h"
#include "core/version.h"

namespace sluice::http {
namespace {

struct Phrase {
    int status;
    std::string_view text;
};
// RFC 9110 15, worded as nginx words them.
constexpr Phrase phrases[] = {
    {100, "100 Continue"},
    {101, "101 Switching Protocols"},
    {102, "102 Processing"},
    {103, "103 Early Hints"},
    {200, "200 OK"},
    {201, "201 Created"},
    {202, "202 Accepted"},
    {204, "204 No Content"},
    {206, "206 Partial Content"},
    {300, "300 Multiple Choices"},
    {301, "301 Moved Permanently"},
    {302, "302 Moved Temporarily"},
    {303, "303 See Other"},
    {304, "304 Not Modified"},
    {307, "307 Temporary Redirect"},
    {308, "308 Permanent Redirect"},
    {400, "400 Bad Request"},
    {401, "401 Unauthorized"},
    {402, "402 Payment Required"},
    {403, "403 Forbidden"},
    {404, "404 Not Found"},
    {405, "405 Not Allowed"},
    {406, "406 Not Acceptable"},
    {408, "408 Request Time-out"},
    {409, "409 Conflict"},
    {410, "410 Gone"},
    {411, "411 Length Required"},
    {412, "412 Precondition Failed"},
    {413, "413 Request Entity Too Large"},
    {414, "414 Request-URI Too Large"},
    {415, "415 Unsupported Media Type"},
    {416, "416 Requested Range Not Satisfiable"},
    {421, "421 Misdirected Request"},
    {426, "426 Upgrade Required"},
    {429, "429 Too Many Requests"},
    {431, "431 Request Header Fields Too Large"},
    {500, "500 Internal Server Error"},
    {501, "501 Not Implemented"},
    {502, "502 Bad Gateway"},
    {503, "503 Service Temporarily Unavailable"},
    {504, "504 Gateway Time-out"},
    {505, "505 HTTP Version Not Supported"},
    {507, "507 Insufficient Storage"},
};

constexpr std::array<std::string_view, 500> phrase_of = [] {
    std::array<std::string_view, 500> table{};
    for (const Phrase& phrase : phrases)
        table[static_cast<size_t>(phrase.status - 100)] = phrase.text;
    return table;
}();

// Fields that are rendered from values.
bool is_rendered_here(HeaderId id)
{
    switch (id) {
    case HeaderId::content_length:
    case HeaderId::transfer_encoding:
    case HeaderId::connection:
    case HeaderId::keep_alive:
    case HeaderId::content_type:
    case HeaderId::date:
    case HeaderId::server:
    case HeaderId::last_modified: return true;
    default: return false;
    }
}

// The upstream's, or ours; none for no_field.
void write_either(buf::Writer& w, std::string_view name, std::string_view theirs,
                  std::string_view ours)
{
    if (theirs.data() == no_field.data())
        return;
    w.field(name, theirs.empty() ? ours : theirs);
}

constexpr size_t usual_head = 1024;
constexpr size_t small_body = 2048;  // copied behind the head

}  // namespace

std::string_view status_line_text(int status)
{
    bool known = status >= 100 && status < 600;
    return known ? phrase_of[static_cast<size_t>(status - 100)] : std::string_view{};
}

std::string_view server_token(Tokens tokens)
{
    return tokens == Tokens::off ? "sluice" : "sluice/" SLUICE_VERSION;
}

void Request::choose_framing()
{
    int status = out.status;
    bool no_content = status < 200 || status == 204 || status == 304;
    if (no_content) {
        out.no_body = true;
        out.content_length = -1;
        if (status != 304)
            out.content_type = {};
    }
    discard_body_ = out.no_body || is_head();
    if (no_content || is_head() || out.content_length >= 0)
        return;
    if (head.version == Version::http11 && *core().chunked_transfer_encoding)
        chunked_ = true;
    else
        keep_alive = false;  // only closing can end it
}

void Request::render_head()
{
    head_out_ = buf::Buffer(usual_head);
    if (head.version == Version::http09)
        return;
    buf::Writer w(head_out_);
    w << "HTTP/1.1 ";
    std::string_view line = out.reason.empty() ? status_line_text(out.status) : std::string_view{};
    if (!line.empty())
        w << line;
    else
        w << static_cast<uint64_t>(out.status) << " " << out.reason;
    w << "\r\n";
    const CoreLocation& rules = core();
    write_either(w, "Server", out.server, server_token(*rules.server_tokens));
    write_either(w, "Date", out.date, Clock::http_time());
    if (!out.content_type.empty())
        w.field("Content-Type", out.content_type);
    if (out.content_length >= 0)
        w << "Content-Length: " << static_cast<uint64_t>(out.content_length) << "\r\n";
    if (!out.last_modified_text.empty()) {
        w.field("Last-Modified", out.last_modified_text);
    } else if (out.last_modified >= 0) {
        char text[30];
        format_http_time(out.last_modified, text);
        w.field("Last-Modified", {text, 29});
    }
    if (chunked_)
        w << "Transfer-Encoding: chunked\r\n";
    if (out.status == 101) {
        w << "Connection: upgrade\r\n";
    } else if (keep_alive) {
        w << "Connection: keep-alive\r\n";
        if (auto seconds = rules.keepalive_timeout->header.count())
            w << "Keep-Alive: timeout=" << static_cast<uint64_t>(seconds) << "\r\n";
    } else {
        w << "Connection: close\r\n";
    }
    for (const Header& h : out.headers)
        if (!is_rendered_here(h.id))
            w.field(h.name, h.value);
    w << "\r\n";
}

Rc Request::send_head()
{
    if (head_sent_)
        return next;
    if (error_status && replace_status_) {
        out.status = shown_status(out.status);
        out.reason = {};
    }
    if (c.service.quitting() || core().keepalive_timeout->timeout.count() == 0)
        keep_alive = false;
    head_sent_ = true;
    if (parent) {  // it is for who asked, not for the client
        discard_body_ = true;
        return next;
    }
    for (auto filter : main().head_filters)
        filter(*this);
    if (core().limit_rate.is_set() || limit_rate >= 0 || variables.has(main().limit_rate_variable))
        begin_pacing();
    choose_framing();
    render_head();
    head_bytes_ = head_out_.size();
    return next;
}

// What of `slices` goes out next, with the head (once) before it and the chunk's framing around it.
// Returns how many of parts_ that makes.
size_t Request::begin_write(std::span<buf::Slice>& slices)
{
    size_t n = 0, size = 0;
    if (discard_body_)
        slices = {};
    for (const buf::Slice& s : slices)
        size += s.size;
    body_sent_ += size;
    framed_ = chunked_ && size > 0;
    if (!head_out_.empty()) {
        bool copied = !framed_ && slices.size() == 1 && slices[0].file < 0 && size <= small_body;
        if (copied) {  // one piece is cheaper to send than two
            buf::Writer(head_out_) << slices[0].bytes();
            slices = {};
        }
        parts_[n++] = buf::Slice(head_out_.view());
    }
    if (framed_) {
        size_t length = write_chunk_head(chunk_head_, size);
        parts_[n++] = buf::Slice(std::string_view(chunk_head_, length));
        chunk_bytes_ += length + 2;
    }
    return n;
}

// Fills parts_ from n on, with as many slices as go in, and with the end when they are the last.
std::span<buf::Slice> Request::gather(std::span<buf::Slice>& slices, size_t n, bool last)
{
    while (!slices.empty() && n < max_parts - 2) {
        parts_[n++] = slices.front();
        slices = slices.subspan(1);
    }
    if (slices.empty() && framed_)
        parts_[n++] = buf::Slice("\r\n");
    if (slices.empty() && last && chunked_ && !discard_body_)
        parts_[n++] = end_of_chunks();
    return {parts_, n};
}

Rc Request::written(bool last)
{
    head_out_.release();
    complete_ = last;
    return last ? finished : next;
}

Task<Rc> Request::write(std::span<buf::Slice> slices, bool last)
{
    send_head();
    if (parent)
        return swallow(slices, last);
    return shaped_ ? write_shaped(slices, last) : write_now(slices, last);
}

Rc Request::swallow(std::span<buf::Slice> slices, bool last)
{
    for (const buf::Slice& s : slices)
        body_sent_ += s.size;
    return written(last);
}

// One call where the kernel takes it all at once; else a coroutine waits for room.
Task<Rc> Request::write_now(std::span<buf::Slice> slices, bool last)
{
    if (failed_)
        return closed;
    size_t n = begin_write(slices);
    std::span<buf::Slice> now = gather(slices, n, last);
    if (!now.empty() && c.stream.watch().can_write()) {
        bool again = false;
        bool final = last && !keep_alive && slices.empty();
        net::Io io = c.stream.try_write(now, again, final);
        if (!io.good())
            return write_failed(io);
    }
    if (now.empty() && slices.empty())
        return written(last);
    return write_rest(now, slices, last);
}

Task<Rc> Request::write_rest(std::span<buf::Slice> now, std::span<buf::Slice> later, bool last)
{
    for (;;) {
        net::Io io = co_await c.stream.write(now, *core().send_timeout);
        if (!io.good())
            co_return write_failed(io);
        if (later.empty())
            break;
        now = gather(later, 0, last);
    }
    co_return written(last);
}

buf::Slice Request::end_of_chunks()
{
    for (auto filter : main().trailer_filters)
        filter(*this);
    if (out.trailers.empty()) {
        chunk_bytes_ += 5;
        return buf::Slice("0\r\n\r\n");
    }
    std::string_view text = "0\r\n";
    for (const Header& h : out.trailers)
        text = arena_.concat(text, h.name, ": ", h.value, "\r\n");
    text = arena_.concat(text, "\r\n");
    chunk_bytes_ += text.size();
    return buf::Slice(text);
}

Rc Request::write_failed(const net::Io& io)
{
    failed_ = true;
    keep_alive = false;
    head_out_.release();
    timed_out = io.kind == net::Io::timeout;
    if (timed_out)
        log(Level::info,
            "client timed out (110: Connection timed out) while sending response to client");
    else if (io.kind == net::Io::file_cut)
        log(Level::alert,
            "sendfile() reported that the file was truncated while sending response to client");
    else if (io.kind == net::Io::reset)
        log(Level::info, "{} while sending response to client", c.stream.failure_text(false, io));
    return closed;
}

Task<Rc> Request::respond(int status, std::string_view content_type, std::string_view text)
{
    if (shown_status(status) == 200 && !parent) {
        status = check_conditions(head.headers, IfModified::exact, -1, {});
        if (status == 412)
            return reply(412);
        if (status == 304)
            content_type = text = {};
    }
    out.status = status;
    out.content_type = content_type.empty() && !text.empty() ? type_of(uri) : content_type;
    out.content_length = static_cast<int64_t>(text.size());
    whole_ = buf::Slice(text);
    return write(std::span(&whole_, 1), true);
}

Task<Rc> Request::send_informational(int status, const Headers* headers)
{
    if (head_sent_ || parent || head.version != Version::http11)
        co_return next;
    head_out_ = buf::Buffer(usual_head);
    buf::Writer w(head_out_);
    w << "HTTP/1.1 " << status_line_text(status) << "\r\n";
    if (headers)
        for (const Header& h : *headers)
            w.field(h.name, h.value);
    w << "\r\n";
    parts_[0] = buf::Slice(head_out_.view());
    chunk_bytes_ += head_out_.size();
    net::Io io = co_await c.stream.write(std::span(parts_, 1), *core().send_timeout);
    head_out_.release();
    if (!io.good())
        co_return write_failed(io);
    co_return next;
}

// The question is an interim head, which a client of HTTP/1.1 passes over (RFC 9110 15.2.1); it is
// not counted as sent.
bool Request::survives_half_close()
{
    const Request& main = main_request();
    event::Watch& watch = c.stream.watch();
    if (watch.broken() || !main.body.complete() || main.head_sent_ ||
        main.head.version != Version::http11 || !watch.can_write())
        return false;
    os::limit_silence(watch.fd(), static_cast<unsigned>(core().send_timeout->count()));
    buf::Slice question(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"));
    std::span<buf::Slice> rest(&question, 1);
    bool again = false;
    net::Io io = c.stream.try_write(rest, again);
    // Nearby its answer is here already.
    return io.good() && !again && rest.empty() && os::connect_error(watch.fd()) == 0;
}

Rc Request::cut_short()
{
    failed_ = true;
    keep_alive = false;
    head_out_.release();
    return closed;
}

std::string_view Request::type_of(std::string_view path) const
{
    size_t slash = path.rfind('/'), dot = path.rfind('.');
    const CoreLocation& rules = core();
    if (dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash))
        return *rules.default_type;
    // What nginx knows when no `types` stands anywhere.
    static const MimeTypes usual{
        {"html", "text/html"}, {"gif", "image/gif"}, {"jpg", "image/jpeg"}};
    const MimeTypes& types = *rules.types ? **rules.types : usual;
    std::string_view extension = path.substr(dot + 1);
    char lower[32];
    if (extension.size() > sizeof lower)
        return *rules.default_type;
    std::transform(extension.begin(), extension.end(), lower, to_lower);
    auto it = types.find(std::string_view(lower, extension.size()));
    return it == types.end() ? std::string_view(*rules.default_type) : std::string_view(it->second);
}

std::string_view Request::redirect_target(std::string_view target)
{
    const CoreLocation& rules = core();
    target = escape_uri(target, Escape::controls, arena_);
    if (!*rules.absolute_redirect || target.empty() || target.front() != '/')
        return target;
    std::string_view host = head.host;
    if (*rules.server_name_in_redirect && !server->first_name.empty())
        host = server->first_name;
    else if (host.empty())
        host = arena_.copy(c.local().host());
    std::string_view scheme = c.stream.tls() ? "https://" : "http://";
    uint16_t port = c.local().port(), usual = c.stream.tls() ? 443 : 80;
    if (!*rules.port_in_redirect || port == usual || c.local().is_unix())
        return arena_.concat(scheme, host, target);
    fmt::format_int text(port);
    return arena_.concat(scheme, host, ":", std::string_view(text.data(), text.size()), target);
}

}  // namespace sluice::http
