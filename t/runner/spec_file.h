// SPDX-License-Identifier: Apache-2.0
//
// Reads Test::Nginx style spec files into blocks.
//
// A file is a Perl prologue, "__DATA__", then blocks "=== TEST n: title" of sections "--- name
// filters" (lines follow) or "--- name: value". As in Test::Base, every section is first normalised
// (CRLF to LF) and trimmed of blank lines around it, then goes through its filters: chomp, chop,
// eval, -trim, -norm. A block that cannot be read keeps its `error`, so that it is listed and fails
// when run. ONLY, SKIP and LAST are resolved here: `blocks` holds what is to be registered.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "perl.h"

namespace sluice::runner {

struct Section {
    std::string name;
    Value value;
};

struct Block {
    std::string title;
    int line = 0;
    std::string error;  // why the block cannot be run, or empty
    bool skip = false;
    std::vector<Section> sections;

    const Value* find(std::string_view name) const;
    bool has(std::string_view name) const { return find(name) != nullptr; }
    std::string text(std::string_view name, std::string_view otherwise = {}) const;
    double number(std::string_view name, double otherwise) const;
};

std::vector<Block> parse_spec(std::string_view source);

// A title as a test name: letters, digits and single underscores.
std::string test_name(int index, std::string_view title);

}  // namespace sluice::runner
