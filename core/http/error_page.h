// SPDX-License-Identifier: Apache-2.0
// The built-in pages for statuses from 300 up, worded and laid out as nginx's.
#pragma once

#include <string_view>

#include "core/http/config.h"

namespace sluice::http {

/// Static text; empty for a status without a page. 494 to 497 have pages of their own that say 400.
/// `padded`: longer than 512 bytes, which some browsers replace by pages of their own
/// (msie_padding).
std::string_view error_page_text(int status, Tokens tokens, bool padded);

}  // namespace sluice::http
