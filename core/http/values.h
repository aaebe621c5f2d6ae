// SPDX-License-Identifier: Apache-2.0
// Values of directives that hold variables and mean more than text.
#pragma once

#include <cstdint>
#include <vector>

#include "core/http/variables.h"

namespace sluice::http {

/// A number of bytes: `100k`, or `$rate` of which each request makes its own. What a variable says
/// and is no size is logged and counts as 0.
struct SizeValue {
    Template text;
    uint64_t constant = 0;
    uint64_t eval(Request& r) const;
};
bool parse(conf::Apply& apply, size_t arg, SizeValue& out);

/// Conditions: true when one of them is neither empty nor "0".
struct Predicates {
    std::vector<Template> texts;
    bool any(Request& r) const;
};
bool parse(conf::Apply& apply, size_t arg, Predicates& out);

}  // namespace sluice::http
