// SPDX-License-Identifier: Apache-2.0
#include "core/http/response_parser.h"

#include <algorithm>

#include "core/base/bytes.h"

namespace sluice::http {
namespace {

constexpr std::string_view on_response = " while reading response header from upstream";
// A status line that has not ended by then is not one; the caller's buffer is usually smaller.
constexpr size_t max_status_line = 65536;
constexpr std::string_view start_of_line = "HTTP/1.";

}  // namespace

void ResponseParser::start(Method request_method, size_t max_headers, Arena& arena)
{
    method_ = request_method;
    arena_ = &arena;
    head_ = ResponseHead();
    error_ = {};
    base_ = nullptr;
    seen_ = at_ = 0;
    phase_ = Phase::line;
    fields_.start({true, false, max_headers}, {}, arena, head_.headers, nullptr);
}

ParseState ResponseParser::fail(std::string_view reason)
{
    error_ = {502, reason, on_response};
    phase_ = Phase::error;
    return State::error;
}

void ResponseParser::move_views(const char* from, size_t size, const char* to)
{
    rebase(head_.reason, from, size, to);
    rebase(head_.status_line, from, size, to);
    rebase(head_.headers, from, size, to);
}

ParseState ResponseParser::read_line(std::string_view all)
{
    std::string_view start = all.substr(0, start_of_line.size());
    if (!start_of_line.starts_with(start))
        return fail("upstream sent no valid HTTP/1.0 header");
    size_t lf = all.find('\n');
    if (lf == std::string_view::npos)
        return all.size() < max_status_line ? State::more : fail("upstream sent too big header");
    std::string_view line = all.substr(0, lf);
    if (!line.empty() && line.back() == '\r')
        line.remove_suffix(1);
    if (lf + 1 > max_status_line)
        return fail("upstream sent too big header");
    if (!parse_line(line))
        return fail("upstream sent no valid HTTP/1.0 header");
    at_ = lf + 1;
    phase_ = Phase::fields;
    return State::more;
}

/// status-line of RFC 9112 4; the phrase, and the space before it, may be missing, as nginx has it.
bool ResponseParser::parse_line(std::string_view line)
{
    head_.status_line = line;
    if (!line.starts_with(start_of_line))
        return false;
    line.remove_prefix(start_of_line.size());
    size_t n = 0;
    while (n < line.size() && is_digit(line[n]))
        ++n;
    if (n == 0 || n > 3 || n == line.size() || line[n] != ' ')
        return false;
    bool zero = line.substr(0, n).find_first_not_of('0') == std::string_view::npos;
    head_.version = zero ? Version::http10 : Version::http11;
    line.remove_prefix(std::min(line.find_first_not_of(' ', n), line.size()));
    if (line.size() < 3 || !is_digit(line[0]) || !is_digit(line[1]) || !is_digit(line[2]))
        return false;
    head_.status = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    line.remove_prefix(3);
    if (head_.status < 100 || (!line.empty() && line[0] != ' '))
        return false;
    head_.reason = trim(line);
    return std::none_of(line.begin(), line.end(), is_control);
}

ParseState ResponseParser::read_fields(std::string_view all)
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

ParseState ResponseParser::fail_fields()
{
    if (fields_.fault() == FieldFault::count)
        return fail("upstream sent too many header lines");
    return fail(arena_->concat("upstream sent invalid header: \"", fields_.bad_line(), "\""));
}

ParseState ResponseParser::finish()
{
    if (!check_framing())
        return State::error;
    read_connection();
    phase_ = Phase::done;
    return State::done;
}

/// RFC 9112 6.3, in its order.
bool ResponseParser::check_framing()
{
    const Headers& headers = head_.headers;
    Framing framing{Framing::until_close, 0};
    uint64_t seen = 0;
    for (const Header& header : headers) {
        if (header.id != HeaderId::content_length && header.id != HeaderId::transfer_encoding)
            continue;
        uint64_t bit = uint64_t{1} << static_cast<unsigned>(header.id);
        if (seen & bit) {
            const Header* first = headers.find(header.id);
            fail(arena_->concat("upstream sent duplicate header line: \"", header.name, ": ",
                                header.value, "\", previous value: \"", first->name, ": ",
                                first->value, "\""));
            return false;
        }
        seen |= bit;
    }
    bool has_length = headers.has(HeaderId::content_length);
    if (has_length) {
        std::string_view value = headers.value(HeaderId::content_length);
        auto length = parse_decimal(value);
        if (!length) {
            fail(
                arena_->concat("upstream sent invalid \"Content-Length\" header: \"", value, "\""));
            return false;
        }
        framing = {Framing::length, static_cast<uint64_t>(*length)};
    }
    if (headers.has(HeaderId::transfer_encoding)) {
        std::string_view coding = headers.value(HeaderId::transfer_encoding);
        if (has_length)
            fail(
                "upstream sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same "
                "time");
        else if (!iequals(coding, "chunked"))
            fail(arena_->concat("upstream sent unknown \"Transfer-Encoding\": \"", coding, "\""));
        if (phase_ == Phase::error)
            return false;
        framing = {Framing::chunked, 0};
    }
    int status = head_.status;
    head_.upgrade = status == 101 || (method_ == Method::connect && status / 100 == 2);
    bool bodiless = method_ == Method::head || status / 100 == 1 || status == 204 || status == 304;
    if (head_.upgrade)
        framing = {Framing::until_close, 0};
    else if (bodiless)
        framing = {};
    head_.framing = framing;
    return true;
}

/// RFC 9112 9.3; a chunked HTTP/1.0 message leaves the connection in doubt (6.1).
void ResponseParser::read_connection()
{
    const Headers& headers = head_.headers;
    bool close = has_token(headers, HeaderId::connection, "close");
    bool keep = head_.version == Version::http11
                    ? true
                    : has_token(headers, HeaderId::connection, "keep-alive") &&
                          !headers.has(HeaderId::transfer_encoding);
    head_.keep_alive = keep && !close && head_.framing.kind != Framing::until_close;
}

}  // namespace sluice::http
