// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/cgi.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/http/request.h"

namespace sluice::upstream {

using http::Header;
using http::HeaderId;
using http::ParseState;

bool parse(Apply& apply, size_t arg, Param& out)
{
    out.name = apply.arg(arg);
    if (apply.size() > arg + 2) {
        if (apply.arg(arg + 2) != "if_not_empty") {
            apply.fail_at(arg + 2, fmt::format("invalid parameter \"{}\"", apply.arg(arg + 2)));
            return false;
        }
        out.if_not_empty = true;
    }
    return http::parse(apply, arg + 1, out.value);
}

namespace detail {

std::string_view param_name(Arena& arena, std::string_view field)
{
    constexpr std::string_view prefix = "HTTP_";
    char* out = arena.chars(prefix.size() + field.size());
    char* at = std::copy(prefix.begin(), prefix.end(), out);
    for (char c : field)
        *at++ = c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return {out, prefix.size() + field.size()};
}

std::optional<std::string_view> joined_values(http::Request& r, const Header& first)
{
    auto same = [&](const Header& h) {
        return h.id == first.id && (h.id != HeaderId::other || iequals(h.name, first.name));
    };
    const http::Headers& headers = r.head.headers;
    for (const Header* h = headers.begin(); h != &first; ++h)
        if (same(*h))
            return std::nullopt;
    std::string_view value = first.value;
    std::string_view between = first.id == HeaderId::cookie ? "; " : ", ";
    for (const Header* h = &first + 1; h != headers.end(); ++h)
        if (same(*h))
            value = r.arena().concat(value, between, h->value);
    return value;
}

bool is_written(const std::vector<Param>& params, std::string_view name)
{
    return std::any_of(params.begin(), params.end(),
                       [&](const Param& p) { return p.name == name; });
}

}  // namespace detail

// ---- the head -----------------------------------------------------------------------------------

namespace {

constexpr size_t max_fields = 1000;

}  // namespace

void CgiHeadParser::start(http::Method request_method, Arena& arena)
{
    method_ = request_method;
    arena_ = &arena;
    head_ = http::ResponseHead();
    error_ = {};
    base_ = nullptr;
    seen_ = at_ = 0;
    phase_ = Phase::line;
    fields_.start({true, false, max_fields}, {}, arena, head_.headers, nullptr);
}

ParseState CgiHeadParser::fail(std::string_view reason)
{
    error_ = {502, reason, {}};
    phase_ = Phase::error;
    return State::error;
}

void CgiHeadParser::move_views(const char* from, size_t size, const char* to)
{
    http::rebase(head_.reason, from, size, to);
    http::rebase(head_.headers, from, size, to);
}

// "404 Not Found". There are no interim answers here, and nobody can be asked to switch protocols.
bool CgiHeadParser::read_status(std::string_view text)
{
    text = trim(text);
    auto number = parse_decimal(text.substr(0, 3));
    if (text.size() < 3 || !number || *number < 200 || (text.size() > 3 && text[3] != ' '))
        return false;
    head_.status = static_cast<int>(*number);
    head_.reason = trim(text.substr(3));
    return true;
}

ParseState CgiHeadParser::read_line(std::string_view all)
{
    constexpr std::string_view begin = "HTTP/";
    if (all.empty())
        return State::more;
    std::string_view start = all.substr(0, begin.size());
    phase_ = Phase::fields;
    if (!begin.starts_with(start))
        return State::more;  // fields at once
    size_t lf = all.find('\n');
    if (lf == std::string_view::npos) {
        phase_ = Phase::line;
        return State::more;
    }
    std::string_view line = all.substr(0, lf);
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    size_t space = line.find(' ');
    bool controls = std::any_of(line.begin(), line.end(), is_control);
    if (controls || space == std::string_view::npos || !read_status(line.substr(space + 1)))
        return fail("upstream sent invalid status line");
    at_ = lf + 1;
    return State::more;
}

// Lines of programs end with LF alone, too.
ParseState CgiHeadParser::read_fields(std::string_view all)
{
    http::FieldReader::Taken taken = fields_.take(all.substr(at_));
    if (fields_.fault() == http::FieldFault::count)
        return fail("upstream sent too many header lines");
    if (fields_.fault() != http::FieldFault::none)
        return fail(arena_->concat("upstream sent invalid header: \"", fields_.bad_line(), "\""));
    at_ += taken.used;
    if (!taken.end)
        return State::more;
    head_.head_size = at_;
    return finish();
}

ParseState CgiHeadParser::finish()
{
    if (const Header* status = head_.headers.find("Status")) {
        if (!read_status(status->value))
            return fail(arena_->concat("upstream sent invalid status \"", status->value, "\""));
    } else if (head_.status == 0) {
        head_.status = head_.headers.has(HeaderId::location) ? 302 : 200;
    }
    head_.framing = {http::Framing::until_close, 0};
    if (head_.headers.has(HeaderId::content_length)) {
        std::string_view value = head_.headers.value(HeaderId::content_length);
        auto length = parse_decimal(value);
        if (!length)
            return fail(
                arena_->concat("upstream sent invalid \"Content-Length\" header: \"", value, "\""));
        head_.framing = {http::Framing::length, static_cast<uint64_t>(*length)};
    }
    int status = head_.status;
    if (method_ == http::Method::head || status == 204 || status == 304)
        head_.framing = {};
    phase_ = Phase::done;
    return State::done;
}

}  // namespace sluice::upstream
