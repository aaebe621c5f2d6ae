// SPDX-License-Identifier: Apache-2.0
#include "core/http/location.h"

#include <algorithm>

#include "core/http/config.h"

namespace sluice::http {

LocationTree::Added LocationTree::add(Location& location)
{
    switch (location.kind) {
    case Location::exact: return exact_.emplace(location.name, &location).second ? ok : duplicate;
    case Location::regex: regexes_.push_back(&location); return ok;
    default:
        if (!names_.insert(location.name).second)
            return duplicate;
        prefixes_.push_back({&location, -1});
        return ok;
    }
}

void LocationTree::build()
{
    std::sort(prefixes_.begin(), prefixes_.end(),
              [](const Prefix& a, const Prefix& b) { return a.location->name < b.location->name; });
    // In sorted order the nearest prefix of a name is its predecessor or one of that one's parents.
    for (int i = 1; i < static_cast<int>(prefixes_.size()); ++i) {
        std::string_view name = prefixes_[static_cast<size_t>(i)].location->name;
        int p = i - 1;
        while (p >= 0 && !name.starts_with(prefixes_[static_cast<size_t>(p)].location->name))
            p = prefixes_[static_cast<size_t>(p)].parent;
        prefixes_[static_cast<size_t>(i)].parent = p;
    }
}

const Location* LocationTree::longest_prefix(std::string_view uri) const
{
    auto after =
        std::upper_bound(prefixes_.begin(), prefixes_.end(), uri,
                         [](std::string_view u, const Prefix& p) { return u < p.location->name; });
    // Everything between the longest prefix and the URI, in order, begins with that prefix.
    auto i = static_cast<int>(after - prefixes_.begin()) - 1;
    while (i >= 0 && !uri.starts_with(prefixes_[static_cast<size_t>(i)].location->name))
        i = prefixes_[static_cast<size_t>(i)].parent;
    return i < 0 ? nullptr : prefixes_[static_cast<size_t>(i)].location;
}

LocationMatch LocationTree::find(std::string_view uri, Captures& captures) const
{
    if (auto exact = exact_.find(uri); exact != exact_.end())
        return {.location = exact->second, .final = true};
    LocationMatch match{.location = longest_prefix(uri)};
    // `/dir` where only `/dir/` is a location that hands directories on.
    bool named = match.location && match.location->name.size() == uri.size();
    auto it =
        std::lower_bound(prefixes_.begin(), prefixes_.end(), uri,
                         [](const Prefix& p, std::string_view u) { return p.location->name < u; });
    for (; !named && it != prefixes_.end() && it->location->name.starts_with(uri); ++it) {
        const std::string& name = it->location->name;
        if (name.size() == uri.size() + 1 && name.back() == '/' && it->location->auto_redirect)
            return {.location = it->location, .redirect = true, .final = true};
        if (name.size() > uri.size() + 1 && name[uri.size()] > '/')
            break;
    }
    bool ask_regexes = true;
    if (const Location* outer = match.location) {
        ask_regexes = outer->kind != Location::prefix_no_regex;
        if (!outer->children.empty()) {
            LocationMatch inner = outer->children.find(uri, captures);
            if (inner.final || inner.failed || inner.redirect)
                return inner;
            if (inner.location) {
                match = inner;
                ask_regexes = ask_regexes && inner.location->kind != Location::prefix_no_regex;
            }
        }
    }
    if (!ask_regexes)
        return match;
    for (const Location* location : regexes_) {
        Regex::Outcome outcome = location->pattern.run(uri, &captures);
        if (outcome == Regex::error)
            return {.failed = true};
        if (outcome != Regex::match)
            continue;
        LocationMatch inner;
        if (!location->children.empty())
            inner = location->children.find(uri, captures);
        if (inner.failed || inner.redirect)
            return inner;
        return {.location = inner.location ? inner.location : location, .final = true};
    }
    return match;
}

}  // namespace sluice::http
