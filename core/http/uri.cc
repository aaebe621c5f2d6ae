// SPDX-License-Identifier: Apache-2.0
#include "core/http/uri.h"

#include <array>

#include "core/base/arena_text.h"
#include "core/base/bytes.h"

namespace sluice::http {
namespace {

// Plain: no escape, fragment, empty or dot segment in it.
bool is_plain(std::string_view path, bool merge_slashes)
{
    bool after_slash = false;
    for (char c : path) {
        if (c == '%' || c == '#' || (after_slash && (c == '.' || (c == '/' && merge_slashes))))
            return false;
        after_slash = c == '/';
    }
    return true;
}

// Decodes the escape at `at`, which stands on the '%'; -1: broken.
int decode(std::string_view text, size_t at)
{
    if (at + 2 >= text.size())
        return -1;
    int high = hex_value(text[at + 1]), low = hex_value(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

class Normalizer
{
public:
    Normalizer(Arena& arena, size_t size, bool merge) : out_(arena, size + 1), merge_(merge) {}

    /// The slash behind a dot segment is the one before it.
    bool slash()
    {
        bool was_dots = false;
        if (!end_segment(was_dots))
            return false;
        if (was_dots)
            return true;
        if (!(merge_ && out_.size() && out_.back() == '/'))
            out_.push_back('/');
        segment_ = out_.size();
        return true;
    }
    void add(char c) { out_.push_back(c); }
    bool finish(std::string_view& uri)
    {
        bool was_dots = false;
        if (!end_segment(was_dots))
            return false;
        uri = out_.view();
        return true;
    }

private:
    // What stands behind the last slash is complete: dot segments go (RFC 3986 5.2.4), above the
    // root fails.
    bool end_segment(bool& was_dots)
    {
        std::string_view text = out_.view(), segment = text.substr(segment_);
        was_dots = segment == "." || segment == "..";
        if (segment == "..") {
            if (segment_ < 2)
                return false;
            segment_ = text.rfind('/', segment_ - 2) + 1;
        }
        if (was_dots)
            out_.truncate(segment_);
        return true;
    }

    ArenaText out_;
    size_t segment_ = 0;  // where the current segment begins
    bool merge_;
};

using Set = std::array<bool, 256>;

// Controls and DEL, what is above it if `high`, and `extra`.
Set make_set(std::string_view extra, bool high)
{
    Set set{};
    for (size_t c = 0; c < 256; ++c)
        set[c] = c < 0x20 || c == 0x7f || (high && c > 0x7f);
    for (char c : extra)
        set[static_cast<unsigned char>(c)] = true;
    return set;
}

const Set& escaped(Escape how)
{
    static const Set uri = make_set(" \"#%<>?\\^`{|}", true);
    static const Set args = make_set(" \"#%&+;<>?\\^`{|}", true);
    static const Set target = make_set(" ", false), controls = make_set("", false);
    static const Set component = [] {
        Set set;
        for (size_t c = 0; c < 256; ++c) {
            char ch = static_cast<char>(c);
            set[c] =
                !(is_alpha(ch) || is_digit(ch) || ch == '-' || ch == '.' || ch == '_' || ch == '~');
        }
        return set;
    }();
    switch (how) {
    case Escape::uri: return uri;
    case Escape::args: return args;
    case Escape::target: return target;
    case Escape::controls: return controls;
    default: return component;
    }
}

std::string_view escape(std::string_view text, const Set& set, std::string_view mark, Arena& arena)
{
    size_t first = 0;
    while (first < text.size() && !set[static_cast<unsigned char>(text[first])])
        ++first;
    if (first == text.size())
        return text;
    ArenaText out(arena, text.size() + 32);
    out.append(text.substr(0, first));
    for (char c : text.substr(first)) {
        auto byte = static_cast<unsigned char>(c);
        if (!set[byte]) {
            out.push_back(c);
            continue;
        }
        constexpr char digits[] = "0123456789ABCDEF";
        out.append(mark);
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
    return out.view();
}

}  // namespace

bool normalize_uri(std::string_view raw_path, bool merge_slashes, Arena& arena,
                   std::string_view& uri)
{
    if (is_plain(raw_path, merge_slashes)) {
        uri = raw_path;
        return true;
    }
    Normalizer out(arena, raw_path.size(), merge_slashes);
    for (size_t i = 0; i < raw_path.size(); ++i) {
        char c = raw_path[i];
        if (c == '#')
            break;
        bool literal = false;
        if (c == '%') {
            int value = decode(raw_path, i);
            if (value <= 0)
                return false;
            i += 2;
            c = static_cast<char>(value);
            literal = c != '/';
        }
        if (!literal && c == '/') {
            if (!out.slash())
                return false;
        } else {
            out.add(c);
        }
    }
    return out.finish(uri);
}

TargetParts split_target(std::string_view target)
{
    target = target.substr(0, target.find('#'));
    size_t question = target.find('?');
    if (question == std::string_view::npos)
        return {target, {}, false};
    return {target.substr(0, question), target.substr(question + 1), true};
}

std::string_view escape_uri(std::string_view text, Escape how, Arena& arena)
{
    return escape(text, escaped(how), "%", arena);
}

std::string_view escape_controls(std::string_view text, Arena& arena)
{
    return escape(text, escaped(Escape::controls), "\\x", arena);
}

std::string_view unescape(std::string_view text, Arena& arena)
{
    if (text.find('%') == std::string_view::npos)
        return text;
    ArenaText out(arena, text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        int value = text[i] == '%' ? decode(text, i) : -1;
        if (value >= 0)
            i += 2;
        out.push_back(value >= 0 ? static_cast<char>(value) : text[i]);
    }
    return out.view();
}

}  // namespace sluice::http
