// SPDX-License-Identifier: Apache-2.0
// Values of directives: texts with units into numbers, and parse() for the types that Setting<> may
// have out of the box: bool (on|off), integers, Size, std::chrono::milliseconds and seconds,
// std::string, and enums. An enum says its names by a function that ADL finds:
//   inline std::span<const std::pair<std::string_view, Mode>> enum_names(Mode*);
// parse() reports in nginx's words and returns false; the text functions only say nothing.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/conf/rows.h"

namespace sluice::conf {

/// A number of bytes: `10`, `8k`, `1m`, `2g`.
struct Size {
    uint64_t n = 0;
    auto operator<=>(const Size&) const = default;
};

/// nginx's sizes: digits and one of k K m M g G.
std::optional<uint64_t> parse_size(std::string_view text);
/// nginx's times: `1d 12h`, `1h30m`, `500ms`; a bare number is seconds.
std::optional<std::chrono::milliseconds> parse_ms(std::string_view text);
/// The same in whole seconds (years and months allowed, no ms).
std::optional<std::chrono::seconds> parse_seconds(std::string_view text);
/// Digits only, up to INT64_MAX.
std::optional<int64_t> parse_number(std::string_view text);

bool parse(Apply& apply, size_t i, bool& out);
bool parse(Apply& apply, size_t i, std::string& out);
bool parse(Apply& apply, size_t i, Size& out);
bool parse(Apply& apply, size_t i, std::chrono::milliseconds& out);
bool parse(Apply& apply, size_t i, std::chrono::seconds& out);

/// Reports `"NAME" directive invalid number` unless the argument is a number in [min, max].
bool parse_in_range(Apply& apply, size_t i, int64_t min, int64_t max, int64_t& out);

template <std::integral T>
requires(!std::same_as<T, bool>) bool parse(Apply& apply, size_t i, T& out)
{
    int64_t n = 0;
    int64_t max = std::in_range<int64_t>(std::numeric_limits<T>::max())
                      ? static_cast<int64_t>(std::numeric_limits<T>::max())
                      : INT64_MAX;
    if (!parse_in_range(apply, i, 0, max, n))
        return false;
    out = static_cast<T>(n);
    return true;
}

/// Reports an unknown name of an enum, with the names that there are as hint.
void fail_enum(Apply& apply, size_t i, const std::string& names);

template <class E>
requires(std::is_enum_v<E>&& requires {
    enum_names(static_cast<E*>(nullptr));
}) bool parse(Apply& apply, size_t i, E& out)
{
    std::string names;
    for (const auto& [name, value] : enum_names(static_cast<E*>(nullptr))) {
        if (iequals(name, apply.arg(i))) {
            out = value;
            return true;
        }
        names.append(names.empty() ? "" : ", ").append(name);
    }
    fail_enum(apply, i, names);
    return false;
}

}  // namespace sluice::conf
