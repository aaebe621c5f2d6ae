// SPDX-License-Identifier: Apache-2.0
#include "core/http/headers.h"

#include <algorithm>
#include <array>

#include "core/base/bytes.h"

namespace sluice::http {
namespace {

// In the order of HeaderId.
constexpr std::string_view names[] = {"",
                                      "Host",
                                      "Connection",
                                      "Content-Length",
                                      "Transfer-Encoding",
                                      "Expect",
                                      "Upgrade",
                                      "TE",
                                      "Trailer",
                                      "Keep-Alive",
                                      "Proxy-Connection",
                                      "Accept-Encoding",
                                      "Range",
                                      "If-Range",
                                      "If-Match",
                                      "If-None-Match",
                                      "If-Modified-Since",
                                      "If-Unmodified-Since",
                                      "User-Agent",
                                      "Referer",
                                      "Cookie",
                                      "Authorization",
                                      "X-Forwarded-For",
                                      "Accept",
                                      "Accept-Language",
                                      "X-Real-IP",
                                      "Via",
                                      "Origin",
                                      "Proxy-Authorization",
                                      "Content-Type",
                                      "Date",
                                      "Server",
                                      "Location",
                                      "Refresh",
                                      "ETag",
                                      "Last-Modified",
                                      "Accept-Ranges",
                                      "Content-Range",
                                      "Cache-Control",
                                      "Expires",
                                      "Set-Cookie",
                                      "Vary",
                                      "WWW-Authenticate",
                                      "X-Accel-Buffering",
                                      "X-Accel-Redirect",
                                      "X-Accel-Expires",
                                      "X-Accel-Limit-Rate",
                                      "X-Accel-Charset",
                                      "Content-Encoding",
                                      "Proxy-Authenticate",
                                      "Link",
                                      "Age",
                                      "Pragma",
                                      "Allow",
                                      "Retry-After",
                                      "Content-Disposition",
                                      "Content-Language",
                                      "Content-Location"};
constexpr size_t count = static_cast<size_t>(HeaderId::count_);
static_assert(std::size(names) == count);
static_assert(names[static_cast<size_t>(HeaderId::content_location)] == "Content-Location");

/// No two names above share a slot: the factors were found by trying, slots() proves it.
constexpr uint8_t slot(std::string_view name)
{
    auto folded = [&](size_t i) { return static_cast<unsigned char>(name[i]) | 0x20u; };
    size_t n = name.size();
    return static_cast<uint8_t>(n + folded(0) + folded(n - 1) * 249 + folded(n / 2) * 17);
}

consteval std::array<uint8_t, 256> slots()
{
    std::array<uint8_t, 256> table{};
    for (size_t id = 1; id < count; ++id) {
        if (table[slot(names[id])])
            throw "two names in one slot: find other factors";
        table[slot(names[id])] = static_cast<uint8_t>(id);
    }
    return table;
}
constexpr std::array<uint8_t, 256> by_slot = slots();

template <class Word>
Word load(const char* p)
{
    Word w;
    std::memcpy(&w, p, sizeof w);
    return w;
}

/// Eight (or four) bytes at once: equal after folding letters. '-' and a few controls differ in the
/// same bit, so a byte below 0x20 counts as different.
template <class Word>
bool same_word(const char* a, const char* b)
{
    constexpr Word ones = static_cast<Word>(0x0101010101010101ull);
    Word x = load<Word>(a), y = load<Word>(b);
    bool printable = ((x | (x << 1)) & (ones << 6)) == (ones << 6);
    return printable && (x | (ones << 5)) == (y | (ones << 5));
}

/// `name` is one of ours: letters and '-' only.
bool same_name(std::string_view text, std::string_view name)
{
    size_t n = name.size();
    if (text.size() != n)
        return false;
    if (n < 4)
        return iequals(text, name);
    if (n < 8)
        return same_word<uint32_t>(text.data(), name.data()) &&
               same_word<uint32_t>(text.data() + n - 4, name.data() + n - 4);
    for (size_t i = 0; i + 8 < n; i += 8)
        if (!same_word<uint64_t>(text.data() + i, name.data() + i))
            return false;
    return same_word<uint64_t>(text.data() + n - 8, name.data() + n - 8);
}

}  // namespace

HeaderId header_id(std::string_view name)
{
    if (name.empty())
        return HeaderId::other;
    uint8_t id = by_slot[slot(name)];
    return same_name(name, names[id]) ? static_cast<HeaderId>(id) : HeaderId::other;
}

std::string_view header_name(HeaderId id)
{
    return names[static_cast<size_t>(id)];
}

void Headers::add_all(Arena& arena, const Headers& from, HeaderId id)
{
    for (const Header& header : from)
        if (header.id == id)
            add(arena, header);
}

const Header* Headers::find(HeaderId id) const
{
    for (const Header& header : list_)
        if (header.id == id)
            return &header;
    return nullptr;
}

const Header* Headers::find(std::string_view name) const
{
    HeaderId id = header_id(name);
    if (id != HeaderId::other)
        return has(id) ? find(id) : nullptr;
    for (const Header& header : list_)
        if (header.id == HeaderId::other && iequals(header.name, name))
            return &header;
    return nullptr;
}

void Headers::set(Arena& arena, std::string_view name, std::string_view value)
{
    const Header* first = find(name);
    if (!first) {
        add(arena, name, value);
        return;
    }
    size_t at = static_cast<size_t>(first - list_.begin());
    list_[at].name = name;
    list_[at].value = value;
    HeaderId id = list_[at].id;
    size_t index = 0;
    remove_if([&](const Header& header) {
        bool same = header.id == id && (id != HeaderId::other || iequals(header.name, name));
        return index++ != at && same;
    });
}

void Headers::set(Arena& arena, HeaderId id, std::string_view value)
{
    set(arena, header_name(id), value);
}

size_t Headers::remove(HeaderId id)
{
    return has(id) ? remove_if([id](const Header& header) { return header.id == id; }) : 0;
}

size_t Headers::remove(std::string_view name)
{
    HeaderId id = header_id(name);
    if (id != HeaderId::other)
        return remove(id);
    return remove_if([name](const Header& header) {
        return header.id == HeaderId::other && iequals(header.name, name);
    });
}

bool has_token(const Headers& headers, HeaderId id, std::string_view token)
{
    if (!headers.has(id))
        return false;
    return std::any_of(headers.begin(), headers.end(), [&](const Header& header) {
        return header.id == id && list_has(header.value, token);
    });
}

std::string_view one_line(std::string_view value, Arena& arena)
{
    auto ends = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
    if (std::none_of(value.begin(), value.end(), ends))
        return value;
    char* out = arena.chars(value.size());
    std::replace_copy_if(value.begin(), value.end(), out, ends, ' ');
    return {out, value.size()};
}

bool is_nominated(const Headers& headers, std::string_view name)
{
    return has_token(headers, HeaderId::connection, name);
}

}  // namespace sluice::http
