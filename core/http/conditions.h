// SPDX-License-Identifier: Apache-2.0
// Conditional requests (RFC 9110 13) as nginx reads them: only where the answer would be 200.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "core/http/headers.h"

namespace sluice::http {

enum class IfModified : uint8_t { off, exact, before };
std::span<const std::pair<std::string_view, IfModified>> enum_names(IfModified*);

/// 200 to go on, 304 or 412. `modified` -1 and `etag` empty: the answer has none.
int check_conditions(const Headers& fields, IfModified rule, int64_t modified,
                     std::string_view etag);

/// Whether Range may be honoured: no If-Range, or one that names this version.
bool range_applies(const Headers& fields, int64_t modified, std::string_view etag);

/// Does a list of entity tags hold this one? Weak ones count when `weak`.
bool matches_etag(std::string_view list, std::string_view etag, bool weak);

}  // namespace sluice::http
