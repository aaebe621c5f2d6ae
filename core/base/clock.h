// SPDX-License-Identifier: Apache-2.0
// The worker's clock: read once a turn of the event loop (os::update_clock) and by everybody from
// here. Steady time is for deadlines, wall time for logs and headers. Tests set it by hand.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace sluice {

using ms = std::chrono::milliseconds;

/// A point of steady time in whole milliseconds. Deadlines travel down, timeouts do not.
struct Instant {
    int64_t ticks = 0;

    auto operator<=>(const Instant&) const = default;
    Instant operator+(ms d) const { return {ticks + d.count()}; }
    ms operator-(Instant other) const { return ms{ticks - other.ticks}; }

    static constexpr Instant never() { return {INT64_MAX}; }
};

using Deadline = Instant;

class Clock
{
public:
    static Instant now() { return now_; }
    /// Milliseconds since the epoch.
    static int64_t wall_ms() { return wall_ms_; }
    static int64_t wall_seconds() { return wall_ms_ / 1000; }
    static Deadline in(ms timeout) { return now_ + timeout; }

    /// Texts of the current second, made once a second: views stay valid until the next set().
    static std::string_view log_time();  // 2026/11/21 08:48:28            local, error log
    static std::string_view clf_time();  // 21/Nov/2026:08:48:28 +0000     local, $time_local
    static std::string_view iso_time();  // 2026-11-21T08:48:28+00:00      local, $time_iso8601
    static std::string_view
    http_time();  // Sat, 21 Nov 2026 08:48:28 GMT  Date header, RFC 9110 5.6.7

    static void set(Instant steady, int64_t wall_ms);

private:
    static Instant now_;
    static int64_t wall_ms_;
};

/// IMF-fixdate of `seconds` since the epoch, 29 bytes into `out` (RFC 9110 5.6.7).
void format_http_time(int64_t seconds, char (&out)[30]);

/// Any of the three HTTP date forms; -1 when it is none.
int64_t parse_http_time(std::string_view text);

}  // namespace sluice
