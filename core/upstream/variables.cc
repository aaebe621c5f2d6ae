// SPDX-License-Identifier: Apache-2.0
// $upstream_*: one value per try, joined with ", ", or with " : " where an internal redirect has
// led to another pass.
#include <fmt/format.h>

#include "core/base/bytes.h"
#include "core/upstream/exchange.h"

namespace sluice::upstream {
namespace {

using http::Request;
using http::Value;

template <class F>
Value per_attempt(Request& r, F text_of)
{
    if (r.attempts.empty())
        return std::nullopt;
    fmt::basic_memory_buffer<char, 256> out;
    for (size_t i = 0; i < r.attempts.size(); ++i) {
        const Attempt& attempt = *r.attempts[i];
        if (i)
            out.append(std::string_view(attempt.first ? " : " : ", "));
        text_of(attempt, fmt::appender(out));
    }
    return r.arena().copy({out.data(), out.size()});
}

void seconds(Instant from, Instant to, fmt::appender out)
{
    if (to == Instant{0} || to < from) {
        fmt::format_to(out, "-");
        return;
    }
    int64_t n = (to - from).count();
    fmt::format_to(out, "{}.{:03}", n / 1000, n % 1000);
}

Value addresses(Request& r, const void*)
{
    return per_attempt(
        r, [](const Attempt& a, fmt::appender out) { fmt::format_to(out, "{}", a.address); });
}

Value statuses(Request& r, const void*)
{
    return per_attempt(r, [](const Attempt& a, fmt::appender out) {
        if (a.status)
            fmt::format_to(out, "{}", a.status);
        else
            fmt::format_to(out, "-");
    });
}

// Nothing when all went well.
Value errors(Request& r, const void*)
{
    bool any = false;
    for (const Attempt* a : r.attempts)
        any = any || !a->error.empty();
    if (!any)
        return std::nullopt;
    return per_attempt(r, [](const Attempt& a, fmt::appender out) {
        fmt::format_to(out, "{}", a.error.empty() ? "-" : a.error);
    });
}

template <Instant Attempt::*To>
Value time_to(Request& r, const void*)
{
    return per_attempt(r, [&](const Attempt& a, fmt::appender out) {
        Instant to = a.*To;
        if (To == &Attempt::ended && to == Instant{0})
            to = Clock::now();
        seconds(a.started, to, out);
    });
}

template <uint64_t Attempt::*Member>
Value number(Request& r, const void*)
{
    return per_attempt(
        r, [](const Attempt& a, fmt::appender out) { fmt::format_to(out, "{}", a.*Member); });
}

// `name` has underscores for dashes, as in $upstream_http_x_name.
const http::Header* field(const http::Headers& headers, std::string_view name)
{
    for (const http::Header& h : headers) {
        if (h.name.size() != name.size())
            continue;
        bool same = true;
        for (size_t i = 0; same && i < name.size(); ++i)
            same = (h.name[i] == '-' ? '_' : to_lower(h.name[i])) == name[i];
        if (same)
            return &h;
    }
    return nullptr;
}

const http::ResponseHead* last_head(Request& r)
{
    if (r.exchange)
        return r.exchange->head();
    return r.attempts.empty() ? nullptr : r.attempts[r.attempts.size() - 1]->head;
}

Value header(Request& r, std::string_view name)
{
    const http::ResponseHead* head = last_head(r);
    const http::Header* h = head ? field(head->headers, name) : nullptr;
    return h ? Value(h->value) : std::nullopt;
}

Value trailer(Request& r, std::string_view name)
{
    const http::Headers* trailers = r.exchange ? r.exchange->trailers() : nullptr;
    const http::Header* h = trailers ? field(*trailers, name) : nullptr;
    return h ? Value(h->value) : std::nullopt;
}

// $upstream_cookie_NAME: the value of a Set-Cookie with that name.
Value cookie(Request& r, std::string_view name)
{
    const http::ResponseHead* head = last_head(r);
    if (!head)
        return std::nullopt;
    for (const http::Header& h : head->headers) {
        if (h.id != http::HeaderId::set_cookie)
            continue;
        size_t equals = h.value.find('=');
        if (equals != std::string_view::npos && iequals(trim(h.value.substr(0, equals)), name))
            return h.value.substr(equals + 1, h.value.find(';') - equals - 1);
    }
    return std::nullopt;
}

}  // namespace

void define_upstream_variables(http::Variables& v)
{
    v.define("upstream_addr", addresses, nullptr, true);
    v.define("upstream_status", statuses, nullptr, true);
    v.define("proxy_error", errors, nullptr, true);
    v.define("upstream_connect_time", time_to<&Attempt::connected>, nullptr, true);
    v.define("upstream_header_time", time_to<&Attempt::header>, nullptr, true);
    v.define("upstream_response_time", time_to<&Attempt::ended>, nullptr, true);
    v.define("upstream_bytes_received", number<&Attempt::bytes_received>, nullptr, true);
    v.define("upstream_bytes_sent", number<&Attempt::bytes_sent>, nullptr, true);
    v.define("upstream_response_length", number<&Attempt::response_length>, nullptr, true);
    v.define_prefix("upstream_http_", header, true);
    v.define_prefix("upstream_trailer_", trailer, true);
    v.define_prefix("upstream_cookie_", cookie, true);
}

}  // namespace sluice::upstream
