// SPDX-License-Identifier: Apache-2.0
#include "modules/headers/expires.h"

#include <ctime>

namespace sluice::headers {
namespace {

constexpr int64_t day = 24 * 60 * 60;

// The next moment with that second of the local day.
int64_t next_daily(int64_t now, int64_t second_of_day)
{
    time_t t = now;
    tm local{};
    localtime_r(&t, &local);
    int64_t today = local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec;
    int64_t wait = second_of_day - today;
    return now + (wait <= 0 ? wait + day : wait);
}

}  // namespace

bool parse_expires(std::string_view text, bool modified, ExpiresRule& out, std::string_view& why)
{
    why = "invalid value";
    if (!modified) {
        for (auto [name, kind] : {std::pair{"off", ExpiresRule::off},
                                  {"epoch", ExpiresRule::epoch},
                                  {"max", ExpiresRule::max}})
            if (text == name) {
                out = {kind, 0};
                return true;
            }
    }
    bool minus = false, daily = false;
    if (text.starts_with('@')) {
        if (modified) {
            why = "daily time cannot be used with \"modified\" parameter";
            return false;
        }
        daily = true;
        text.remove_prefix(1);
    } else if (text.starts_with('+') || text.starts_with('-')) {
        minus = text.front() == '-';
        text.remove_prefix(1);
    }
    auto seconds = conf::parse_seconds(text);
    if (!seconds)
        return false;
    if (daily && seconds->count() > day) {
        why = "daily time value must be less than 24 hours";
        return false;
    }
    out.kind = daily ? ExpiresRule::daily : modified ? ExpiresRule::modified : ExpiresRule::access;
    out.seconds = minus ? -seconds->count() : seconds->count();
    return true;
}

bool make_expires(const ExpiresRule& rule, int64_t now, int64_t last_modified, Arena& arena,
                  ExpiresFields& out)
{
    int64_t at = now + rule.seconds;
    switch (rule.kind) {
    case ExpiresRule::off: return false;
    case ExpiresRule::epoch: out = {"Thu, 01 Jan 1970 00:00:01 GMT", "no-cache"}; return true;
    case ExpiresRule::max:
        out = {"Thu, 31 Dec 2037 23:55:55 GMT", "max-age=315360000"};
        return true;
    case ExpiresRule::daily: at = next_daily(now, rule.seconds); break;
    case ExpiresRule::modified:
        if (last_modified >= 0)
            at = last_modified + rule.seconds;
        break;
    case ExpiresRule::access: break;
    }
    char text[30];
    format_http_time(at, text);
    out.expires = arena.copy({text, 29});
    bool past = rule.kind == ExpiresRule::daily ? false : rule.seconds < 0;
    if (past || at < now) {
        out.cache_control = "no-cache";
        return true;
    }
    fmt::format_int age(at - now);
    out.cache_control = arena.concat("max-age=", std::string_view(age.data(), age.size()));
    return true;
}

bool Expires::evaluate(Request& r, ExpiresFields& out) const
{
    ExpiresRule rule = rule_;
    if (!text_.empty()) {
        std::string_view text = text_.eval(r), why;
        if (text.empty() || !parse_expires(text, modified_, rule, why))
            return false;
    }
    return make_expires(rule, Clock::wall_seconds(), r.out.last_modified, r.arena(), out);
}

bool parse(Apply& apply, size_t arg, Expires& out)
{
    bool modified = apply.size() == arg + 2;
    if (modified && apply.arg(arg) != "modified") {
        apply.fail_at(arg, "invalid value");
        return false;
    }
    size_t value = arg + modified;
    out.modified_ = modified;
    if (apply.arg(value).find('$') != std::string::npos)
        return http::parse(apply, value, out.text_);
    std::string_view why;
    if (parse_expires(apply.arg(value), modified, out.rule_, why))
        return true;
    apply.fail_at(value, fmt::format("\"{}\" directive {}", apply.name(), why));
    return false;
}

}  // namespace sluice::headers
