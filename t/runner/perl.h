// SPDX-License-Identifier: Apache-2.0
//
// The little bit of Perl that spec files use under the "eval" filter.
//
// Understood: "..." 'x' q() qq() qr//imsx, numbers, undef, [lists], parentheses, the operators "."
// and "x", chr(N), and variables that the prologue set by `our $Name = EXPR;` (here-documents too).
// Names that the runner expands later ($TEST_NGINX_*, $ServerPort, ...) pass through as they are.
// Anything else throws SpecError: a block that we would misread must fail, not pass.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::runner {

struct SpecError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Value {
    enum class Kind { text, regex, list, undef };

    Kind kind = Kind::text;
    std::string text;   // the text, or the pattern
    std::string flags;  // of the pattern
    std::vector<Value> items;

    static Value of(std::string text) { return {Kind::text, std::move(text), {}, {}}; }
    bool is_list() const { return kind == Kind::list; }
    bool is_regex() const { return kind == Kind::regex; }
};

using Vars = std::map<std::string, std::string>;

Value eval_perl(std::string_view source, const Vars& vars);

// Collects `our $Name = EXPR;` from what stands before __DATA__; all other statements are ignored.
Vars parse_prologue(std::string_view source);

// Whether the runner itself expands $name after evaluation.
bool expands_later(std::string_view name);

}  // namespace sluice::runner
