// SPDX-License-Identifier: Apache-2.0
// Of a response only a part, or not faster than a rate: ranges of answers that somebody else made,
// limit_rate.
#include <algorithm>

#include "core/base/clock.h"
#include "core/http/conditions.h"
#include "core/http/ranges.h"
#include "core/http/request.h"

namespace sluice::http {
// ---- ranges -------------------------------------------------------------------------------------

Rc Request::honour_range()
{
    bool whole = out.status == 200 && shown_status(200) == 200 && out.content_length >= 0;
    if (!whole || head.version == Version::http09)
        return next;
    int64_t modified = out.last_modified;
    if (!out.last_modified_text.empty())
        modified = parse_http_time(out.last_modified_text);
    std::string_view etag = out.headers.value(HeaderId::etag);
    ArenaVector<Range> ranges;
    auto verdict = RangeVerdict::whole;
    if (head.headers.has(HeaderId::range) && range_applies(head.headers, modified, etag))
        verdict = parse_ranges(head.headers.value(HeaderId::range), out.content_length, 1, arena_,
                               ranges);
    fmt::format_int size(out.content_length);
    std::string_view total(size.data(), size.size());
    if (verdict == RangeVerdict::unsatisfiable) {
        out.headers.set(arena_, HeaderId::content_range, arena_.concat("bytes */", total));
        return reply(416);
    }
    if (verdict == RangeVerdict::whole) {
        out.headers.set(arena_, HeaderId::accept_ranges, "bytes");
        return next;
    }
    fmt::format_int first(ranges[0].begin), last(ranges[0].end - 1);
    out.headers.set(arena_, HeaderId::content_range,
                    arena_.concat("bytes ", std::string_view(first.data(), first.size()), "-",
                                  std::string_view(last.data(), last.size()), "/", total));
    out.status = 206;
    out.reason = {};
    out.content_length = ranges[0].end - ranges[0].begin;
    range_skip_ = static_cast<uint64_t>(ranges[0].begin);
    range_left_ = static_cast<uint64_t>(out.content_length);
    shaped_ = ranged_ = true;
    return next;
}

// What of `s` lies in the range.
void Request::cut_to_range(buf::Slice& s)
{
    size_t skip = std::min<uint64_t>(s.size, range_skip_);
    range_skip_ -= skip;
    s.drop(skip);
    s.size = std::min<uint64_t>(s.size, range_left_);
    range_left_ -= s.size;
}

// ---- rates --------------------------------------------------------------------------------------

uint64_t Request::rate_of_location()
{
    if (limit_rate >= 0)
        return static_cast<uint64_t>(limit_rate);
    if (variables.has(main().limit_rate_variable)) {
        auto text = variables.get(*this, main().limit_rate_variable);
        return conf::parse_size(text.value_or("")).value_or(0);
    }
    const auto& rate = core().limit_rate;
    return rate.is_set() ? rate->eval(*this) : 0;
}

void Request::begin_pacing()
{
    const auto& after = core().limit_rate_after;
    pace_.start(rate_of_location(), after.is_set() ? after->eval(*this) : 0, Clock::now());
    shaped_ = shaped_ || pace_.limits();
}

Task<Rc> Request::write_shaped(std::span<buf::Slice> slices, bool last)
{
    if (ranged_)
        for (buf::Slice& s : slices)
            cut_to_range(s);
    if (!pace_.limits() || discard_body_)
        return write_now(slices, last);
    return write_paced(slices, last);
}

Task<Rc> Request::write_paced(std::span<buf::Slice> slices, bool last)
{
    for (size_t i = 0; i < slices.size(); ++i) {
        buf::Slice rest = slices[i];
        while (rest.size > 0) {
            ms wait{0};
            uint64_t n = pace_.allowance(bytes_sent(), rest.size, Clock::now(), wait);
            if (n == 0) {
                Rc slept = co_await sleep(wait);
                if (slept != next)
                    co_return cut_short();
                continue;
            }
            buf::Slice part = rest;
            part.size = n;
            rest.drop(n);
            Rc rc = co_await write_now(std::span(&part, 1), false);
            if (rc != next)
                co_return rc;
        }
    }
    co_return co_await write_now({}, last);
}

}  // namespace sluice::http
