// SPDX-License-Identifier: Apache-2.0
#include "core/http/request_line.h"

#include <algorithm>
#include <array>

#include "core/base/bytes.h"

namespace sluice::http {
namespace {

constexpr std::string_view on_line = " while reading client request line";

bool bad_request(ParseError& error)
{
    error = {400, "client sent invalid request", on_line};
    return false;
}

bool is_method(char c)
{
    return (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

constexpr std::array<bool, 256> target_bytes = [] {
    std::array<bool, 256> table{};
    for (int i = 0x21; i < 256; ++i)
        table[i] = i != 0x7f;
    return table;
}();

// reg-name without pct-encoded (RFC 3986 3.2.2): unreserved and sub-delims.
constexpr std::array<bool, 256> host_bytes = [] {
    std::array<bool, 256> table{};
    for (int i = 0; i < 128; ++i)
        table[i] = is_alpha(static_cast<char>(i)) || is_digit(static_cast<char>(i));
    for (char c : std::string_view("-._~!$&'()*+,;="))
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();

void skip_spaces(std::string_view& s)
{
    s.remove_prefix(std::min(s.find_first_not_of(' '), s.size()));
}

std::string_view take_digits(std::string_view& s)
{
    size_t n = 0;
    while (n < s.size() && is_digit(s[n]))
        ++n;
    std::string_view digits = s.substr(0, n);
    s.remove_prefix(n);
    return digits;
}

/// HTTP-version (RFC 9112 2.3), nginx's way: any 1.x is 1.1 but 1.0; leading zeros only in the
/// minor.
bool parse_version(std::string_view text, RequestHead& head, ParseError& error)
{
    if (text == "HTTP/1.1") {
        head.version = Version::http11;
        return true;
    }
    if (!text.starts_with("HTTP/"))
        return bad_request(error);
    text.remove_prefix(5);
    std::string_view major = take_digits(text);
    if (major.empty() || major[0] == '0' || text.empty() || text[0] != '.')
        return bad_request(error);
    if (major != "1") {
        error = {505, "client sent invalid version", on_line};
        return false;
    }
    text.remove_prefix(1);
    std::string_view minor = take_digits(text);
    skip_spaces(text);
    while (minor.size() > 1 && minor[0] == '0')
        minor.remove_prefix(1);
    if (minor.empty() || minor.size() > 3 || !text.empty())
        return bad_request(error);
    head.version = minor == "0" ? Version::http10 : Version::http11;
    return true;
}

/// "[...]" of an authority: IPv6address or IPvFuture, by their alphabets; its length, 0 when
/// malformed.
size_t ip_literal(std::string_view s)
{
    size_t close = s.find(']');
    if (close == std::string_view::npos || close < 3)
        return 0;
    std::string_view inner = s.substr(1, close - 1);
    bool future = to_lower(inner[0]) == 'v';
    for (char c : inner) {
        bool six = hex_value(c) >= 0 || c == ':' || c == '.';
        if (!(future ? host_bytes[static_cast<unsigned char>(c)] || c == ':' : six))
            return 0;
    }
    if (!future && std::count(inner.begin(), inner.end(), ':') < 2)
        return 0;
    return close + 1;
}

/// Bytes of `s` that make a reg-name or IPv4address.
size_t reg_name(std::string_view s)
{
    size_t n = 0;
    while (n < s.size()) {
        if (host_bytes[static_cast<unsigned char>(s[n])]) {
            if (s[n] == '.' && n + 1 < s.size() && s[n + 1] == '.')
                break;
            n += 1;
        } else if (s[n] == '%' && n + 2 < s.size() && hex_value(s[n + 1]) >= 0 &&
                   hex_value(s[n + 2]) >= 0) {
            n += 3;
        } else {
            break;
        }
    }
    return n;
}

}  // namespace

bool may_be_method(std::string_view start)
{
    size_t n = 0;
    while (n < start.size() && is_method(start[n]))
        ++n;
    return n == start.size() || (n > 0 && start[n] == ' ');
}

bool parse_request_line(std::string_view line, RequestHead& head, ParseError& error)
{
    size_t n = 0;
    while (n < line.size() && is_method(line[n]))
        ++n;
    if (n == 0 || n == line.size() || line[n] != ' ') {
        error = {400, "client sent invalid method", on_line};
        return false;
    }
    head.request_line = line;
    head.method = line.substr(0, n);
    head.method_id = method_id(head.method);

    std::string_view rest = line.substr(n);
    skip_spaces(rest);
    n = 0;
    while (n < rest.size() && target_bytes[static_cast<unsigned char>(rest[n])])
        ++n;
    if (n == 0 || (n < rest.size() && rest[n] != ' '))
        return bad_request(error);
    head.target = rest.substr(0, n);
    if (rest[0] != '/' && !is_alpha(rest[0]) && head.method_id != Method::connect)
        return bad_request(error);
    rest.remove_prefix(n);
    skip_spaces(rest);
    if (!rest.empty())
        return parse_version(rest, head, error);

    if (head.target[0] != '/' && head.target.find("://") == std::string_view::npos)
        return bad_request(error);  // no target of HTTP/0.9: who asks shall see a whole answer
    head.version = Version::http09;
    if (head.method_id != Method::get) {
        error = {400, "client sent invalid method in HTTP/0.9 request", on_line};
        return false;
    }
    return true;
}

bool parse_request_target(RequestHead& head, Arena& arena, ParseError& error)
{
    if (head.target[0] == '/') {
        head.path_and_query = head.target;
        return true;
    }
    if (head.method_id == Method::connect) {  // refused as a method once the head has been read
        head.path_and_query = head.target;
        return true;
    }
    std::string_view rest = head.target;
    size_t n = 0;
    while (n < rest.size() &&
           (is_alpha(rest[n]) ||
            (n > 0 && (is_digit(rest[n]) || rest[n] == '+' || rest[n] == '-' || rest[n] == '.'))))
        ++n;
    if (n == 0 || rest.substr(n, 3) != "://")
        return bad_request(error);
    head.schema = rest.substr(0, n);
    rest.remove_prefix(n + 3);

    n = std::min(rest.find_first_of("/?#"), rest.size());
    if (n < rest.size() && rest[n] == '#')
        return bad_request(error);
    if (!split_authority(rest.substr(0, n), arena, head.host, head.port)) {
        error = {400, "client sent invalid host in request line", on_line};
        return false;
    }
    rest.remove_prefix(n);
    if (rest.empty())
        head.path_and_query = "/";
    else
        head.path_and_query = rest[0] == '/' ? rest : arena.concat("/", rest);
    return true;
}

bool split_authority(std::string_view authority, Arena& arena, std::string_view& host,
                     std::string_view& port)
{
    if (authority.empty())
        return false;
    bool literal = authority[0] == '[';
    size_t n = literal ? ip_literal(authority) : reg_name(authority);
    std::string_view name = authority.substr(0, n), rest = authority.substr(n);
    if (!literal && !name.empty() && name.back() == '.')
        name.remove_suffix(1);
    if (name.empty())
        return false;
    std::string_view digits;
    if (!rest.empty()) {
        if (rest[0] != ':')
            return false;
        rest.remove_prefix(1);
        digits = take_digits(rest);
        if (!rest.empty() || parse_decimal(digits).value_or(0) > 65535 || digits.size() > 18)
            return false;
    }
    port = digits;
    host = name;
    if (std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
        char* lower = arena.chars(name.size());
        std::transform(name.begin(), name.end(), lower, to_lower);
        host = {lower, name.size()};
    }
    return true;
}

}  // namespace sluice::http
