// SPDX-License-Identifier: Apache-2.0
// Choosing a location for a URI, in nginx's order: an exact one; else the longest prefix, within it
// its nested locations; else, unless that prefix says ^~, the first regular expression that
// matches; else the prefix. Built once, then O(log n) for prefixes and O(1) for exact ones.
#pragma once

#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/base/hash.h"
#include "core/http/regex.h"

namespace sluice::http {

class Location;

struct LocationMatch {
    const Location* location = nullptr;  // null: none but the level's own
    bool redirect = false;               // add a slash and redirect there (Location::auto_redirect)
    bool failed = false;                 // a regular expression gave up: 500
    bool final = false;                  // exact or regex: outer regexes are not asked
};

class LocationTree
{
public:
    enum Added { ok, duplicate };
    /// Regexes are asked in the order of adding.
    Added add(Location& location);
    /// After the last add().
    void build();
    bool empty() const { return exact_.empty() && prefixes_.empty() && regexes_.empty(); }
    /// `captures` gets those of a matching regex.
    LocationMatch find(std::string_view uri, Captures& captures) const;

private:
    struct Prefix {
        Location* location;
        int parent;  // index of the longest other prefix of this name, -1: none
    };
    const Location* longest_prefix(std::string_view uri) const;
    std::unordered_map<std::string_view, Location*> exact_;
    std::vector<Prefix> prefixes_;  // sorted by name
    std::unordered_set<std::string_view> names_;
    std::vector<Location*> regexes_;
};

}  // namespace sluice::http
