// SPDX-License-Identifier: Apache-2.0
// The built-in variables by where they come from. Internal to core/http; each getter takes what it
// needs from the request and puts new text into its arena.
#pragma once

#include <fmt/format.h>

#include "core/http/request.h"
#include "core/http/variables.h"

namespace sluice::http {

void define_request_variables(Variables& v);     // variables_request.cc
void define_response_variables(Variables& v);    // variables_response.cc
void define_connection_variables(Variables& v);  // variables_connection.cc

/// Formats at most 63 bytes into the request's arena.
template <class... A>
std::string_view arena_format(Request& r, fmt::format_string<A...> format, A&&... a)
{
    char text[64];
    auto end = fmt::format_to_n(text, sizeof text - 1, format, std::forward<A>(a)...);
    return r.arena().copy({text, static_cast<size_t>(end.out - text)});
}

/// `name` is lower case with underscores for dashes, as in $http_x_name.
bool is_field_variable(std::string_view field, std::string_view name);
/// All lines of that field, joined; nullopt when there is none.
Value joined_field(Request& r, const Headers& headers, std::string_view name,
                   std::string_view separator);

}  // namespace sluice::http
