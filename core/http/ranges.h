// SPDX-License-Identifier: Apache-2.0
// Byte ranges (RFC 9110 14), read as nginx reads them: malformed or unsatisfiable is 416, ranges
// that together ask for more than there is are answered with the whole.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/arena.h"

namespace sluice::http {

struct Range {
    int64_t begin, end;  // [begin, end)
};

enum class RangeVerdict : uint8_t { whole, partial, unsatisfiable };

/// `value` of a Range field for a body of `size` bytes; with more than `max` ranges it counts as
/// absent.
RangeVerdict parse_ranges(std::string_view value, int64_t size, size_t max, Arena& arena,
                          ArenaVector<Range>& out);

}  // namespace sluice::http
