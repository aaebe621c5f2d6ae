// SPDX-License-Identifier: Apache-2.0
#include "http.h"

#include <strings.h>

#include <algorithm>
#include <sstream>

#include "perl.h"

namespace sluice::runner {

namespace {

std::string trimmed(const std::string& s)
{
    size_t from = s.find_first_not_of(" \t\r\n");
    size_t to = s.find_last_not_of(" \t\r\n");
    return from == std::string::npos ? "" : s.substr(from, to - from + 1);
}

struct MoreHeaders {
    std::string bytes;
    bool host = false;
    bool connection = false;
    bool length = false;
    bool chunked = false;
};

MoreHeaders more_of(const std::string& text)
{
    MoreHeaders more;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line == "\r")
            continue;
        if (line.ends_with('\r'))
            line.pop_back();
        more.bytes += line + "\r\n";
        std::string name = line.substr(0, line.find(':'));
        more.host |= ::strcasecmp(name.c_str(), "Host") == 0;
        more.connection |= ::strcasecmp(name.c_str(), "Connection") == 0;
        more.length |= ::strcasecmp(name.c_str(), "Content-Length") == 0;
        more.chunked |= ::strcasecmp(name.c_str(), "Transfer-Encoding") == 0;
    }
    return more;
}

void read_headers(Response& r)
{
    size_t at = r.head.find("\r\n");
    while (at != std::string::npos && at + 2 < r.head.size()) {
        size_t end = r.head.find("\r\n", at + 2);
        std::string line = r.head.substr(at + 2, end - at - 2);
        size_t colon = line.find(':');
        if (colon != std::string::npos)
            r.headers.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
        at = end;
    }
}

void take_chunked(std::string_view& bytes, Response& r)
{
    std::string_view rest = bytes;
    for (;;) {
        size_t eol = rest.find("\r\n");
        if (eol == std::string_view::npos)
            break;
        size_t size = std::strtoul(std::string(rest.substr(0, eol)).c_str(), nullptr, 16);
        rest.remove_prefix(eol + 2);
        if (size == 0) {
            size_t end = rest.starts_with("\r\n") ? 0 : rest.find("\r\n\r\n");
            if (end == std::string_view::npos)
                break;
            rest.remove_prefix(end == 0 ? 2 : end + 4);
            r.complete = true;
            bytes = rest;
            return;
        }
        r.body += rest.substr(0, size);
        if (rest.size() < size + 2)
            break;
        rest.remove_prefix(size + 2);
    }
    bytes = {};
}

void take_body(std::string_view& bytes, Response& r, const std::string& method)
{
    bool bare = method == "HEAD" || r.code == "304" || r.code == "204" || r.code[0] == '1';
    if (bare) {
        r.complete = true;
        return;
    }
    if (::strcasecmp(r.header("Transfer-Encoding").value_or("").c_str(), "chunked") == 0) {
        take_chunked(bytes, r);
        return;
    }
    std::optional<std::string> length = r.header("Content-Length");
    size_t size = length ? std::strtoul(length->c_str(), nullptr, 10) : bytes.size();
    r.complete = length && bytes.size() >= size;
    r.body = bytes.substr(0, size);
    bytes.remove_prefix(r.body.size());
}

}  // namespace

Request build_request(const std::string& text, const std::string& more_headers, bool keep_alive)
{
    size_t from = text.find_first_not_of(" \t\r\n");
    if (from == std::string::npos)
        throw SpecError("empty request");
    size_t eol = std::min(text.find('\n', from), text.size());
    std::string first = trimmed(text.substr(from, eol - from));
    std::string content = eol < text.size() ? text.substr(eol + 1) : "";
    size_t space = first.find(' ');
    if (space == std::string::npos)
        throw SpecError("request line without a URI: " + first);
    size_t last = first.rfind(' ');
    if (!first.substr(last + 1).starts_with("HTTP/"))
        first += " HTTP/1.1";
    MoreHeaders more = more_of(more_headers);
    std::string bytes = first + "\r\n";
    if (!more.host)
        bytes += "Host: localhost\r\n";
    if (!more.connection)
        bytes += keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
    bytes += more.bytes;
    if (!content.empty() && !more.chunked && !more.length) {
        content = trimmed(content);
        bytes += "Content-Length: " + std::to_string(content.size()) + "\r\n";
    }
    return {first.substr(0, space), bytes + "\r\n" + content};
}

std::optional<std::string> Response::header(std::string_view name) const
{
    std::optional<std::string> joined;
    for (const auto& [key, value] : headers) {
        if (key.size() == name.size() && ::strncasecmp(key.data(), name.data(), key.size()) == 0)
            joined = joined ? *joined + ", " + value : value;
    }
    return joined;
}

Response parse_response(std::string_view& bytes, const std::string& method, bool closed)
{
    Response r;
    size_t end = bytes.find("\r\n\r\n");
    if (!bytes.starts_with("HTTP/1.") || end == std::string_view::npos) {
        r.body = bytes;
        r.complete = closed && !bytes.starts_with("HTTP/1.");
        r.cut_short = closed && bytes.starts_with("HTTP/1.");
        bytes = {};
        return r;
    }
    r.head = bytes.substr(0, end + 2);
    r.code = r.head.substr(9, 3);
    bytes.remove_prefix(end + 4);
    read_headers(r);
    take_body(bytes, r, method);
    bool framed = r.header("Content-Length") || r.header("Transfer-Encoding");
    if (!r.complete && !framed)
        r.complete = closed;
    r.cut_short = closed && !r.complete;
    return r;
}

}  // namespace sluice::runner
