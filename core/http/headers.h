// SPDX-License-Identifier: Apache-2.0
// Header fields of one message (RFC 9110 5): an ordered list of name and value views, with the
// fields that the engine acts on numbered (HeaderId), so that nobody compares names on the data
// path.
//  * Views are not owned: they point into the head buffer, the arena or static text.
//  * Names compare without case, the order of fields and their spelling are kept (RFC 9110 5.3).
//  * has(id) is a bit test; find() is linear and meant for fields that are there.
//  * Removing and replacing keep the order of what stays. Nothing here allocates but from the
//    arena.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "core/base/arena.h"

namespace sluice::http {

/// Fields with a number. At most 64: Headers::has() is one bit of a word.
enum class HeaderId : uint8_t {
    other,
    // framing, connection management: RFC 9110 7.6, RFC 9112 6 and 9
    host,
    connection,
    content_length,
    transfer_encoding,
    expect,
    upgrade,
    te,
    trailer,
    keep_alive,
    proxy_connection,
    // requests
    accept_encoding,
    range,
    if_range,
    if_match,
    if_none_match,
    if_modified_since,
    if_unmodified_since,
    user_agent,
    referer,
    cookie,
    authorization,
    x_forwarded_for,
    accept,
    accept_language,
    x_real_ip,
    via,
    origin,
    proxy_authorization,
    // responses
    content_type,
    date,
    server,
    location,
    refresh,
    etag,
    last_modified,
    accept_ranges,
    content_range,
    cache_control,
    expires,
    set_cookie,
    vary,
    www_authenticate,
    x_accel_buffering,
    x_accel_redirect,
    x_accel_expires,
    x_accel_limit_rate,
    x_accel_charset,
    content_encoding,
    proxy_authenticate,
    link,
    age,
    pragma,
    allow,
    retry_after,
    content_disposition,
    content_language,
    content_location,
    count_
};
static_assert(static_cast<unsigned>(HeaderId::count_) <= 64);

/// The number of a field name, in any case; `other` when it has none.
HeaderId header_id(std::string_view name);
/// The usual spelling ("Content-Length"); empty for `other`.
std::string_view header_name(HeaderId id);

/// Sets of names are masks of these.
constexpr uint64_t bit(HeaderId id)
{
    return uint64_t{1} << static_cast<unsigned>(id);
}

struct Header {
    std::string_view name, value;
    HeaderId id = HeaderId::other;
};

class Headers
{
public:
    Header& add(Arena& arena, std::string_view name, std::string_view value)
    {
        return add(arena, {name, value, header_id(name)});
    }
    Header& add(Arena& arena, HeaderId id, std::string_view value)
    {
        return add(arena, {header_name(id), value, id});
    }
    Header& add(Arena& arena, const Header& header)
    {
        mask_ |= bit(header.id);
        return list_.push(arena, header);
    }

    /// All fields of that name that `from` has.
    void add_all(Arena& arena, const Headers& from, HeaderId id);

    bool has(HeaderId id) const { return mask_ & bit(id); }
    /// Any of those whose bits `ids` has.
    bool has_any(uint64_t ids) const { return mask_ & ids; }

    /// First field with that name; null when there is none. Not for HeaderId::other.
    const Header* find(HeaderId id) const;
    const Header* find(std::string_view name) const;
    Header* find(HeaderId id) { return const_cast<Header*>(std::as_const(*this).find(id)); }
    /// Value of the first such field; empty when there is none.
    std::string_view value(HeaderId id) const
    {
        const Header* header = has(id) ? find(id) : nullptr;
        return header ? header->value : std::string_view{};
    }

    /// Makes `value` the only field of that name, at the place of the first one or at the end.
    void set(Arena& arena, std::string_view name, std::string_view value);
    void set(Arena& arena, HeaderId id, std::string_view value);

    /// How many fields went.
    size_t remove(HeaderId id);
    size_t remove(std::string_view name);
    template <class F>
    size_t remove_if(F&& unwanted)
    {
        size_t kept = 0, before = list_.size();
        mask_ = 0;
        for (size_t i = 0; i < before; ++i) {
            if (unwanted(std::as_const(list_[i])))
                continue;
            mask_ |= bit(list_[i].id);
            if (kept != i)
                list_[kept] = list_[i];
            ++kept;
        }
        while (list_.size() > kept)
            list_.pop_back();
        return before - kept;
    }
    /// Only the first n stay.
    void truncate(size_t n)
    {
        size_t index = 0;
        remove_if([&](const Header&) { return index++ >= n; });
    }

    Header* begin() { return list_.begin(); }
    Header* end() { return list_.end(); }
    const Header* begin() const { return list_.begin(); }
    const Header* end() const { return list_.end(); }
    Header& operator[](size_t i) { return list_[i]; }
    const Header& operator[](size_t i) const { return list_[i]; }
    size_t size() const { return list_.size(); }
    bool empty() const { return list_.empty(); }

    /// Forgets the fields, keeps the room (only while the arena lives on).
    void clear()
    {
        list_.clear();
        mask_ = 0;
    }
    /// Forgets the room too: for use with another or a cleared arena.
    void reset() { *this = Headers(); }

private:
    ArenaVector<Header> list_;
    uint64_t mask_ = 0;
};

/// Does a comma-separated field (all lines of it) hold this token, in any case? RFC 9110 5.6.1.
bool has_token(const Headers& headers, HeaderId id, std::string_view token);
/// A field value that is made of variables: CR, LF and NUL, which would end the field and begin
/// another one, become spaces (RFC 9110 5.5).
std::string_view one_line(std::string_view value, Arena& arena);
/// A field that this message's own Connection names is meant for this hop only (RFC 9110 7.6.1).
bool is_nominated(const Headers& headers, std::string_view name);

}  // namespace sluice::http
