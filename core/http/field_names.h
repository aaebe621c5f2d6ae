// SPDX-License-Identifier: Apache-2.0
// FieldNames: a set of field names in any case, made while the configuration is read (hidden
// response fields, replaced request fields) and asked for each field of a message: a bit test for
// those that have a number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/headers.h"

namespace sluice::http {

/// In Response::server and date: no such field, rather than ours.
inline constexpr char no_field_mark = 0;
inline constexpr std::string_view no_field{&no_field_mark, 0};

class FieldNames
{
public:
    /// Not `other`.
    void add(HeaderId id) { ids_ |= bit(id); }
    void add(std::string_view name);
    void remove(std::string_view name);
    bool has(const Header& field) const;

private:
    uint64_t ids_ = 0;                // a bit per HeaderId
    std::vector<std::string> names_;  // those without a number, lower case
};

}  // namespace sluice::http
