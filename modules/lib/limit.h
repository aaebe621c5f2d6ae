// SPDX-License-Identifier: Apache-2.0
// What modules that refuse requests have in common: the status and the log level of a refusal, and
// what became of a request, once for all of its internal redirects ($limit_..._status).
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/http/module.h"

namespace sluice::limit {

/// 400 to 599.
struct Status {
    int code = 503;
};

inline bool parse(conf::Apply& apply, size_t i, Status& out)
{
    auto n = conf::parse_number(apply.arg(i));
    if (!n) {
        apply.fail_directive_at(i, "invalid number");
        return false;
    }
    if (*n < 400 || *n > 599) {
        apply.fail_at(i, "value must be between 400 and 599");
        return false;
    }
    out.code = static_cast<int>(*n);
    return true;
}

/// Of refusals; what is less than a refusal is logged a level below, at least as info.
struct LogAt {
    Level level = Level::error;
    Level less() const
    {
        return level == Level::info ? level : static_cast<Level>(static_cast<int>(level) + 1);
    }
};

inline bool parse(conf::Apply& apply, size_t i, LogAt& out)
{
    Level level{};
    if (!level_from_name(apply.arg(i), level) || level < Level::error || level > Level::info) {
        apply.fail_at(i, fmt::format("invalid value \"{}\"", apply.arg(i)),
                      "info, notice, warn or error");
        return false;
    }
    out.level = level;
    return true;
}

/// What a module keeps of its zones, a Z each with the member `zone`. A zone may be used before the
/// line that declares it: then the rest of its Z is filled in later.
template <class Z>
struct Zones {
    std::vector<std::unique_ptr<Z>> list;
    Z& of(zone::Zone* zone)
    {
        for (auto& known : list)
            if (known->zone == zone)
                return *known;
        list.push_back(std::make_unique<Z>());
        list.back()->zone = zone;
        return *list.back();
    }
};

enum class Outcome : uint8_t { passed, delayed, delayed_dry_run, rejected, rejected_dry_run };

constexpr std::string_view text_of(Outcome outcome)
{
    constexpr std::array<std::string_view, 5> names = {"PASSED", "DELAYED", "DELAYED_DRY_RUN",
                                                       "REJECTED", "REJECTED_DRY_RUN"};
    return names[static_cast<size_t>(outcome)];
}

/// Kept in the main request's slot, which lasts (Module::slot_lasts): subrequests do not count
/// again. Null: no limit applied yet.
inline const Outcome* outcome_of(Request& r, const Module& module)
{
    return r.main_request().slot<Outcome>(module);
}

inline void decide(Request& r, const Module& module, Outcome outcome)
{
    r.main_request().slot<Outcome>(module) = r.arena().make<Outcome>(outcome);
}

/// The variable's getter.
template <const Module& M>
http::Value status_variable(Request& r, const void*)
{
    const Outcome* outcome = outcome_of(r, M);
    return outcome ? http::Value(text_of(*outcome)) : std::nullopt;
}

/// Seconds of steady time, for Table::touch().
inline uint32_t now_seconds()
{
    return static_cast<uint32_t>(Clock::now().ticks / 1000);
}

}  // namespace sluice::limit
