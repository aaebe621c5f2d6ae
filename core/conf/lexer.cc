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

// The backslash at raw[i] goes, and what follows it means one byte.
bool escapes(std::string_view raw, size_t i)
{
    return raw[i] == '\\' && i + 1 < raw.size() &&
           std::string_view("\"'\\trn").find(raw[i + 1]) != std::string_view::npos;
}

std::string unescape(std::string_view raw)
{
    std::string out;
    out.reserve(raw.size());
    for (size_t i = 0; i < raw.size(); ++i) {
        if (!escapes(raw, i)) {  // a backslash before others stays, and they count on their own
            out += raw[i];
            continue;
        }
        char c = raw[++i];
        out += c == 't' ? '\t' : c == 'r' ? '\r' : c == 'n' ? '\n' : c;
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

Pos Diagnostics::inside(const Place& place) const
{
    Pos at = place.word;
    if (at.line == 0 || at.file >= files_.size())
        return place.stop;
    std::string_view text = files_[at.file]->text;
    for (uint32_t line = 1; line < at.line && text.find('\n') != text.npos; ++line)
        text.remove_prefix(text.find('\n') + 1);
    text.remove_prefix(std::min<size_t>(at.column - 1, text.size()));
    auto step = [&] {
        if (text.empty())
            return;
        bool end = text.front() == '\n';
        text.remove_prefix(1);
        at = end ? Pos{at.file, at.line + 1, 1} : Pos{at.file, at.line, at.column + 1};
    };
    if (text.starts_with('"') || text.starts_with('\''))
        step();
    for (size_t i = 0; i < place.offset; ++i) {
        if (!text.empty() && escapes(text, 0))
            step();
        step();
    }
    return at;
}

}  // namespace sluice::conf
