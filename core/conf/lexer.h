// SPDX-License-Identifier: Apache-2.0
// Statements of the configuration language: words up to ; { } or the end. Internal to core/conf.
// A word that holds an odd character after its closing quote is reported here and reading goes on,
// as if a space stood there; everything else is the parser's to judge.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/conf/tree.h"

namespace sluice::conf {

class Lexer
{
public:
    enum class End { semicolon, open, close, eof };

    /// `text` must outlive the lexer.
    Lexer(std::string_view text, uint32_t file, Diagnostics& diag);

    /// Reads words until one of the four ends, whose place is `stop`.
    End statement(std::vector<Token>& words, Pos& stop);

    /// At eof: the place of a quote that nobody closed, and which; else '\0'.
    char open_quote() const { return open_quote_; }
    Pos open_quote_at() const { return open_quote_at_; }
    /// Bytes read since that quote.
    size_t open_quote_size() const { return open_quote_size_; }

private:
    Pos here() const;
    bool at_end() const { return at_ == text_.size(); }
    void step();
    void skip_space();
    void skip_comment();
    Token word();
    size_t quoted_end(char quote);
    void after_quote();

    std::string_view text_;
    uint32_t file_;
    Diagnostics& diag_;
    size_t at_ = 0, line_start_ = 0;
    uint32_t line_ = 1;
    char open_quote_ = '\0';
    Pos open_quote_at_;
    size_t open_quote_size_ = 0;
};

}  // namespace sluice::conf
