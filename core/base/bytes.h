// SPDX-License-Identifier: Apache-2.0
// Byte views and the small questions asked of them. ASCII only: HTTP's syntax is (RFC 9110 5.6.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

constexpr char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
inline std::string lower(std::string_view s)
{
    std::string out(s);
    for (char& c : out)
        c = to_lower(c);
    return out;
}
constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c)
{
    return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}
/// A control byte that no text may hold: all but HTAB (RFC 9110 5.5, RFC 9112 4).
constexpr bool is_control(char c)
{
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

/// Value of a hexadecimal digit, -1 when it is none.
constexpr int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = to_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

constexpr bool iequals(std::string_view a, std::string_view b)
{
    if (a.size() != b.size())
        return false;
    for (size_t i = 0; i < a.size(); ++i)
        if (to_lower(a[i]) != to_lower(b[i]))
            return false;
    return true;
}

constexpr bool istarts_with(std::string_view text, std::string_view prefix)
{
    return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

/// Without optional white space (SP, HTAB) at both ends.
constexpr std::string_view trim(std::string_view s)
{
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t'))
        s.remove_prefix(1);
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t'))
        s.remove_suffix(1);
    return s;
}

/// A decimal number of digits only; nothing when empty, not a number or above INT64_MAX.
constexpr std::optional<int64_t> parse_decimal(std::string_view s)
{
    if (s.empty())
        return std::nullopt;
    int64_t n = 0;
    for (char c : s) {
        if (!is_digit(c) || n > (INT64_MAX - (c - '0')) / 10)
            return std::nullopt;
        n = n * 10 + (c - '0');
    }
    return n;
}

/// Cuts the next element of a comma-separated list (RFC 9110 5.6.1) off `list`, trimmed; empty
/// elements are skipped. False at the end.
constexpr bool next_element(std::string_view& list, std::string_view& element)
{
    while (!list.empty()) {
        size_t comma = list.find(',');
        element = trim(list.substr(0, comma));
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        if (!element.empty())
            return true;
    }
    return false;
}

/// Does a comma-separated list hold this element, in any case?
constexpr bool list_has(std::string_view list, std::string_view element)
{
    std::string_view one;
    while (next_element(list, one))
        if (iequals(one, element))
            return true;
    return false;
}

}  // namespace sluice
