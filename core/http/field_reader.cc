// SPDX-License-Identifier: Apache-2.0
#include "core/http/field_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "core/base/bytes.h"

namespace sluice::http {
namespace {

// How nginx sees a byte of a field name: fatal ones end the request.
enum : uint8_t { plain, unusual, fatal };

constexpr std::array<uint8_t, 256> name_classes = [] {
    std::array<uint8_t, 256> table{};
    for (int i = 0; i < 256; ++i) {
        char c = static_cast<char>(i);
        bool usual = is_alpha(c) || is_digit(c) || c == '-';
        table[i] = usual ? plain : i <= 0x20 || i == 0x7f || c == ':' ? fatal : unusual;
    }
    return table;
}();

uint8_t name_class(char c)
{
    return name_classes[static_cast<unsigned char>(c)];
}

bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

}  // namespace

/// llhttp's callbacks. A span comes whole, because only whole lines are given to llhttp.
struct FieldReader::Glue {
    static int name(llhttp_t* p, const char* at, size_t n)
    {
        FieldReader& r = *static_cast<FieldReader*>(p->data);
        r.headers_->add(*r.arena_, Header{{at, n}, {}, header_id({at, n})});
        return 0;
    }
    static int value(llhttp_t* p, const char* at, size_t n)
    {
        // llhttp reports an empty value late, when the next line begins: its header may be gone by
        // then.
        Headers& headers = *static_cast<FieldReader*>(p->data)->headers_;
        if (n > 0 && !headers.empty())
            headers[headers.size() - 1].value = {at, n};
        return 0;
    }

    static constexpr llhttp_settings_t settings = [] {
        llhttp_settings_t s{};
        s.on_header_field = name;
        s.on_header_value = value;
        return s;
    }();

    /// A parser behind a first line; that line itself is policy's and llhttp never sees it.
    static llhttp_t fresh()
    {
        static constexpr std::string_view line = "POST / HTTP/1.1\r\n";
        llhttp_t p;
        llhttp_init(&p, HTTP_REQUEST, &settings);
        llhttp_execute(&p, line.data(), line.size());
        return p;
    }
};

void FieldReader::restart()
{
    static const llhttp_t fresh = Glue::fresh();
    llhttp_ = fresh;
    llhttp_.data = this;
}

void FieldReader::start(const FieldRules& rules, const HeadRoom& room, Arena& arena,
                        Headers& headers, ArenaVector<std::string_view>* ignored)
{
    arena_ = &arena;
    headers_ = &headers;
    ignored_ = ignored;
    rules_ = rules;
    room_ = room;
    lines_ = 0;
    fault_ = FieldFault::none;
    bad_line_ = {};
    restart();
}

/// `at` is the byte of the line that is wrong; nginx shows what is before it and its code.
bool FieldReader::give_up(FieldFault fault, std::string_view line, size_t at)
{
    fault_ = fault;
    char text[300];
    std::string_view shown = line.substr(0, std::min<size_t>(at, 256));
    auto rc = at < line.size() ? fmt::format_to_n(text, sizeof text, "{}\\x{:02x}...", shown,
                                                  static_cast<unsigned char>(line[at]))
                               : fmt::format_to_n(text, sizeof text, "{}...", shown);
    bad_line_ = arena_->copy({text, std::min(rc.size, sizeof text)});
    return false;
}

FieldReader::Taken FieldReader::take(std::string_view text)
{
    // Ordinary lines are collected into one run for llhttp; odd ones are judged one by one.
    size_t run_start = 0, at = 0;
    for (;;) {
        size_t lf = text.find('\n', at);
        if (lf == std::string_view::npos)
            break;
        std::string_view one = text.substr(at, lf + 1 - at);
        bool crlf = one.size() >= 2 && one[one.size() - 2] == '\r';
        bool end = one.size() == size_t{1} + crlf;
        FieldFault over = end || lines_ < rules_.max_fields ? FieldFault::none : FieldFault::count;
        if (!room_.take(one.size()))
            over = FieldFault::size;
        if (end || over != FieldFault::none || !crlf || is_space(one[0])) {
            if (!run(text.substr(run_start, at - run_start)))
                return {};
            if (over != FieldFault::none)
                return give_up(over, one, one.size()), Taken{};
            if (end)
                return {lf + 1, true};
            if (!odd_line(one))
                return {};
            run_start = lf + 1;
        }
        ++lines_;
        at = lf + 1;
    }
    if (!run(text.substr(run_start, at - run_start)))
        return {};
    if (!room_.could_take(text.size() - at))
        give_up(FieldFault::size, text.substr(at), SIZE_MAX);
    return {at, false};
}

/// Gives llhttp lines that end in CRLF. One that it refuses is judged; it goes on behind that.
bool FieldReader::run(std::string_view lines)
{
    while (!lines.empty()) {
        size_t before = headers_->size();
        llhttp_execute(&llhttp_, lines.data(), lines.size());
        size_t good = settle(lines, before);
        if (fault_ != FieldFault::none)
            return false;
        lines.remove_prefix(good);
        if (lines.empty())
            break;
        std::string_view refused = lines.substr(0, lines.find('\n') + 1);
        if (!odd_line(refused))
            return false;
        lines.remove_prefix(refused.size());
        restart();
    }
    return true;
}

/// Looks at what llhttp made of `lines`, from header `first` on: keeps the headers that tile them
/// and have a name to keep, drops the rest. Returns how many bytes of whole lines that accounts
/// for.
size_t FieldReader::settle(std::string_view lines, size_t first)
{
    const char* const end = lines.data() + lines.size();
    const char* at = lines.data();
    size_t kept = first, i = first;
    for (; i < headers_->size(); ++i) {
        Header& header = (*headers_)[i];
        const char* p = header.name.data() + header.name.size();
        if (header.name.data() != at || p >= end || *p != ':')
            break;
        const char* value = header.value.empty() ? end : header.value.data();
        for (++p; p < value && is_space(*p); ++p)
            ;
        if (header.value.empty())
            header.value = {p, 0};
        else if (p == value)
            p += header.value.size();
        else
            break;
        if (end - p < 2 || p[0] != '\r' || p[1] != '\n')
            break;
        std::string_view line(at, static_cast<size_t>(p + 2 - at));
        while (!header.value.empty() && is_space(header.value.back()))
            header.value.remove_suffix(1);
        bool keep = true;
        if (header.id == HeaderId::other && !keep_name(header.name, line, keep))
            return 0;
        at = p + 2;
        if (keep && kept++ != i)
            (*headers_)[kept - 1] = header;
    }
    if (kept != headers_->size())
        headers_->truncate(kept);
    return static_cast<size_t>(at - lines.data());
}

/// Is that a name to keep, one to ignore (keep = false), or the end (false)?
bool FieldReader::keep_name(std::string_view name, std::string_view line, bool& keep)
{
    uint8_t worst = name.empty() ? fatal : plain;
    for (char c : name)
        worst |= name_class(c);
    if (worst == plain)
        return true;
    bool underscores_only = true;
    for (size_t i = 0; i < name.size(); ++i) {
        if (name_class(name[i]) == fatal)
            return give_up(FieldFault::line, line, i);
        underscores_only &= name[i] == '_' || name_class(name[i]) == plain;
    }
    if (name.empty())
        return give_up(FieldFault::line, line, 0);
    keep = !rules_.ignore_invalid || (underscores_only && rules_.underscores);
    if (!keep && ignored_) {
        while (line.back() == '\n' || line.back() == '\r')
            line.remove_suffix(1);
        ignored_->push(*arena_, line);
    }
    return true;
}

/// A line that llhttp refused or that is not its to read: bare LF, no colon, unusual name, bad
/// value.
bool FieldReader::odd_line(std::string_view line)
{
    std::string_view text = line.substr(0, line.size() - 1);
    if (!text.empty() && text.back() == '\r')
        text.remove_suffix(1);
    size_t colon = std::min(text.find(':'), text.size());
    bool keep = true;
    if (!keep_name(text.substr(0, colon), line, keep))
        return false;
    size_t bad = colon;
    while (bad < text.size() && !is_control(text[bad]))
        ++bad;
    if (bad < text.size())
        return give_up(FieldFault::line, line, bad);
    if (keep) {
        std::string_view value = trim(text.substr(std::min(colon + 1, text.size())));
        headers_->add(*arena_, text.substr(0, colon), value);
    }
    return true;
}

}  // namespace sluice::http
