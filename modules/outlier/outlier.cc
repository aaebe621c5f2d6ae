// SPDX-License-Identifier: Apache-2.0
// outlier: servers that answer worse than the others of their group rest for a while.
#include "modules/outlier/outlier.h"

#include "core/base/bytes.h"
#include "core/http/module.h"
#include "core/upstream/group_block.h"

namespace sluice::outlier {
namespace {

using upstream::Peer;

constexpr uint32_t longest = 10;  // times `rest`

bool parse_percent(std::string_view text, uint32_t& out)
{
    auto n = text.ends_with('%') ? parse_decimal(text.substr(0, text.size() - 1)) : std::nullopt;
    if (!n || *n < 1 || *n > 100)
        return false;
    out = static_cast<uint32_t>(*n);
    return true;
}

// "3" or "2.5"; above 1.
bool parse_factor(std::string_view text, double& out)
{
    size_t dot = text.find('.');
    auto whole = parse_decimal(text.substr(0, dot));
    auto tenth = dot == text.npos ? std::optional<int64_t>(0) : parse_decimal(text.substr(dot + 1));
    if (!whole || !tenth || *whole > 1000 || *tenth > 9)
        return false;
    out = static_cast<double>(*whole) + static_cast<double>(*tenth) / 10;
    return out > 1;
}

bool parse_time(std::string_view text, ms& out)
{
    auto time = conf::parse_ms(text);
    if (time)
        out = *time;
    return time && time->count() > 0;
}

bool parse_word(std::string_view word, Rules& rules)
{
    std::string_view name = word.substr(0, word.find('='));
    std::string_view value = word.substr(std::min(word.size(), name.size() + 1));
    if (name == "5xx")
        return parse_percent(value, rules.bad_percent);
    if (name == "panic")
        return parse_percent(value, rules.panic_percent);
    if (name == "latency")
        return parse_factor(value, rules.slow_factor);
    if (name == "interval")
        return parse_time(value, rules.interval);
    if (name == "rest")
        return parse_time(value, rules.rest);
    if (name != "min")
        return false;
    auto n = parse_decimal(value);
    rules.least = static_cast<uint32_t>(n.value_or(0));
    return n && *n >= 1 && *n <= INT32_MAX;
}

// outlier [on] [5xx=N%] [latency=F] [min=N] [interval=TIME] [rest=TIME] [panic=N%] | off
void set(Apply& apply)
{
    if (apply.size() == 1 && apply.arg(0) == "off")
        return upstream::group_block(apply).group.judge_with(nullptr);
    Rules rules;
    for (size_t i = apply.arg(0) == "on"; i < apply.size(); ++i)
        if (!parse_word(apply.arg(i), rules))
            return apply.fail_at(i, fmt::format("invalid parameter \"{}\"", apply.arg(i)));
    upstream::group_block(apply).group.judge_with(std::make_unique<Judge>(rules));
}

constexpr Directive directives[] = {{"outlier", in_upstream, 1, 6, conf::run<set>}};

}  // namespace

void Judge::ended(Peer& peer, int status, ms, const std::vector<Peer*>& peers)
{
    upstream::PeerState& state = peer.state();
    ++state.window_answers;
    if (status == 0 || status >= 500)
        ++state.window_bad;
    Instant now = Clock::now();
    int64_t began = state.window_began;
    if (now.ticks - began < rules_.interval.count() ||
        !state.window_began.compare_exchange_strong(began, now.ticks))
        return;
    uint32_t answers = state.window_answers.exchange(0), bad = state.window_bad.exchange(0);
    if (began == 0 || answers < rules_.least)
        return;
    if (!is_outlier(peer, answers, bad, peers)) {
        state.ejections = 0;
        return;
    }
    if (!may_eject(now, peers))
        return;
    uint32_t times = std::min(state.ejections + 1, longest);
    state.ejections = times;
    state.ejected_until = now.ticks + rules_.rest.count() * times;
    state.recovered_at = state.ejected_until.load();  // slow_start counts from there
}

bool Judge::is_outlier(const Peer& peer, uint32_t answers, uint32_t bad,
                       const std::vector<Peer*>& peers) const
{
    if (rules_.bad_percent && uint64_t{bad} * 100 >= uint64_t{answers} * rules_.bad_percent)
        return true;
    if (rules_.slow_factor == 0)
        return false;
    std::vector<uint32_t> averages;
    for (const Peer* p : peers)
        if (uint32_t us = p->state().last_byte_us)
            averages.push_back(us);
    if (averages.size() < 3)
        return false;  // of two, nobody knows which one is unusual
    auto middle = averages.begin() + static_cast<ptrdiff_t>(averages.size() / 2);
    std::nth_element(averages.begin(), middle, averages.end());
    // Times are whole milliseconds: below two of them nothing can be said.
    double median = std::max<double>(*middle, 2000);
    return peer.state().last_byte_us > median * rules_.slow_factor;
}

// Not when too many are away already: then it is the load, or something that all need.
bool Judge::may_eject(Instant now, const std::vector<Peer*>& peers) const
{
    size_t all = 0, away = 1;
    for (const Peer* p : peers) {
        if (p->down || p->backup)
            continue;
        ++all;
        away += p->unhealthy() || p->resting(now);
    }
    return away * 100 <= all * rules_.panic_percent && away < all;
}

extern const Module module;
const Module module{.name = "outlier", .directives = directives};

}  // namespace sluice::outlier
