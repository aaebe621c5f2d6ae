// SPDX-License-Identifier: Apache-2.0
//
// Compares what came back with what a block expects.
//
// Every check that fails adds one line set to `Findings`: the section, what was expected and what
// was there. Nothing stops at the first failure. `index` is the number of the request within the
// block, for expectations that are lists.
#pragma once

#include <string>
#include <vector>

#include "client.h"
#include "expand.h"
#include "spec_file.h"

namespace sluice::runner {

using Findings = std::vector<std::string>;

void check_response(const Block& block, const Response& response, size_t index, size_t requests,
                    Findings& out);
void check_raw(const Block& block, const std::string& bytes, Findings& out);

// "error_log"/"access_log" style sections: every pattern must be (or must not be) on some line.
void check_lines(const Block& block, const std::string& section, bool wanted,
                 const std::string& log, Findings& out);
void check_grep(const Block& block, const std::string& log, Findings& out);

// A whole text: equal, or like a pattern (the section's name ends in _like).
void check_text(const Block& block, const std::string& section, const std::string& actual,
                Findings& out);

// Bytes as one would write them in a spec.
std::string visible(const std::string& bytes);

}  // namespace sluice::runner
