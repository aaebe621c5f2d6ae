// SPDX-License-Identifier: Apache-2.0
// expires: what a response says about how long it may be kept. Parsing and arithmetic are pure, so
// that they can be tested by table.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/http/module.h"

namespace sluice::headers {

struct ExpiresRule {
    enum Kind : uint8_t {
        off,
        epoch,     // in the past for everybody
        max,       // ten years
        access,    // seconds from now
        modified,  // seconds from the last modification
        daily,     // at this second of the day, local time
    } kind = off;
    int64_t seconds = 0;
};

/// Reads `off`, `epoch`, `max`, `[-]TIME`, `@TIME`; false: neither. `modified` is the word before a
/// time.
bool parse_expires(std::string_view text, bool modified, ExpiresRule& out, std::string_view& why);

struct ExpiresFields {
    std::string_view expires, cache_control;
};
/// False: no fields. Needs room for both texts in the arena.
bool make_expires(const ExpiresRule& rule, int64_t now, int64_t last_modified, Arena& arena,
                  ExpiresFields& out);

/// The directive's value: constant, or a template that is read at each response.
class Expires
{
public:
    Expires() = default;
    bool evaluate(Request& r, ExpiresFields& out) const;

private:
    friend bool parse(Apply& apply, size_t arg, Expires& out);
    ExpiresRule rule_;
    Template text_;
    bool modified_ = false;
};
bool parse(Apply& apply, size_t arg, Expires& out);

}  // namespace sluice::headers
