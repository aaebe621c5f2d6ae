// SPDX-License-Identifier: Apache-2.0
#include "core/http/zones.h"

#include <fmt/format.h>

#include "core/http/config.h"

namespace sluice::http {

zone::Zone* declare_zone(conf::Apply& apply, size_t arg, const Module& owner, std::string_view key)
{
    std::string_view word = apply.arg(arg), text = word.substr(word.find('=') + 1);
    size_t colon = text.find(':');
    std::string_view name = text.substr(0, colon);
    auto size = colon == text.npos ? std::nullopt : conf::parse_size(text.substr(colon + 1));
    if (!size || *size > zone::Table::max_memory) {
        apply.fail_at(arg, fmt::format("invalid zone size \"{}\"", word), "write zone=NAME:SIZE");
        return nullptr;
    }
    if (*size < zone::Table::min_memory) {
        apply.fail_at(arg, fmt::format("zone \"{}\" is too small", word), "the least is 32k");
        return nullptr;
    }
    if (name.empty()) {
        apply.fail_at(arg, fmt::format("\"{}\" must have \"zone\" parameter", apply.name()),
                      "the zone has no name");
        return nullptr;
    }
    bool again = false;
    auto zone = http_block(apply).main.zones.declare(name, &owner, *size, key, again);
    if (!zone) {
        apply.fail_at(arg, zone.error());
        return nullptr;
    }
    if (again) {
        apply.fail_at(arg, fmt::format("{} \"{}\" is already bound to key \"{}\"", apply.name(),
                                       name, (*zone)->shape()));
        return nullptr;
    }
    return *zone;
}

zone::Zone* use_zone(conf::Apply& apply, size_t arg, std::string_view name, const Module& owner)
{
    Main& main = http_block(apply).main;
    auto zone = main.zones.use(name, &owner);
    if (!zone) {
        apply.fail_at(arg, zone.error());
        return nullptr;
    }
    size_t at = apply.arg(arg).size() - name.size();  // it ends the argument
    main.zone_uses.push_back({*zone, apply.place(arg, at)});
    return *zone;
}

void check_zones(const Main& main, conf::Diagnostics& diag)
{
    for (const auto& [zone, place] : main.zone_uses) {
        if (zone->size() != 0 || diag.doubtful(zone->name()))
            continue;
        std::vector<std::string> others;
        for (const auto& other : main.zones.all())
            if (other->size() != 0 && other->kind() == zone->kind())
                others.emplace_back(other->name());
        std::string near = conf::nearest_name(zone->name(), others);
        diag.error(place, fmt::format("zero size shared memory zone \"{}\"", zone->name()),
                   near.empty() ? "no directive declares it with zone=NAME:SIZE"
                                : fmt::format("did you mean \"{}\"?", near));
    }
}

}  // namespace sluice::http
