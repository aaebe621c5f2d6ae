// SPDX-License-Identifier: Apache-2.0
#include "core/http/conditions.h"

#include "core/base/bytes.h"
#include "core/base/clock.h"

namespace sluice::http {

std::span<const std::pair<std::string_view, IfModified>> enum_names(IfModified*)
{
    static constexpr std::pair<std::string_view, IfModified> names[] = {
        {"off", IfModified::off}, {"exact", IfModified::exact}, {"before", IfModified::before}};
    return names;
}

namespace {

bool is_modified(const Headers& fields, IfModified rule, int64_t modified)
{
    if (rule == IfModified::off || modified < 0)
        return true;
    int64_t seen = parse_http_time(fields.value(HeaderId::if_modified_since));
    if (seen == modified)
        return false;
    return rule == IfModified::exact || seen < modified;
}

}  // namespace

bool matches_etag(std::string_view list, std::string_view etag, bool weak)
{
    if (list == "*")
        return true;
    if (etag.starts_with("W/")) {
        if (!weak)
            return false;
        etag.remove_prefix(2);
    }
    if (etag.empty())
        return false;
    while (!list.empty()) {
        list = trim(list);
        bool is_weak = list.starts_with("W/");
        if (is_weak)
            list.remove_prefix(2);
        if (list.starts_with(etag) && (!is_weak || weak)) {
            std::string_view rest = trim(list.substr(etag.size()));
            if (rest.empty() || rest.front() == ',')
                return true;
        }
        size_t comma = list.find(',');
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    }
    return false;
}

int check_conditions(const Headers& fields, IfModified rule, int64_t modified,
                     std::string_view etag)
{
    if (fields.has(HeaderId::if_unmodified_since)) {
        int64_t limit = parse_http_time(fields.value(HeaderId::if_unmodified_since));
        if (modified < 0 || modified > limit)
            return 412;
    }
    if (fields.has(HeaderId::if_match) &&
        !matches_etag(fields.value(HeaderId::if_match), etag, false))
        return 412;
    bool since = fields.has(HeaderId::if_modified_since),
         none_match = fields.has(HeaderId::if_none_match);
    if (!since && !none_match)
        return 200;
    if (since && is_modified(fields, rule, modified))
        return 200;
    if (none_match && !matches_etag(fields.value(HeaderId::if_none_match), etag, true))
        return 200;
    return 304;
}

bool range_applies(const Headers& fields, int64_t modified, std::string_view etag)
{
    if (!fields.has(HeaderId::range))
        return false;
    if (!fields.has(HeaderId::if_range))
        return true;
    std::string_view value = fields.value(HeaderId::if_range);
    if (value.ends_with('"'))
        return !etag.empty() && value == etag;
    return modified >= 0 && parse_http_time(value) == modified;
}

}  // namespace sluice::http
