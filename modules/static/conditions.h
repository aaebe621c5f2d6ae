// SPDX-License-Identifier: Apache-2.0
// Conditional requests (RFC 9110 13) for a representation with a modification time and an ETag.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/http/headers.h"

namespace sluice::static_ {

enum class IfModified : uint8_t { off, exact, before };

/// 200 to go on, 304 or 412.
int check_conditions(const http::Headers& fields, IfModified rule, int64_t modified,
                     std::string_view etag);

/// Whether Range may be honoured: no If-Range, or one that names this version.
bool range_applies(const http::Headers& fields, int64_t modified, std::string_view etag);

/// Does a list of entity tags hold this one? Weak ones count when `weak`.
bool matches_etag(std::string_view list, std::string_view etag, bool weak);

}  // namespace sluice::static_
