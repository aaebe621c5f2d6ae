// SPDX-License-Identifier: Apache-2.0
// An upstream's head as the client gets it: which fields pass, what X-Accel-* asks for, and when
// another location answers instead.
#include <algorithm>

#include "core/base/bytes.h"
#include "core/http/connection.h"
#include "core/http/uri.h"
#include "core/upstream/exchange.h"

namespace sluice::upstream {

using http::Header;
using http::HeaderId;

namespace {

// A path that leaves its root, or cannot be one.
bool is_unsafe(std::string_view path)
{
    if (path.empty() || path.front() != '/' || path.find('\0') != path.npos)
        return true;
    for (size_t at = 0; (at = path.find("/..", at)) != path.npos; at += 3)
        if (at + 3 == path.size() || path[at + 3] == '/')
            return true;
    return false;
}

// Answers that are meant to be seen as they are made.
bool is_stream(std::string_view type)
{
    return istarts_with(type, "text/event-stream") || istarts_with(type, "application/grpc") ||
           istarts_with(type, "application/x-ndjson");
}

bool has_charset(std::string_view type)
{
    for (size_t at = 0; (at = type.find(';', at)) != type.npos; ++at)
        if (istarts_with(trim(type.substr(at + 1)), "charset="))
            return true;
    return false;
}

}  // namespace

bool Exchange::passes_on(const http::ResponseHead& head, const Header& h) const
{
    if (rules_.hidden.has(h))
        return false;
    if (h.id == HeaderId::upgrade)
        return head.upgrade;
    return !http::is_nominated(head.headers, h.name);
}

// X_intercept_errors: an error_page of this location answers.
bool Exchange::is_intercepted(http::Request& r, const http::ResponseHead& head) const
{
    if (rules_.intercept_404 && head.status == 404)
        return true;
    if (!rules_.intercept_errors || head.status < 300)
        return false;
    for (const http::ErrorPage& page : *r.core().error_page) {
        if (std::find(page.statuses.begin(), page.statuses.end(), head.status) ==
            page.statuses.end())
            continue;
        if (head.status == 401)
            r.out.headers.add_all(r.arena(), head.headers, HeaderId::www_authenticate);
        return true;
    }
    return false;
}

// X-Accel-Redirect: another location answers; a few fields of this answer stay.
Rc Exchange::accel_redirect(http::Request& r, const http::ResponseHead& head,
                            std::string_view target)
{
    r.out = http::Response{};
    for (const Header& h : head.headers) {
        if (h.id == HeaderId::content_type)
            r.out.content_type = h.value;
        else if (h.id == HeaderId::set_cookie || h.id == HeaderId::cache_control ||
                 h.id == HeaderId::expires || h.id == HeaderId::content_disposition ||
                 h.id == HeaderId::accept_ranges)
            r.out.headers.add(r.arena(), {h.name, rewritten(r, h), h.id});
    }
    if (target.starts_with('@'))
        return r.named_redirect(target);
    http::TargetParts parts = http::split_target(target);
    std::string_view path = http::unescape(parts.path, r.arena());
    if (is_unsafe(path)) {
        r.log(Level::error, "unsafe URI \"{}\" was detected", target);
        return reply(404);
    }
    if (r.method_id != http::Method::head) {
        r.method = "GET";
        r.method_id = http::Method::get;
    }
    Rc rc = r.internal_redirect(path);
    r.uri = path;  // a decoded one may hold a question mark
    r.has_args = parts.has_args;
    r.args = parts.args;
    return rc;
}

void Exchange::heed_accel(http::Request& r, const http::ResponseHead& head)
{
    auto value = [&](HeaderId id, uint32_t ignored) {
        return rules_.ignored & ignored ? std::string_view{} : head.headers.value(id);
    };
    std::string_view rate = value(HeaderId::x_accel_limit_rate, ignore_accel_limit_rate);
    if (auto n = parse_decimal(rate))
        r.limit_rate = *n;
    std::string_view buffering = value(HeaderId::x_accel_buffering, ignore_accel_buffering);
    if (iequals(buffering, "no"))
        buffered_ = false;
    else if (iequals(buffering, "yes"))
        buffered_ = true;
    std::string_view charset = value(HeaderId::x_accel_charset, ignore_accel_charset);
    if (!charset.empty() && !r.out.content_type.empty() && !has_charset(r.out.content_type))
        r.out.content_type = r.arena().concat(r.out.content_type, "; charset=", charset);
}

std::string_view Exchange::rewritten(http::Request& r, const Header& h)
{
    switch (h.id) {
    case HeaderId::location:
    case HeaderId::refresh:
    case HeaderId::set_cookie: return forwarder_.rewrite_field(r, h);
    default: return h.value;
    }
}

Rc Exchange::take_answer(http::Request& r, const http::ResponseHead& head)
{
    constexpr uint64_t accel = bit(HeaderId::x_accel_limit_rate) |
                               bit(HeaderId::x_accel_buffering) | bit(HeaderId::x_accel_charset);
    if (is_intercepted(r, head))
        return reply(head.status);
    if (const Header* to = head.headers.find(HeaderId::x_accel_redirect))
        if (!(rules_.ignored & ignore_accel_redirect))
            return accel_redirect(r, head, to->value);
    for (const Header& h : head.headers) {
        if (!passes_on(head, h))
            continue;
        switch (h.id) {
        case HeaderId::content_type: r.out.content_type = h.value; break;
        case HeaderId::last_modified: r.out.last_modified_text = h.value; break;
        case HeaderId::server: r.out.server = h.value; break;
        case HeaderId::date: r.out.date = h.value; break;
        case HeaderId::location:
        case HeaderId::refresh:
        case HeaderId::set_cookie:
            r.out.headers.add(r.arena(), {h.name, forwarder_.rewrite_field(r, h), h.id});
            break;
        case HeaderId::accept_ranges:
            if (!rules_.force_ranges)
                r.out.headers.add(r.arena(), h);
            break;
        default: r.out.headers.add(r.arena(), h); break;
        }
    }
    if (rules_.left_to_upstream & bit(HeaderId::server) && r.out.server.empty())
        r.out.server = http::no_field;
    if (rules_.left_to_upstream & bit(HeaderId::date) && r.out.date.empty())
        r.out.date = http::no_field;
    buffered_ = rules_.buffering && !is_stream(r.out.content_type);
    if (head.headers.has_any(accel))
        heed_accel(r, head);
    if (head.upgrade && !forwarder_.asked_upgrade()) {
        r.log(Level::error, "upstream sent 101 without a request for it");
        return reply(502);
    }
    return rules_.force_ranges ? r.honour_range() : next;
}

// ---- early hints --------------------------------------------------------------------------------

bool Exchange::wants_hints(http::Request& r, const http::ResponseHead& head) const
{
    const auto& hints = r.core().early_hints;
    return head.status == 103 && hints.is_set() && !r.head_sent() && hints->any(r);
}

// 103 goes on at once, without what may not pass.
Task<Rc> Exchange::pass_hints(http::Request& r)
{
    const http::ResponseHead& head = wire_->head();
    auto* fields = r.arena().make<http::Headers>();
    for (const Header& h : head.headers)
        if (passes_on(head, h) && h.id != HeaderId::upgrade)
            fields->add(r.arena(), h);
    return r.send_informational(103, fields);
}

}  // namespace sluice::upstream
