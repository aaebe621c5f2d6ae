// SPDX-License-Identifier: Apache-2.0
// Field section of a head (RFC 9112 5), read by llhttp under our rules; shared by the two head
// parsers.
//  * Only whole lines reach llhttp, so it makes no difference how the bytes were cut on the way.
//  * What llhttp reports must tile the lines: name ':' white space value CRLF, nothing between.
//    That refuses what it lets through: obs-fold (5.2), a bare CR (2.2), a space before the colon
//    (5.1).
//  * A line that llhttp refuses, or that ends with a bare LF (2.2), is judged by itself as nginx
//    does: ignored or passed for an unusual name, completed when the colon is missing, or an error.
//  * Which fields make sense together (Content-Length, Host, ...) is for the caller: all are
//    delivered.
#pragma once

#include <llhttp.h>

#include <cstdint>
#include <string_view>

#include "core/http/message.h"

namespace sluice::http {

/// What nginx's header buffers would hold: every line lies whole in one of them.
struct HeadRoom {
    size_t left = SIZE_MAX;  // of the buffer that is being filled
    size_t line = 0;         // size of a large buffer
    size_t large = 0;        // of which so many may still be taken

    bool take(size_t n)
    {
        if (n <= left) {
            left -= n;
            return true;
        }
        if (n > line || large == 0)
            return false;
        --large;
        left = line - n;
        return true;
    }
    /// Can a line that begins with n bytes, and has not ended, still fit?
    bool could_take(size_t n) const { return HeadRoom(*this).take(n + 1); }
};

struct FieldRules {
    bool underscores = false;    // '_' is an ordinary character of a name
    bool ignore_invalid = true;  // drop fields with unusual names; else they are passed
    size_t max_fields = SIZE_MAX;
};

enum class FieldFault : uint8_t { none, line, count, size };

class FieldReader
{
public:
    struct Taken {
        size_t used = 0;   // bytes in whole lines
        bool end = false;  // the empty line was among them
    };

    void start(const FieldRules& rules, const HeadRoom& room, Arena& arena, Headers& headers,
               ArenaVector<std::string_view>* ignored);

    /// Takes the whole lines at the front of `text`, up to the empty one. Check fault() behind it.
    Taken take(std::string_view text);

    FieldFault fault() const { return fault_; }
    /// What was wrong with it, as nginx shows it: `X-A: 1\x00...`. In the arena.
    std::string_view bad_line() const { return bad_line_; }
    HeadRoom& room() { return room_; }

private:
    struct Glue;
    bool run(std::string_view lines);
    size_t settle(std::string_view lines, size_t first);
    bool odd_line(std::string_view line);
    bool keep_name(std::string_view name, std::string_view line, bool& keep);
    bool give_up(FieldFault fault, std::string_view line, size_t at);
    void restart();

    llhttp_t llhttp_;
    Arena* arena_ = nullptr;
    Headers* headers_ = nullptr;
    ArenaVector<std::string_view>* ignored_ = nullptr;
    FieldRules rules_;
    HeadRoom room_;
    size_t lines_ = 0;
    FieldFault fault_ = FieldFault::none;
    std::string_view bad_line_;
};

/// A view into [from, from + size) as the same view into `to`; others stay.
inline void rebase(std::string_view& view, const char* from, size_t size, const char* to)
{
    size_t offset = reinterpret_cast<uintptr_t>(view.data()) - reinterpret_cast<uintptr_t>(from);
    if (view.data() && offset <= size)
        view = {to + offset, view.size()};
}

inline void rebase(Headers& headers, const char* from, size_t size, const char* to)
{
    for (Header& header : headers) {
        rebase(header.name, from, size, to);
        rebase(header.value, from, size, to);
    }
}

}  // namespace sluice::http
