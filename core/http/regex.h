// SPDX-License-Identifier: Apache-2.0
// Regular expressions: PCRE2 with JIT, bounded by a match limit so that no input can hold the
// worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/conf/rows.h"

struct pcre2_real_code_8;

namespace sluice::http {

/// Groups of the last match: $0 to $9, as offsets into the subject (which the holder keeps).
struct Captures {
    static constexpr size_t max = 20;
    std::string_view subject;
    uint32_t count = 0;         // groups that were set, with $0
    uint32_t offsets[2 * max];  // of the first `count` groups

    Captures() {}

    std::string_view get(size_t i) const
    {
        if (i >= count || offsets[2 * i] == UINT32_MAX)
            return {};
        return subject.substr(offsets[2 * i], offsets[2 * i + 1] - offsets[2 * i]);
    }
};

/// Variables that a pattern's named groups set: variable index and group number.
using NamedGroups = std::vector<std::pair<size_t, uint32_t>>;

/// The text is nginx's: `pcre2_compile() failed: ... in "PATTERN" at "REST"`.
struct RegexError {
    std::string text;
    size_t offset;  // of the REST
};

class Regex
{
public:
    enum Outcome { match, no_match, error };

    static Result<Regex, RegexError> compile(const std::string& pattern, bool caseless);

    Outcome run(std::string_view subject, Captures* captures) const;
    /// Named groups and their numbers.
    const std::vector<std::pair<std::string, uint32_t>>& names() const { return names_; }
    uint32_t groups() const { return groups_; }

private:
    std::shared_ptr<pcre2_real_code_8> code_;
    std::vector<std::pair<std::string, uint32_t>> names_;
    uint32_t groups_ = 0;
    mutable uint8_t runs_ = 0;  // counted until it is compiled to machine code
};

/// Of an argument from byte `skip` on. False: reported, at the place of the mistake.
bool compile_regex(conf::Apply& apply, size_t arg, size_t skip, bool caseless, Regex& out);

}  // namespace sluice::http
