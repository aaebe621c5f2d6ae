// SPDX-License-Identifier: Apache-2.0
// The leaky bucket of limit_req: each request pours one in, the rate lets it out. Counted in
// 60 000ths of a request, so that r/s and r/m are whole numbers a millisecond and nothing is lost
// by rounding, however often it is asked.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace sluice::limit_req {

/// 60 000ths of a request.
using Amount = int64_t;
inline constexpr Amount one = 60000;
inline constexpr int64_t most_requests = std::numeric_limits<Amount>::max() / one / 2;

struct Rate {
    Amount per_ms = 60;  // 60: 1r/s; 1: 1r/m
};

/// `10r/s`, `30r/m`: at least 1.
std::optional<Rate> parse_rate(std::string_view text);

/// Lies in a zone: zero bytes and any mix of two states are a good one.
struct Bucket {
    int64_t last_ms = 0;  // steady time of the last request that was let in
    Amount excess = 0;    // what was too much then

    /// What would be too much with one request more. The clock of another worker may be a little
    /// ahead of ours: then no time has passed.
    Amount with_one_more(Rate rate, int64_t now_ms) const
    {
        int64_t elapsed = std::max<int64_t>(now_ms - last_ms, 0);
        Amount all = excess + one;
        return elapsed > all / rate.per_ms ? 0 : all - elapsed * rate.per_ms;
    }
    void take(Amount new_excess, int64_t now_ms)
    {
        last_ms = std::max(last_ms, now_ms);
        excess = new_excess;
    }
    /// Nothing is left in it.
    bool is_empty(Rate rate, int64_t now_ms) const
    {
        return now_ms - last_ms > excess / rate.per_ms;
    }
};
static_assert(sizeof(Bucket) <= 16);

/// One `limit_req` line.
struct Tolerance {
    Amount burst = 0;    // more than that is refused
    Amount at_once = 0;  // more than that waits

    bool refuses(Amount excess) const { return excess > burst; }
    /// Milliseconds until it would not be too much.
    int64_t delay(Amount excess, Rate rate) const
    {
        return excess <= at_once ? 0 : (excess - at_once) / rate.per_ms;
    }
};

/// For logs: thousandths, rounded up.
constexpr int64_t thousandths(Amount excess)
{
    return (excess + 59) / 60;
}

}  // namespace sluice::limit_req
