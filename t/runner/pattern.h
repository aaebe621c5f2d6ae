// SPDX-License-Identifier: Apache-2.0
//
// Perl-compatible patterns for expectations, on PCRE2.
//
// A Regex is a compiled, copyable value. Flags are Perl's letters out of "imsx"; anything else is a
// SpecError, and so is a pattern that does not compile. Subjects are bytes, never decoded.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::runner {

class Regex
{
public:
    Regex(std::string_view pattern, std::string_view flags);

    bool found_in(std::string_view subject) const;
    std::vector<std::string> all_in(std::string_view subject) const;
    const std::string& pattern() const { return pattern_; }

private:
    bool match_at(std::string_view subject, size_t from, size_t& begin, size_t& end) const;

    std::string pattern_;
    std::shared_ptr<void> code_;
};

}  // namespace sluice::runner
