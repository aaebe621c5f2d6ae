// SPDX-License-Identifier: Apache-2.0
// URIs: from what was sent to what locations match, and back to what may be sent. Decoding happens
// once, and what it yields counts: an encoded slash separates, an encoded dot is a dot segment's
// (as in nginx), while an encoded %, # or ? is an ordinary character. What climbs above the root,
// holds %00 or a broken escape is malformed. Results are views of the argument when nothing had to
// change, else of the arena.
#pragma once

#include <string_view>

#include "core/base/arena.h"

namespace sluice::http {

/// False: malformed (400). `raw_path` has no query; it is cut at a '#'.
bool normalize_uri(std::string_view raw_path, bool merge_slashes, Arena& arena,
                   std::string_view& uri);

struct TargetParts {
    std::string_view path, args;
    bool has_args = false;
};
/// Cuts "/path?args#fragment"; the fragment is dropped.
TargetParts split_target(std::string_view target);

/// What is encoded besides controls and DEL:
enum class Escape {
    uri,        // space " # % < > ? \ ^ ` { | }, above DEL   a decoded path, sent again
    args,       // space " # % & + ; < > ? \ ^ ` { | }, above DEL   a value put into a query
    component,  // all but letters, digits and - . _ ~
    target,     // space             a request target made of variables: it stays in its line
    controls,   // nothing           a Location that is made of variables
};
std::string_view escape_uri(std::string_view text, Escape how, Arena& arena);

/// For a log line: controls, DEL and nothing else as \xHH.
std::string_view escape_controls(std::string_view text, Arena& arena);

/// Percent-decodes; a broken escape stays as it is.
std::string_view unescape(std::string_view text, Arena& arena);

}  // namespace sluice::http
