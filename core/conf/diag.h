// SPDX-License-Identifier: Apache-2.0
// Diagnostics: what is wrong with a configuration, all of it in one run. The first line of each
// entry keeps nginx's wording, `[emerg] TEXT in /path:12`, because tools parse it; the lines that
// follow are indented and ours: file:line:column, the source line, a caret, and a hint. Entries
// come out in the order in which nginx would have met their places (a file that is included counts
// at its include), so the first one is nginx's; what nginx finds only when the text has been read
// comes after that, and entries without a place last. Control
// characters in a text (but tab) come out as \xHH: an entry's first line is one line.
// Rendering takes no look at files: an entry is complete once it has been reported.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::conf {

/// A place: `file` is Diagnostics' number of the file, line and column count from 1 (columns in
/// bytes). Line 0 is no place.
struct Pos {
    uint32_t file = 0, line = 0, column = 0;
    bool operator==(const Pos&) const = default;
};

/// Where a text stands of which a part may be wrong: the place that nginx names, the word that it
/// is (of), and how many bytes of the word come before it. Without a word: nowhere in particular.
struct Place {
    Place(Pos nginx_names = {}, Pos word_at = {}, size_t bytes_before = 0)
        : stop(nginx_names), word(word_at), offset(bytes_before)
    {
    }
    Pos stop, word;
    size_t offset;
    Place behind(size_t bytes) const { return {stop, word, offset + bytes}; }
};

/// A text that was read. `line_names` is false for -g, where nginx says "in command line" alone.
struct File {
    std::string path, text;
    Pos included_at{};
    bool line_names = true;
};

class Diagnostics
{
public:
    static constexpr size_t max_shown = 20;
    static constexpr size_t max_kept = 500;  // further errors are only counted

    struct Entry {
        bool warning = false;
        std::string text;   // nginx's line without the level: `unknown directive "x" in /path:12`
        std::string extra;  // our lines, each indented and ended by '\n'; may be empty
        std::string code;   // of a warning
        bool late = false;  // found when all had been read
        std::vector<Pos> place;  // from the outermost include inwards, for ordering
    };

    /// The number that Pos::file has for this text.
    uint32_t add_file(std::shared_ptr<const File> file);
    const File& file(Pos pos) const { return *files_[pos.file]; }
    size_t file_count() const { return files_.size(); }

    /// `pos` is where nginx would notice (it names the line of the ; or { of a directive), `caret`
    /// where the reader should look, when that is another place.
    void error(Pos pos, std::string text, std::string hint = {}, Pos caret = {});
    void error(std::string text) { error(Pos{}, std::move(text)); }
    /// With the caret at the place itself.
    void error(const Place& place, std::string text, std::string hint = {});
    void warn(Pos pos, std::string_view code, std::string text, Pos caret = {},
              std::string hint = {});
    /// From here on entries are late.
    void text_is_read() { late_ = true; }

    /// The place of a byte of a word, which may be written with quotes and backslashes.
    Pos inside(const Place& place) const;

    /// Words of a directive that failed: what it would have defined is not known, and missing it is
    /// no further mistake.
    void doubt(std::string_view words) { doubts_.append(words).append("\n"); }
    /// The name stands in what has been doubted, as a whole name.
    bool doubtful(std::string_view name) const;

    /// A directive belongs to a module of nginx that is not here: for summary().
    void lacks(std::string_view nginx_module);
    /// `3 errors in all, 2 of them for modules that are not built into this sluice: gzip`; "" for a
    /// single error.
    std::string summary() const;

    bool failed() const { return errors_ != 0; }
    size_t count() const { return errors_; }
    size_t warnings() const { return entries_.size() - (errors_ - dropped_); }

    /// In order.
    std::vector<const Entry*> entries() const;
    /// nginx's line of the first error ("" when there is none), without level.
    std::string first() const;
    /// Everything, as text for a terminal. `prefix` goes before each "[emerg]" ("nginx: "). At most
    /// max_shown errors and max_shown warnings; the rest is counted in a last line.
    std::string render(std::string_view prefix = {}) const;

    /// ` in /path:12`, ` in command line`, or nothing.
    std::string in_place(Pos pos) const;

private:
    void add(Entry entry, Pos pos, Pos caret, const std::string& hint);
    std::string excerpt(Pos pos) const;

    std::vector<std::shared_ptr<const File>> files_;
    std::vector<Entry> entries_;
    size_t errors_ = 0, dropped_ = 0;
    bool late_ = false;
    std::string doubts_;
    std::set<std::string, std::less<>> lacking_;
    size_t for_lacking_ = 0;
};

}  // namespace sluice::conf
