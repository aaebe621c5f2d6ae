// SPDX-License-Identifier: Apache-2.0
#include "core/conf/diag.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/bytes.h"

namespace sluice::conf {

namespace {

constexpr size_t max_excerpt = 120;  // bytes of a source line that are shown

std::string one_line(std::string_view text)
{
    std::string out;
    for (char c : text) {
        if (is_control(c))
            out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out;
}

bool is_continuation(char c)
{
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::string indented(std::string_view hint)
{
    std::string out;
    while (!hint.empty()) {
        size_t end = hint.find('\n');
        out.append("  ").append(one_line(hint.substr(0, end))).append("\n");
        hint = end == std::string_view::npos ? std::string_view{} : hint.substr(end + 1);
    }
    return out;
}

std::string_view line_of(std::string_view text, uint32_t line)
{
    for (uint32_t n = 1; n < line; ++n) {
        size_t end = text.find('\n');
        if (end == std::string_view::npos)
            return {};
        text.remove_prefix(end + 1);
    }
    text = text.substr(0, text.find('\n'));
    return text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
}

bool before(const Diagnostics::Entry* a, const Diagnostics::Entry* b)
{
    if (a->late != b->late)
        return b->late;
    if (a->place.empty() || b->place.empty())
        return !a->place.empty() && b->place.empty();
    auto less = [](const Pos& x, const Pos& y) {
        if (x.file != y.file)
            return x.file < y.file;
        return x.line != y.line ? x.line < y.line : x.column < y.column;
    };
    return std::lexicographical_compare(a->place.begin(), a->place.end(), b->place.begin(),
                                        b->place.end(), less);
}

}  // namespace

uint32_t Diagnostics::add_file(std::shared_ptr<const File> file)
{
    files_.push_back(std::move(file));
    return static_cast<uint32_t>(files_.size() - 1);
}

std::string Diagnostics::in_place(Pos pos) const
{
    if (pos.line == 0 || pos.file >= files_.size())
        return {};
    const File& file = *files_[pos.file];
    return file.line_names ? fmt::format(" in {}:{}", file.path, pos.line)
                           : fmt::format(" in {}", file.path);
}

std::string Diagnostics::excerpt(Pos pos) const
{
    if (pos.line == 0 || pos.file >= files_.size())
        return {};
    const File& file = *files_[pos.file];
    std::string_view line = line_of(file.text, pos.line);
    size_t at = std::min<size_t>(pos.column ? pos.column - 1 : 0, line.size());

    // A long line is shown around the place.
    size_t from = at > max_excerpt * 2 / 3 ? at - max_excerpt / 2 : 0;
    while (from < at && is_continuation(line[from]))
        ++from;
    size_t to = std::min(line.size(), from + max_excerpt);
    while (to < line.size() && is_continuation(line[to]))
        ++to;

    std::string shown, caret;
    for (size_t i = from; i < to; ++i) {
        char c = line[i];
        shown += c == '\t' ? ' ' : is_control(c) ? '?' : c;
        if (i < at && !is_continuation(c))
            caret += ' ';
    }
    return fmt::format("  {}:{}:{}:\n    {}\n    {}^\n", file.path, pos.line, pos.column, shown,
                       caret);
}

void Diagnostics::add(Entry entry, Pos pos, Pos caret, const std::string& hint)
{
    entry.text = one_line(entry.text) + in_place(pos);
    entry.extra = excerpt(caret.line ? caret : pos) + indented(hint);
    entry.late = late_;
    if (pos.line && pos.file < files_.size()) {
        for (Pos at = pos; at.line && at.file < files_.size(); at = files_[at.file]->included_at)
            entry.place.push_back(at);
        std::reverse(entry.place.begin(), entry.place.end());
    }
    for (const Entry& other : entries_)  // said already, by the same place read twice
        if (other.text == entry.text && other.extra == entry.extra && other.code == entry.code)
            return;
    errors_ += !entry.warning;
    entries_.push_back(std::move(entry));
}

void Diagnostics::error(Pos pos, std::string text, std::string hint, Pos caret)
{
    if (errors_ >= max_kept) {  // a hostile or generated text: counted, not kept
        ++errors_;
        ++dropped_;
        return;
    }
    add({.warning = false, .text = std::move(text)}, pos, caret, hint);
}

void Diagnostics::error(const Place& place, std::string text, std::string hint)
{
    error(place.stop, std::move(text), std::move(hint), inside(place));
}

void Diagnostics::warn(Pos pos, std::string_view code, std::string text, Pos caret,
                       std::string hint)
{
    if (warnings() < max_kept)
        add({.warning = true, .text = std::move(text), .code = std::string(code)}, pos, caret,
            hint);
}

bool Diagnostics::doubtful(std::string_view name) const
{
    // Variables are named in lower case here, whatever the directive wrote.
    std::string doubts = lower(doubts_), wanted = lower(name);
    auto in_name = [&doubts](size_t i) {
        return i < doubts.size() &&
               (is_alpha(doubts[i]) || is_digit(doubts[i]) || doubts[i] == '_');
    };
    for (size_t at = 0; (at = doubts.find(wanted, at)) != std::string::npos; ++at)
        if ((at == 0 || !in_name(at - 1)) && !in_name(at + name.size()))
            return true;
    return false;
}

void Diagnostics::lacks(std::string_view nginx_module)
{
    lacking_.emplace(nginx_module);
    ++for_lacking_;
}

std::string Diagnostics::summary() const
{
    if (errors_ < 2)
        return {};
    std::string text = fmt::format("{} errors in all", errors_);
    if (for_lacking_)
        text += fmt::format(", {} of them for what is not built into this sluice: {}", for_lacking_,
                            fmt::join(lacking_, ", "));
    return text;
}

std::vector<const Diagnostics::Entry*> Diagnostics::entries() const
{
    std::vector<const Entry*> sorted;
    for (const Entry& entry : entries_)
        sorted.push_back(&entry);
    std::stable_sort(sorted.begin(), sorted.end(), before);
    return sorted;
}

std::string Diagnostics::first() const
{
    for (const Entry* entry : entries())
        if (!entry->warning)
            return entry->text;
    return {};
}

std::string Diagnostics::render(std::string_view prefix) const
{
    std::string out;
    size_t errors = 0, warned = 0;
    for (const Entry* entry : entries()) {
        size_t& shown = entry->warning ? warned : errors;
        if (shown++ >= max_shown)
            continue;
        out += fmt::format("{}[{}] {}\n{}", prefix, entry->warning ? "warn" : "emerg", entry->text,
                           entry->extra);
        if (!entry->code.empty())
            out += fmt::format("  warning code: {}\n", entry->code);
    }
    if (errors_ > max_shown)
        out += fmt::format("  … and {} more errors\n", errors_ - max_shown);
    if (warned > max_shown)
        out += fmt::format("  … and {} more warnings\n", warned - max_shown);
    return out;
}

}  // namespace sluice::conf
