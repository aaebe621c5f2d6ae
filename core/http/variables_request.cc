// SPDX-License-Identifier: Apache-2.0
// Variables of what the client sent: target, fields, body.
#include <algorithm>

#include "core/base/arena_text.h"
#include "core/http/connection.h"
#include "core/http/variables_core.h"

namespace sluice::http {
namespace {

Value field(Request& r, HeaderId id)
{
    const Header* header = r.head.headers.find(id);
    return header ? Value{header->value} : std::nullopt;
}

// ?name=value: the first one, without regard to case, not decoded.
Value arg_value(Request& r, std::string_view name)
{
    for (std::string_view rest = r.args; !rest.empty();) {
        size_t end = rest.find('&');
        std::string_view pair = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        size_t equals = pair.find('=');
        if (equals != std::string_view::npos && iequals(pair.substr(0, equals), name))
            return pair.substr(equals + 1);
    }
    return std::nullopt;
}

// The value after NAME and '=' in one Cookie field: names begin at the start and behind ; or , and
// a value goes on to the next ; (what browsers send, read as nginx reads it).
Value find_cookie(std::string_view text, std::string_view name)
{
    while (!text.empty()) {
        while (!text.empty() && text.front() == ' ')
            text.remove_prefix(1);
        if (istarts_with(text, name)) {
            std::string_view rest = text.substr(name.size());
            while (!rest.empty() && rest.front() == ' ')
                rest.remove_prefix(1);
            if (!rest.empty() && rest.front() == '=') {
                rest.remove_prefix(1);
                while (!rest.empty() && rest.front() == ' ')
                    rest.remove_prefix(1);
                return rest.substr(0, rest.find(';'));
            }
        }
        size_t end = text.find_first_of(";,");
        if (end == std::string_view::npos)
            break;
        text.remove_prefix(end + 1);
    }
    return std::nullopt;
}

}  // namespace

Value cookie_value(Request& r, std::string_view name)
{
    for (const Header& header : r.head.headers)
        if (header.id == HeaderId::cookie)
            if (Value value = find_cookie(header.value, name))
                return value;
    return std::nullopt;
}

namespace {

Value http_value(Request& r, std::string_view name)
{
    return joined_field(r, r.head.headers, name, name == "cookie" ? "; " : ", ");
}

int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Up to the first colon of Basic credentials (RFC 7617).
Value remote_user(Request& r, const void*)
{
    std::string_view value = r.head.headers.value(HeaderId::authorization);
    if (!istarts_with(value, "basic "))
        return std::nullopt;
    value = trim(value.substr(6));
    ArenaText user(r.arena(), value.size() + 1);
    uint32_t bits = 0;
    int have = 0;
    for (char c : value) {
        int digit = base64_digit(c);
        if (c == '=')
            break;
        if (digit < 0)
            return std::nullopt;
        bits = bits << 6 | static_cast<uint32_t>(digit);
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        char decoded = static_cast<char>(bits >> have);
        if (decoded == ':')
            return user.size() ? Value{user.view()} : std::nullopt;
        user.push_back(decoded);
    }
    return std::nullopt;
}

Value host(Request& r, const void*)
{
    return r.head.host.empty() ? std::string_view(r.server->first_name) : r.head.host;
}

// As the client wrote it: the last word of the request line.
Value protocol(Request& r, const void*)
{
    if (r.head.version == Version::http09)
        return std::nullopt;
    std::string_view line = r.head.request_line;
    while (line.ends_with(' '))
        line.remove_suffix(1);
    size_t space = line.rfind(' ');
    return space == std::string_view::npos ? version_name(r.head.version) : line.substr(space + 1);
}

// Of a line that could not be read: what there is of it.
Value request_line(Request& r, const void*)
{
    if (!r.head.request_line.empty())
        return r.head.request_line;
    std::string_view text = r.c.in.view();
    text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
    return text.substr(0, text.find_first_of("\r\n"));
}

Value request_body(Request& r, const void*)
{
    if (!r.body.stored())
        return std::nullopt;
    std::string_view text = r.body.stored_text();
    return text.empty() ? std::nullopt : Value{text};
}

Value optional(std::string_view s)
{
    return s.empty() ? std::nullopt : Value{s};
}

// Without any it is not there: "-" in a log.
Value args(Request& r, const void*)
{
    return optional(r.args);
}

// A request line that could not be read leaves none of them.
Value uri(Request& r, const void*)
{
    return optional(r.uri);
}

// Of a body in chunks it is known once that has been read; a subrequest has none of its own.
Value content_length(Request& r, const void*)
{
    if (r.body.stored() && !r.body.absent())
        return arena_format(r, "{}", r.body.stored_size());
    return r.parent && r.body.absent() ? std::nullopt : field(r, HeaderId::content_length);
}

}  // namespace

bool is_field_variable(std::string_view field_name, std::string_view name)
{
    if (field_name.size() != name.size())
        return false;
    for (size_t i = 0; i < name.size(); ++i)
        if ((field_name[i] == '-' ? '_' : to_lower(field_name[i])) != name[i])
            return false;
    return true;
}

Value joined_field(Request& r, const Headers& headers, std::string_view name,
                   std::string_view separator)
{
    const Header* first = nullptr;
    size_t lines = 0;
    for (const Header& header : headers)
        if (is_field_variable(header.name, name) && lines++ == 0)
            first = &header;
    if (!first)
        return std::nullopt;
    if (lines == 1)
        return first->value;
    ArenaText text(r.arena());
    for (const Header& header : headers)
        if (is_field_variable(header.name, name)) {
            if (&header != first)
                text.append(separator);
            text.append(header.value);
        }
    return text.view();
}

void define_request_variables(Variables& v)
{
    v.define_prefix("arg_", arg_value, true);
    v.define_prefix("cookie_", cookie_value);
    v.define_prefix("http_", http_value);

    auto fixed = [&v](std::string_view name, Variables::Get get, bool is_volatile = false) {
        v.define(name, get, nullptr, is_volatile, false);
    };
    v.define("args", args, nullptr, true, true);
    fixed("query_string", args, true);
    fixed(
        "is_args", [](Request& r, const void*) -> Value { return r.args.empty() ? "" : "?"; },
        true);
    fixed("uri", uri, true);
    fixed("document_uri", uri, true);
    fixed("request_uri", [](Request& r, const void*) { return optional(r.unparsed_uri); });
    fixed("request", request_line);
    fixed(
        "request_method", [](Request& r, const void*) { return optional(r.main_request().method); },
        true);
    fixed("request_id", [](Request& r, const void*) -> Value { return r.id(); });
    fixed("request_body", request_body, true);
    fixed(
        "request_length",
        [](Request& r, const void*) -> Value {
            return arena_format(r, "{}", r.head.head_size + r.body.received_raw());
        },
        true);
    fixed("host", host);
    fixed("request_port", [](Request& r, const void*) -> Value { return r.head.port; });
    fixed("is_request_port",
          [](Request& r, const void*) -> Value { return r.head.port.empty() ? "" : ":"; });
    fixed("server_protocol", protocol);
    fixed("remote_user", remote_user);
    fixed("content_length", content_length, true);
    fixed("content_type", [](Request& r, const void*) { return field(r, HeaderId::content_type); });
}

}  // namespace sluice::http
