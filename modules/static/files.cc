// SPDX-License-Identifier: Apache-2.0
// One file as a response: conditions, ranges, bytes. Small bodies are read into a pool buffer and
// leave with the head in one call; larger ones go by sendfile, or through a buffer when it is off.
#include <cerrno>
#include <charconv>

#include "core/http/connection.h"
#include "core/http/ranges.h"
#include "core/http/service.h"
#include "core/http/uri.h"
#include "modules/static/static.h"

namespace sluice::static_ {

using http::HeaderId;
using http::Method;
using http::Range;
using http::RangeVerdict;

bool is_missing(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
}

namespace {

// Below this one read and one writev cost less than sendfile's two calls.
constexpr size_t small_body = 64 * 1024;
constexpr size_t copy_buffer = buf::Buffer::largest;

Rc open_failed(Request& r, std::string_view path, int error)
{
    bool follows = r.conf<Conf>(module).disable_symlinks->mode == os::Links::follow;
    std::string_view call = follows ? "open()" : "openat()";
    if (is_missing(error)) {
        if (*r.core().log_not_found)
            r.log(Level::error, "{} \"{}\" failed {}", call, path, errno_text(error));
        return reply(404);
    }
    bool denied = error == EACCES || error == ELOOP || error == EPERM;
    r.log(denied ? Level::error : Level::crit, "{} \"{}\" failed {}", call, path,
          errno_text(error));
    return reply(denied ? 403 : 500);
}

Rc redirect_to_directory(Request& r)
{
    std::string_view path = http::escape_uri(r.uri, http::Escape::uri, r.arena());
    std::string_view target = r.arena().concat(path, "/", r.args.empty() ? "" : "?", r.args);
    r.out.headers.set(r.arena(), HeaderId::location, r.redirect_target(target));
    return reply(301);
}

Task<Rc> send_range(Request& r, int fd, Range range)
{
    int64_t left = range.end - range.begin, at = range.begin;
    bool by_sendfile = *r.core().sendfile && left > static_cast<int64_t>(small_body);
    if (by_sendfile) {
        buf::Slice slice = buf::Slice::of_file(fd, at, static_cast<size_t>(left));
        co_return co_await r.write(std::span(&slice, 1));
    }
    buf::Buffer b(std::min<size_t>(static_cast<size_t>(left), copy_buffer));
    while (left > 0) {
        b.clear();
        os::Io io =
            os::pread(fd, b.room(), std::min<size_t>(static_cast<size_t>(left), b.room_size()), at);
        if (!io.ok() || io.n == 0) {
            std::string_view path = path_of(r, r.uri);
            if (io.ok())
                r.log(Level::alert,
                      "pread() read only 0 of {} from \"{}\" while sending response to client",
                      std::min<size_t>(static_cast<size_t>(left), copy_buffer), path);
            else
                r.log(Level::crit, "pread() \"{}\" failed {}", path, errno_text(io.error));
            co_return r.cut_short();
        }
        b.filled(static_cast<size_t>(io.n));
        buf::Slice slice(b.view());
        Rc rc = co_await r.write(std::span(&slice, 1));
        if (rc != next)
            co_return rc;
        at += io.n;
        left -= io.n;
    }
    co_return next;
}

std::string_view range_text(Request& r, Range range, int64_t size)
{
    char text[80];
    auto end =
        fmt::format_to_n(text, sizeof text, "bytes {}-{}/{}", range.begin, range.end - 1, size);
    return r.arena().copy({text, static_cast<size_t>(end.out - text)});
}

// A multipart/byteranges body (RFC 9110 14.6).
struct Parts {
    std::string_view boundary, type;
    ArenaVector<std::string_view> heads;
    std::string_view tail;
};

void make_parts(Request& r, const ArenaVector<Range>& ranges, int64_t size, Parts& parts)
{
    static uint64_t number = 0;
    char text[24];
    auto end = fmt::format_to_n(text, sizeof text, "{:020}", ++number);
    Arena& arena = r.arena();
    parts.boundary = arena.copy({text, static_cast<size_t>(end.out - text)});
    parts.type = r.out.content_type;
    parts.tail = arena.concat("\r\n--", parts.boundary, "--\r\n");
    int64_t length = static_cast<int64_t>(parts.tail.size());
    for (const Range& range : ranges) {
        std::string_view type_line = parts.type.empty()
                                         ? std::string_view{}
                                         : arena.concat("Content-Type: ", parts.type, "\r\n");
        std::string_view head =
            arena.concat("\r\n--", parts.boundary, "\r\n", type_line,
                         "Content-Range: ", range_text(r, range, size), "\r\n\r\n");
        parts.heads.push(arena, head);
        length += static_cast<int64_t>(head.size()) + range.end - range.begin;
    }
    r.out.content_type = arena.concat("multipart/byteranges; boundary=", parts.boundary);
    r.out.content_length = length;
}

Task<Rc> send_parts(Request& r, int fd, const ArenaVector<Range>& ranges, const Parts& parts)
{
    for (size_t i = 0; i < ranges.size(); ++i) {
        buf::Slice head(parts.heads[i]);
        Rc rc = co_await r.write(std::span(&head, 1));
        if (rc == next)
            rc = co_await send_range(r, fd, ranges[i]);
        if (rc != next)
            co_return rc;
    }
    buf::Slice tail(parts.tail);
    co_return co_await r.write(std::span(&tail, 1));
}

std::string_view etag_of(Request& r, const os::FileInfo& info)
{
    char text[40], *end = text + sizeof text, *at = text;
    *at++ = '"';
    at = std::to_chars(at, end, static_cast<uint64_t>(info.modified), 16).ptr;
    *at++ = '-';
    at = std::to_chars(at, end, static_cast<uint64_t>(info.size), 16).ptr;
    *at++ = '"';
    return r.arena().copy({text, static_cast<size_t>(at - text)});
}

// An app that handed the request on (X-Accel-Redirect) may have said what it is.
void set_type(Request& r)
{
    if (r.out.content_type.empty())
        r.out.content_type = r.type_of(r.uri);
}

// Sets the head for the whole file; false: `rc` says what to answer instead.
bool prepare(Request& r, const os::FileInfo& info, ArenaVector<Range>& ranges, Rc& rc)
{
    const Conf& conf = r.conf<Conf>(module);
    std::string_view etag = *r.core().etag ? etag_of(r, info) : std::string_view{};
    r.out.status = 200;
    r.out.content_length = info.size;
    if (r.shown_status(200) !=
        200) {  // an error page is not a representation of what was asked for
        if (!etag.empty())
            r.out.headers.add(r.arena(), HeaderId::etag, etag);
        set_type(r);
        return true;
    }
    r.out.last_modified = info.modified;
    int status =
        http::check_conditions(r.head.headers, *conf.if_modified_since, info.modified, etag);
    if (status == 412) {
        rc = reply(412);
        return false;
    }
    if (!etag.empty())
        r.out.headers.add(r.arena(), HeaderId::etag, etag);
    if (status == 304) {
        r.out.status = 304;
        r.out.content_length = -1;
        return true;
    }
    set_type(r);
    RangeVerdict verdict = RangeVerdict::whole;
    if (http::range_applies(r.head.headers, info.modified, etag))
        verdict = http::parse_ranges(r.head.headers.value(HeaderId::range), info.size,
                                     *conf.max_ranges, r.arena(), ranges);
    if (verdict == RangeVerdict::unsatisfiable) {
        fmt::format_int size(info.size);
        r.out.headers.set(r.arena(), HeaderId::content_range,
                          r.arena().concat("bytes */", std::string_view(size.data(), size.size())));
        rc = reply(416);
        return false;
    }
    if (verdict == RangeVerdict::whole) {
        ranges.clear();
        if (*conf.max_ranges)
            r.out.headers.add(r.arena(), HeaderId::accept_ranges, "bytes");
        return true;
    }
    r.out.status = 206;
    return true;
}

Task<Rc> send_body(Request& r, files::FileRef file, ArenaVector<Range> ranges, const Parts* parts)
{
    int fd = file->fd.get();
    Range only{0, file->info.size};
    if (!ranges.empty())
        only = ranges[0];
    Rc rc = next;
    if (parts)
        rc = co_await send_parts(r, fd, ranges, *parts);
    else
        rc = co_await send_range(r, fd, only);
    if (rc != next)
        co_return rc;
    co_return co_await r.finish();
}

// No coroutine: what is at hand leaves in one call with the head.
Task<Rc> send_file(Request& r, const files::Found& found)
{
    ArenaVector<Range> ranges;
    const os::FileInfo& info = found.info;
    Rc rc = next;
    if (!prepare(r, info, ranges, rc))
        return rc;
    Parts* parts = nullptr;
    if (ranges.size() == 1) {
        r.out.headers.add(r.arena(), HeaderId::content_range, range_text(r, ranges[0], info.size));
        r.out.content_length = ranges[0].end - ranges[0].begin;
    } else if (ranges.size() > 1) {
        parts = r.arena().make<Parts>();
        make_parts(r, ranges, info.size, *parts);
    }
    if (r.out.status == 304 || r.is_head() || info.size == 0)
        return r.finish();
    if (!found.content.empty() && ranges.empty()) {
        auto* slice = r.arena().make<buf::Slice>(r.arena().copy(found.content));
        return r.write(std::span(slice, 1), true);
    }
    return send_body(r, found.file, ranges, parts);
}

bool is_method(Request& r)
{
    return r.method_id == Method::get || r.method_id == Method::head || r.method_id == Method::post;
}

Task<Rc> serve_found(Request& r, std::string_view path, files::Found& found)
{
    if (found.error)
        return open_failed(r, path, found.error);
    if (found.info.kind == os::FileInfo::directory)
        return redirect_to_directory(r);
    if (found.info.kind != os::FileInfo::regular) {
        r.log(Level::crit, "\"{}\" is not a regular file", path);
        return reply(404);
    }
    if (r.method_id == Method::post)
        return reply(405);
    return send_file(r, found);
}

// No descriptor was free. It is waited for, as long as the client is while it takes an answer.
Task<Rc> serve_later(Request& r, std::string_view path)
{
    net::Room& room = r.c.service.room();
    Deadline until = Clock::in(*r.core().send_timeout);
    files::Found found;
    event::Wait w = event::Wait::ready;
    do {
        room.short_of("open()", EMFILE);
        room.shed();  // it closes within this turn
        if (!room.lend(net::Room::For::request))
            w = co_await room.freed(until);
        if (w == event::Wait::canceled)
            co_return r.cut_short();
        found = open_file(r, path);
    } while (os::is_shortage(found.error) && w == event::Wait::ready);
    co_return co_await serve_found(r, path, found);
}

}  // namespace

Task<Rc> serve_file(Request& r)
{
    if (!is_method(r))
        return reply(405);
    if (r.uri.ends_with('/'))
        return next;
    std::string_view path = path_of(r, r.uri);
    files::Found found = open_file(r, path);
    if (os::is_shortage(found.error))
        return serve_later(r, path);
    return serve_found(r, path, found);
}

// ---- index --------------------------------------------------------------------------------------

namespace {

// next: look on. Otherwise what to answer for a name that cannot be had.
Rc index_missing(Request& r, std::string_view path, int error, bool& directory_checked)
{
    if (!is_missing(error)) {
        bool denied = error == EACCES || error == EPERM || error == ELOOP;
        if (denied)
            r.log(Level::error, "\"{}\" is forbidden {}", path, errno_text(error));
        else
            r.log(Level::crit, "open() \"{}\" failed {}", path, errno_text(error));
        return reply(denied ? 403 : 500);
    }
    if (directory_checked)
        return next;
    directory_checked = true;
    os::FileInfo info;
    int why = file_info(r, path_of(r, r.uri), info);
    if (why == 0 && info.kind == os::FileInfo::directory)
        return next;
    if (is_missing(why) || why == 0) {
        if (*r.core().log_not_found)
            r.log(Level::error, "\"{}\" is not found {}", path, errno_text(why ? why : ENOTDIR));
        return reply(404);
    }
    r.log(Level::error, "\"{}\" is forbidden {}", path, errno_text(why));
    return reply(403);
}

// Not by way of a text with '?': a decoded URI may hold one.
Rc redirect_to_index(Request& r, std::string_view uri)
{
    std::string_view args = r.args;
    bool has_args = r.has_args;
    Rc rc = r.internal_redirect("/");
    r.uri = uri;
    r.args = args;
    r.has_args = has_args;
    return rc;
}

}  // namespace

Task<Rc> serve_index(Request& r)
{
    if (!r.uri.ends_with('/') || !is_method(r))
        co_return next;
    bool directory_checked = false;
    for (const Template& name : *r.conf<Conf>(module).index) {
        std::string_view file = name.eval(r);
        if (file.starts_with('/'))
            co_return r.internal_redirect(r.args.empty() ? file
                                                         : r.arena().concat(file, "?", r.args));
        std::string_view uri = r.arena().concat(r.uri, file), path = path_of(r, uri);
        os::FileInfo info;
        if (int error = file_info(r, path, info)) {
            Rc rc = index_missing(r, path, error, directory_checked);
            if (rc != next)
                co_return rc;
            continue;
        }
        if (info.kind == os::FileInfo::directory)
            continue;
        co_return redirect_to_index(r, uri);
    }
    r.log(Level::error, "directory index of \"{}\" is forbidden", path_of(r, r.uri));
    co_return reply(403);
}

}  // namespace sluice::static_
