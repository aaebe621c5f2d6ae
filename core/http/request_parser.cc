// SPDX-License-Identifier: Apache-2.0
#include "core/http/request_parser.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/http/request_line.h"

namespace sluice::http {
namespace {

constexpr std::string_view on_line = " while reading client request line";
constexpr std::string_view on_headers = " while reading client request headers";

constexpr uint64_t bits(std::initializer_list<HeaderId> ids)
{
    uint64_t mask = 0;
    for (HeaderId id : ids)
        mask |= uint64_t{1} << static_cast<unsigned>(id);
    return mask;
}

// Fields that nginx takes once only (measured, and RFC 9110 5.3 for singletons).
constexpr uint64_t unique_fields =
    bits({HeaderId::host, HeaderId::content_length, HeaderId::transfer_encoding, HeaderId::expect,
          HeaderId::authorization, HeaderId::if_match, HeaderId::if_none_match, HeaderId::if_range,
          HeaderId::if_modified_since, HeaderId::if_unmodified_since});

}  // namespace

void RequestParser::start(const RequestLimits& limits, Arena& arena)
{
    limits_ = limits;
    arena_ = &arena;
    head_ = RequestHead();
    error_ = {};
    base_ = nullptr;
    seen_ = at_ = 0;
    phase_ = Phase::line;
    fields_.start(
        {limits.underscores_in_headers, limits.ignore_invalid_headers, limits.max_headers},
        {limits.first_buffer, limits.line, limits.large_count}, arena, head_.headers,
        &head_.ignored);
}

ParseState RequestParser::fail(int status, std::string_view reason)
{
    error_ = {status, reason, phase_ == Phase::line ? on_line : on_headers};
    phase_ = Phase::error;
    return State::error;
}

void RequestParser::move_views(const char* from, size_t size, const char* to)
{
    for (std::string_view* view : {&head_.method, &head_.target, &head_.request_line, &head_.schema,
                                   &head_.host, &head_.port, &head_.path_and_query})
        rebase(*view, from, size, to);
    for (std::string_view& line : head_.ignored)
        rebase(line, from, size, to);
    rebase(head_.headers, from, size, to);
}

ParseState RequestParser::read_line(std::string_view all)
{
    while (at_ < all.size() && (all[at_] == '\r' || all[at_] == '\n'))
        ++at_;
    if (at_ > std::max(limits_.line, limits_.first_buffer))
        return fail(400, "client sent invalid request");
    std::string_view line = all.substr(at_);
    size_t lf = line.find('\n');
    HeadRoom& room = fields_.room();
    bool fits = lf == std::string_view::npos ? room.could_take(line.size()) : room.take(lf + 1);
    if (!fits || lf == std::string_view::npos) {
        // Looks at so many bytes that the verdict is the same however they come.
        if (!may_be_method(
                line.substr(0, std::min({lf, std::max(limits_.line, limits_.first_buffer)}))))
            return fail(400, "client sent invalid method");
        return fits ? State::more : fail(414, "client sent too long URI");
    }
    line = line.substr(0, lf);
    if (!line.empty() && line.back() == '\r')
        line.remove_suffix(1);
    if (!parse_request_line(line, head_, error_) || !parse_request_target(head_, *arena_, error_)) {
        phase_ = Phase::error;
        return State::error;
    }
    at_ += lf + 1;
    phase_ = Phase::fields;
    if (head_.version != Version::http09)
        return State::more;
    head_.head_size = at_;
    phase_ = Phase::done;
    return State::done;
}

ParseState RequestParser::read_fields(std::string_view all)
{
    FieldReader::Taken taken = fields_.take(all.substr(at_));
    if (fields_.fault() != FieldFault::none)
        return fail_fields();
    at_ += taken.used;
    if (!taken.end)
        return State::more;
    head_.head_size = at_;
    return finish();
}

ParseState RequestParser::fail_fields()
{
    if (head_.headers.has(HeaderId::host))
        take_host();  // who has named a server by now is refused by that one
    switch (fields_.fault()) {
    case FieldFault::count: return fail(494, "client sent too many header lines");
    case FieldFault::size:
        return fail(
            494, arena_->concat("client sent too long header line: \"", fields_.bad_line(), "\""));
    default:
        return fail(
            400, arena_->concat("client sent invalid header line: \"", fields_.bad_line(), "\""));
    }
}

ParseState RequestParser::finish()
{
    if (!check_unique() || !check_host() || !check_framing())
        return State::error;
    if (head_.method_id == Method::connect)
        return fail(405, "client sent CONNECT method");
    if (head_.method_id == Method::trace)
        return fail(405, "client sent TRACE method");
    read_connection();
    phase_ = Phase::done;
    return State::done;
}

bool RequestParser::check_unique()
{
    uint64_t seen = 0;
    for (const Header& header : head_.headers) {
        uint64_t bit = (uint64_t{1} << static_cast<unsigned>(header.id)) & unique_fields;
        if (seen & bit) {
            const Header* first = head_.headers.find(header.id);
            fail(400, arena_->concat(header.id == HeaderId::host
                                         ? "client sent duplicate host header: \""
                                         : "client sent duplicate header line: \"",
                                     header.name, ": ", header.value, "\", previous value: \"",
                                     first->name, ": ", first->value, "\""));
            return false;
        }
        seen |= bit;
    }
    return true;
}

/// RFC 9112 3.2: one valid Host in HTTP/1.1; the authority of absolute-form goes before it (3.2.2).
bool RequestParser::check_host()
{
    const Headers& headers = head_.headers;
    if (!headers.has(HeaderId::host)) {
        if (head_.version != Version::http11)
            return true;
        fail(400, "client sent HTTP/1.1 request without \"Host\" header");
        return false;
    }
    if (!take_host()) {
        fail(400, "client sent invalid host header");
        return false;
    }
    return true;
}

/// False: the Host field is none.
bool RequestParser::take_host()
{
    std::string_view host, port;
    if (!split_authority(head_.headers.value(HeaderId::host), *arena_, host, port))
        return false;
    if (head_.host.empty()) {
        head_.host = host;
        head_.port = port;
    }
    return true;
}

/// RFC 9112 6.1 and 6.3. A length that could be read in two ways is refused.
bool RequestParser::check_framing()
{
    const Headers& headers = head_.headers;
    bool has_length = headers.has(HeaderId::content_length);
    if (has_length) {
        auto length = parse_decimal(headers.value(HeaderId::content_length));
        if (!length) {
            fail(400, "client sent invalid \"Content-Length\" header");
            return false;
        }
        head_.framing = {Framing::length, static_cast<uint64_t>(*length)};
    }
    if (!headers.has(HeaderId::transfer_encoding))
        return true;
    std::string_view coding = headers.value(HeaderId::transfer_encoding);
    if (head_.version != Version::http11)
        fail(400, "client sent HTTP/1.0 request with \"Transfer-Encoding\" header");
    else if (!iequals(coding, "chunked"))
        fail(501, arena_->concat("client sent unknown \"Transfer-Encoding\": \"", coding, "\""));
    else if (has_length)
        fail(400,
             "client sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same time");
    else
        head_.framing = {Framing::chunked, 0};
    return phase_ != Phase::error;
}

/// RFC 9112 9.3 (persistence), RFC 9110 7.8 (upgrade) and 10.1.1 (expect).
void RequestParser::read_connection()
{
    const Headers& headers = head_.headers;
    bool http11 = head_.version == Version::http11;
    head_.keep_alive = http11;
    if (headers.has(HeaderId::connection)) {
        if (has_token(headers, HeaderId::connection, "close"))
            head_.keep_alive = false;
        else if (!http11)
            head_.keep_alive = has_token(headers, HeaderId::connection, "keep-alive");
        head_.upgrade = http11 && headers.has(HeaderId::upgrade) &&
                        has_token(headers, HeaderId::connection, "upgrade");
    }
    head_.expect_continue = http11 && headers.has(HeaderId::expect) &&
                            iequals(headers.value(HeaderId::expect), "100-continue");
}

}  // namespace sluice::http
