// SPDX-License-Identifier: Apache-2.0
// The finer points were looked up by running nginx 1.22: } and # and quotes inside a word are
// ordinary, ; and { end a word unless a backslash precedes, the { of ${ does not, a backslash keeps
// the next byte out of syntax, and only \" \' \\ \t \r \n lose their backslash.
#include "core/conf/lexer.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::conf {

namespace {

bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// Ends no word, begins nothing: no space, no \ $ ; {
bool is_plain(char c)
{
    return !is_space(c) && c != '\\' && c != '$' && c != ';' && c != '{';
}

std::string unescape(std::string_view raw)
{
    std::string out;
    out.reserve(raw.size());
    for (size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] != '\\' || i + 1 == raw.size()) {
            out += raw[i];
            continue;
        }
        switch (raw[i + 1]) {
        case '"':
        case '\'':
        case '\\': out += raw[++i]; break;
        case 't':
            out += '\t';
            ++i;
            break;
        case 'r':
            out += '\r';
            ++i;
            break;
        case 'n':
            out += '\n';
            ++i;
            break;
        default:  // stays, and the byte after it is looked at on its own
            out += raw[i];
        }
    }
    return out;
}

}  // namespace

Lexer::Lexer(std::string_view text, uint32_t file, Diagnostics& diag)
    : text_(text), file_(file), diag_(diag)
{
    if (text_.starts_with("\xef\xbb\xbf"))
        at_ = line_start_ = 3;
}

Pos Lexer::here() const
{
    return {file_, line_, static_cast<uint32_t>(at_ - line_start_ + 1)};
}

void Lexer::step()
{
    if (text_[at_++] == '\n') {
        ++line_;
        line_start_ = at_;
    }
}

void Lexer::skip_space()
{
    while (!at_end() && is_space(text_[at_]))
        step();
}

void Lexer::skip_comment()
{
    at_ = std::min(text_.find('\n', at_), text_.size());
}

Lexer::End Lexer::statement(std::vector<Token>& words, Pos& stop)
{
    words.clear();
    for (;;) {
        skip_space();
        stop = here();
        if (at_end())
            return End::eof;
        char c = text_[at_];
        if (c == '#') {
            skip_comment();
        } else if (c == ';' || c == '{' || c == '}') {
            step();
            return c == ';' ? End::semicolon : c == '{' ? End::open : End::close;
        } else {
            words.push_back(word());
            if (open_quote_) {
                stop = here();
                return End::eof;
            }
        }
    }
}

/// Steps over the text of a quote and its end; the place of the closing quote.
size_t Lexer::quoted_end(char quote)
{
    while (!at_end() && text_[at_] != quote) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size())
            step();
        step();
    }
    size_t end = at_;
    if (!at_end())
        step();
    return end;
}

void Lexer::after_quote()
{
    if (at_end())
        return;
    char c = text_[at_];
    // A } is reported by the parser: the directive lacks its end as well.
    if (!is_space(c) && c != ';' && c != '{' && c != '}' && c != ')')
        diag_.error(here(), fmt::format("unexpected \"{}\"", c),
                    "a space or \";\" must follow a closing quote");
}

Token Lexer::word()
{
    Token token;
    token.pos = here();
    char first = text_[at_];
    if (first == '"' || first == '\'') {
        step();
        size_t start = at_;
        size_t end = quoted_end(first);
        token.quoted = true;
        token.text = unescape(text_.substr(start, end - start));
        if (end == text_.size()) {
            open_quote_ = first;
            open_quote_at_ = token.pos;
            open_quote_size_ = end - start;
        } else {
            after_quote();
        }
        return token;
    }
    size_t start = at_;
    while (!at_end() && is_plain(text_[at_]))  // mostly all of it
        ++at_;
    size_t plain = at_;
    bool dollar = false;
    while (!at_end()) {
        char c = text_[at_];
        if (is_space(c) || c == ';' || (c == '{' && !dollar))
            break;
        // nginx keeps the $ in mind until a byte that is not {.
        dollar = c == '$' || (c == '{' && dollar);
        if (c == '\\') {
            step();
            if (at_end())
                break;
        }
        step();
    }
    std::string_view text = text_.substr(start, at_ - start);
    if (at_ == plain)
        token.text = text;
    else
        token.text = unescape(text);
    return token;
}

}  // namespace sluice::conf
