// SPDX-License-Identifier: Apache-2.0
// The text of a configuration as a tree: lexer, parser and include, nothing about what directives
// mean. The language is nginx's: words by white space; '…' and "…" quote; \" \' \\ \t \r \n are
// unescaped, every other backslash stays; ${ does not open a block; # comments where a word could
// begin. A byte order mark and CRLF are accepted. `include` is expanded in place wherever it
// stands; its names are relative to `prefix`, and may be globs. Loading never stops at the first
// error: what could be read is in the tree, the rest in Diagnostics.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/conf/diag.h"

namespace sluice::conf {

struct Token {
    std::string text;  // unescaped
    Pos pos;
    bool quoted = false;
};

struct Node {
    Token name;
    std::vector<Token> args;
    bool block = false;  // ended by { … }, not by ;
    std::vector<Node> children;
    Pos stop;  // of the ; or {: the line that nginx names in errors about this directive
    Pos end;   // of the ; or }: the line of errors about a block as a whole
};

struct Tree {
    std::vector<std::shared_ptr<const File>>
        files;  // in the order of reading, one entry per reading
    std::vector<Node> nodes;
};

/// Where texts come from: SystemFiles for real ones, MemoryFiles in tests.
class FileSource
{
public:
    virtual ~FileSource() = default;
    virtual Result<std::string, int> read(const std::string& path) = 0;  // error: errno
    /// Sorted; no match is an empty list and no error. `error` is errno of a directory that failed.
    virtual std::vector<std::string> glob(const std::string& pattern, int& error) = 0;
};

constexpr size_t max_block_depth = 100;
constexpr size_t max_include_depth = 40;
constexpr size_t max_files = 20000;

Tree load(std::string_view path, FileSource& source, std::string_view prefix, Diagnostics& diag);

/// A text that is no file. The name "command line" (-g) is reported without a line, as nginx does.
/// `include` is an error here unless `source` is given.
Tree load_text(std::string_view name, std::string_view text, Diagnostics& diag,
               FileSource* source = nullptr, std::string_view prefix = {});

/// What -T prints after its two verdict lines: every file once.
std::string dump(const Tree& tree);

}  // namespace sluice::conf
