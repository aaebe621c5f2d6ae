// SPDX-License-Identifier: Apache-2.0
#include "core/http/ranges.h"

#include <algorithm>

#include "core/base/bytes.h"

namespace sluice::http {
namespace {

// One "a-b", "a-" or "-n". False: malformed.
bool parse_one(std::string_view text, int64_t size, Range& out)
{
    size_t dash = text.find('-');
    if (dash == std::string_view::npos)
        return false;
    std::string_view first = trim(text.substr(0, dash)), last = trim(text.substr(dash + 1));
    if (first.empty()) {
        if (text.substr(dash + 1).starts_with(' '))
            return false;  // as nginx; elsewhere spaces are skipped
        auto n = parse_decimal(last);
        if (!n)
            return false;
        out = {size - std::min(*n, size), size};
        return true;
    }
    auto begin = parse_decimal(first);
    if (!begin)
        return false;
    if (last.empty()) {
        out = {*begin, size};
        return true;
    }
    auto end = parse_decimal(last);
    if (!end)
        return false;
    out = {*begin, *end >= size ? size : *end + 1};
    return true;
}

}  // namespace

RangeVerdict parse_ranges(std::string_view value, int64_t size, size_t max, Arena& arena,
                          ArenaVector<Range>& out)
{
    constexpr std::string_view unit = "bytes=";
    if (max == 0 || value.size() <= unit.size() || !istarts_with(value, unit))
        return RangeVerdict::whole;
    value.remove_prefix(unit.size());
    int64_t total = 0;
    for (bool more = true; more;) {
        size_t comma = value.find(',');
        more = comma != std::string_view::npos;
        Range range{};
        if (!parse_one(value.substr(0, comma), size, range))
            return RangeVerdict::unsatisfiable;
        value = more ? value.substr(comma + 1) : std::string_view{};
        if (range.begin >= range.end) {
            if (range.begin == 0)
                return RangeVerdict::whole;  // of an empty body
            continue;
        }
        if (out.size() == max)
            return RangeVerdict::whole;
        out.push(arena, range);
        total += range.end - range.begin;
        if (total > size)
            return RangeVerdict::whole;
    }
    return out.empty() ? RangeVerdict::unsatisfiable : RangeVerdict::partial;
}

}  // namespace sluice::http
