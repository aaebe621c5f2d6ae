// SPDX-License-Identifier: Apache-2.0
#include "core/conf/values.h"

#include <fmt/format.h>

#include "core/base/bytes.h"

namespace sluice::conf {

namespace {

struct Unit {
    int64_t seconds;
    int rank;  // units must come in falling size
};

enum Rank { years, months, weeks, days, hours, minutes, seconds, millis, bare };

/// The unit at text[i], stepping over it; rank -1 when it is none.
Unit unit_at(std::string_view text, size_t& i)
{
    char c = text[i++];
    switch (c) {
    case 'y': return {31536000, years};
    case 'M': return {2592000, months};
    case 'w': return {604800, weeks};
    case 'd': return {86400, days};
    case 'h': return {3600, hours};
    case 'm':
        if (i < text.size() && text[i] == 's') {
            ++i;
            return {0, millis};
        }
        return {60, minutes};
    case 's': return {1, seconds};
    case ' ':  // ends a bare number
        return {1, bare};
    default: return {0, -1};
    }
}

bool add_scaled(int64_t& total, int64_t n, int64_t scale)
{
    int64_t product;
    return !__builtin_mul_overflow(n, scale, &product) &&
           !__builtin_add_overflow(total, product, &total);
}

/// nginx's grammar, which is laxer than its documentation: a unit without digits counts as zero as
/// long as there are digits somewhere ("h1"), and a bare number may end the text ("1h30"). `scale`
/// is the number of units of the result in a second.
std::optional<int64_t> parse_time(std::string_view text, int64_t scale)
{
    bool in_ms = scale != 1;
    int64_t total = 0, n = 0;
    bool digits = false;
    int next = in_ms ? weeks : years;
    for (size_t i = 0; i < text.size();) {
        if (is_digit(text[i])) {
            if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, text[i] - '0', &n))
                return std::nullopt;
            digits = true;
            ++i;
            continue;
        }
        Unit unit = unit_at(text, i);
        // A bare number followed by a space is seconds, and nothing but a bare number comes after.
        if ((unit.rank == bare ? seconds : unit.rank) < next || (unit.rank == millis && !in_ms))
            return std::nullopt;
        if (!add_scaled(total, n, unit.rank == millis ? 1 : unit.seconds * scale))
            return std::nullopt;
        next = unit.rank + 1;
        n = 0;
        while (i < text.size() && text[i] == ' ')
            ++i;
    }
    if (!digits || !add_scaled(total, n, scale))
        return std::nullopt;
    return total;
}

}  // namespace

std::optional<uint64_t> parse_size(std::string_view text)
{
    if (text.empty())
        return std::nullopt;
    int64_t scale = 1;
    switch (to_lower(text.back())) {
    case 'k': scale = 1024; break;
    case 'm': scale = 1024 * 1024; break;
    case 'g': scale = 1024 * 1024 * 1024; break;
    default:;
    }
    if (scale != 1)
        text.remove_suffix(1);
    std::optional<int64_t> n = parse_decimal(text);
    int64_t total = 0;
    if (!n || !add_scaled(total, *n, scale))
        return std::nullopt;
    return static_cast<uint64_t>(total);
}

std::optional<std::chrono::milliseconds> parse_ms(std::string_view text)
{
    if (std::optional<int64_t> n = parse_time(text, 1000))
        return std::chrono::milliseconds(*n);
    return std::nullopt;
}

std::optional<std::chrono::seconds> parse_seconds(std::string_view text)
{
    if (std::optional<int64_t> n = parse_time(text, 1))
        return std::chrono::seconds(*n);
    return std::nullopt;
}

std::optional<int64_t> parse_number(std::string_view text)
{
    return parse_decimal(text);
}

bool parse(Apply& apply, size_t i, bool& out)
{
    const std::string& text = apply.arg(i);
    if (iequals(text, "on"))
        out = true;
    else if (iequals(text, "off"))
        out = false;
    else {
        apply.fail_at(
            i, fmt::format("invalid value \"{}\" in \"{}\" directive, it must be \"on\" or \"off\"",
                           text, apply.name()));
        return false;
    }
    return true;
}

bool parse(Apply& apply, size_t i, std::string& out)
{
    out = apply.arg(i);
    return true;
}

bool parse(Apply& apply, size_t i, Size& out)
{
    std::optional<uint64_t> n = parse_size(apply.arg(i));
    if (n)
        out.n = *n;
    else
        apply.fail_directive_at(i, "invalid value", "a size is a number with k, m or g, as in 8k");
    return n.has_value();
}

bool parse(Apply& apply, size_t i, std::chrono::milliseconds& out)
{
    std::optional<std::chrono::milliseconds> t = parse_ms(apply.arg(i));
    if (t)
        out = *t;
    else
        apply.fail_directive_at(i, "invalid value",
                                "a time is a number with w, d, h, m, s or ms, as in 1m30s");
    return t.has_value();
}

bool parse(Apply& apply, size_t i, std::chrono::seconds& out)
{
    std::optional<std::chrono::seconds> t = parse_seconds(apply.arg(i));
    if (t)
        out = *t;
    else
        apply.fail_directive_at(i, "invalid value",
                                "a time is a number with y, M, w, d, h, m or s, as in 1h30m");
    return t.has_value();
}

bool parse_in_range(Apply& apply, size_t i, int64_t min, int64_t max, int64_t& out)
{
    std::optional<int64_t> n = parse_number(apply.arg(i));
    if (!n || *n < min || *n > max) {
        apply.fail_directive_at(i, "invalid number",
                                n ? fmt::format("it must be {} to {}", min, max) : "");
        return false;
    }
    out = *n;
    return true;
}

void fail_enum(Apply& apply, size_t i, const std::string& names)
{
    apply.fail_at(i, fmt::format("invalid value \"{}\"", apply.arg(i)), "it may be: " + names);
}

}  // namespace sluice::conf
