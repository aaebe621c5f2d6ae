// SPDX-License-Identifier: Apache-2.0
// The look-up of map {}: exact text, then names with a wildcard (longest first), then regexes in
// order. Texts are compared without case. The answer is the number of an entry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/hash.h"
#include "core/http/regex.h"

namespace sluice::map {

class Table
{
public:
    static constexpr size_t none = SIZE_MAX;

    struct Found {
        size_t entry = none;
        size_t regex = none;  // number of the regex that matched; captures are set
    };

    /// False: it is there already.
    bool add_exact(std::string_view text, size_t entry);
    /// "*.example.com", ".example.com", "mail.*"; nullopt: no valid mask. False: it is there
    /// already.
    std::optional<bool> add_mask(std::string_view mask, size_t entry);
    void add_regex(http::Regex regex, size_t entry)
    {
        regexes_.push_back({std::move(regex), entry});
    }

    /// `hostnames`: masks apply, and one dot at the end of `text` does not count.
    Found find(std::string_view text, bool hostnames, http::Captures& captures) const;
    bool failed() const { return failed_; }

private:
    using Names = std::unordered_map<std::string, size_t, ViewHash, std::equal_to<>>;
    size_t find_mask(std::string_view text) const;

    Names exact_;
    Names suffix_;  // ".example.com"
    Names prefix_;  // "mail."
    struct Pattern {
        http::Regex regex;
        size_t entry;
    };
    std::vector<Pattern> regexes_;
    mutable bool failed_ = false;
};

}  // namespace sluice::map
