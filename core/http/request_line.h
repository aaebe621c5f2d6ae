// SPDX-License-Identifier: Apache-2.0
// Pieces of a request line (RFC 9112 3) and of an authority (RFC 3986 3.2), as pure functions.
//  * nginx's tolerance: several spaces between the parts, spaces at the end, HTTP/0.9 without a
//    version; nothing else, no other white space, no control characters.
#pragma once

#include <string_view>

#include "core/http/message.h"

namespace sluice::http {

/// Method, target and version of a line without its line end, into `head`. False: `error` says why.
bool parse_request_line(std::string_view line, RequestHead& head, ParseError& error);

/// Can these be the first bytes of a request line? Refuses what can no longer get a valid method,
/// so that an answer does not wait for a line end that never comes (TLS on a plain port).
bool may_be_method(std::string_view start);

/// Schema, host, port and path_and_query of head.target: origin-form or absolute-form (3.2.1,
/// 3.2.2).
bool parse_request_target(RequestHead& head, Arena& arena, ParseError& error);

/// Host and port of an authority: false when malformed or empty. The host is lower-cased (into
/// `arena` only if need be) and loses one dot at its end, as nginx does. A port is digits, or empty
/// behind its colon.
bool split_authority(std::string_view authority, Arena& arena, std::string_view& host,
                     std::string_view& port);

}  // namespace sluice::http
