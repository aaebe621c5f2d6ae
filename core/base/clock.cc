// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace sluice {

Instant Clock::now_{0};
int64_t Clock::wall_ms_ = 0;

namespace {

constexpr const char* week_days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Texts {
    int64_t second = -1;
    char log[32], clf[40], iso[40], http[30];
};
Texts texts;

const Texts& current()
{
    int64_t second = Clock::wall_seconds();
    if (texts.second == second)
        return texts;
    texts.second = second;
    time_t t = second;
    tm local{};
    localtime_r(&t, &local);
    long offset = local.tm_gmtoff / 60;
    char sign = offset < 0 ? '-' : '+';
    unsigned minutes = static_cast<unsigned>(offset < 0 ? -offset : offset) % 6000;
    unsigned year = static_cast<unsigned>(local.tm_year + 1900) % 10000;
    auto two = [](int n) { return static_cast<unsigned>(n) % 100; };
    unsigned mon = two(local.tm_mon + 1), day = two(local.tm_mday);
    unsigned h = two(local.tm_hour), m = two(local.tm_min), s = two(local.tm_sec);
    std::snprintf(texts.log, sizeof texts.log, "%04u/%02u/%02u %02u:%02u:%02u", year, mon, day, h,
                  m, s);
    std::snprintf(texts.clf, sizeof texts.clf, "%02u/%s/%04u:%02u:%02u:%02u %c%02u%02u", day,
                  months[local.tm_mon], year, h, m, s, sign, minutes / 60, minutes % 60);
    std::snprintf(texts.iso, sizeof texts.iso, "%04u-%02u-%02uT%02u:%02u:%02u%c%02u:%02u", year,
                  mon, day, h, m, s, sign, minutes / 60, minutes % 60);
    format_http_time(second, texts.http);
    return texts;
}

}  // namespace

std::string_view Clock::log_time()
{
    return current().log;
}
std::string_view Clock::clf_time()
{
    return current().clf;
}
std::string_view Clock::iso_time()
{
    return current().iso;
}
std::string_view Clock::http_time()
{
    return current().http;
}

void Clock::set(Instant steady, int64_t wall_ms)
{
    now_ = steady;
    wall_ms_ = wall_ms;
}

namespace {

char* put_two(char* at, unsigned n)
{
    *at++ = static_cast<char>('0' + n / 10 % 10);
    *at++ = static_cast<char>('0' + n % 10);
    return at;
}

char* put_text(char* at, const char* text, size_t n)
{
    std::memcpy(at, text, n);
    return at + n;
}

}  // namespace

// By hand: with every file's head, snprintf and gmtime were a fifth of what a small file cost.
void format_http_time(int64_t seconds, char (&out)[30])
{
    using namespace std::chrono;
    constexpr int64_t first = -62135596800, last = 253402300799;  // of the years 1 and 9999
    sys_seconds t{std::chrono::seconds(std::clamp(seconds, first, last))};
    sys_days day = floor<days>(t);
    year_month_day date(day);
    auto clock = static_cast<unsigned>((t - day).count());
    auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    char* at = put_text(out, week_days[weekday(day).c_encoding()], 3);
    at = put_two(put_text(at, ", ", 2), static_cast<unsigned>(date.day()));
    *at++ = ' ';
    at = put_text(at, months[static_cast<unsigned>(date.month()) - 1], 3);
    *at++ = ' ';
    at = put_two(put_two(at, year / 100), year);
    *at++ = ' ';
    at = put_two(at, clock / 3600);
    *at++ = ':';
    at = put_two(at, clock / 60 % 60);
    *at++ = ':';
    at = put_two(at, clock % 60);
    put_text(at, " GMT", 5);  // with the NUL byte
}

int64_t parse_http_time(std::string_view text)
{
    text = text.substr(0, text.find(';'));
    char copy[64];
    if (text.size() >= sizeof copy)
        return -1;
    std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    // IMF-fixdate, RFC 850 and asctime, in the order in which they are met.
    for (const char* format :
         {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
        tm utc{};
        const char* end = strptime(copy, format, &utc);
        if (end && *end == '\0')
            return timegm(&utc);
    }
    return -1;
}

}  // namespace sluice
