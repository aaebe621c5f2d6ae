// SPDX-License-Identifier: Apache-2.0
// Field section of a head (RFC 9112 5), read by llhttp under our rules; shared by the two head parsers.
//  * Only whole lines reach llhttp, so it makes no difference how the bytes were cut on the way.
//  * Every byte of what llhttp took must lie in a name, ':', white space, a value or CRLF, in that order;
//    that refuses what llhttp lets through: obs-fold (5.2), a bare CR, a space before the colon (5.1).
//  * A line that llhttp refuses for its name is ignored or passed as nginx does; a line that ends with a
//    bare LF (2.2) and a line without a colon (nginx: an empty value) are completed for it.
//  * Offsets are kept, not pointers: the buffer may move between calls; the views move along.
#pragma once

#include <llhttp.h>

#include <cstdint>
#include <string_view>

#include "core/http/message.h"

namespace sluice::http {

struct FieldRules {
    bool underscores = false;     // '_' is an ordinary character of a name
    bool ignore_invalid = true;   // drop fields with unusual names; else they are passed
    size_t max_fields = SIZE_MAX;
};

enum class FieldFault : uint8_t { none, line, count, content_length, framing };

class FieldReader
{
public:
    void start(llhttp_type_t type, const FieldRules& rules, Arena& arena, Headers& headers,
               ArenaVector<std::string_view>* ignored);

    /// Takes the whole lines of `all` in [from, to); the empty line is not among them.
    bool take(std::string_view all, size_t from, size_t to);
    /// The buffer is elsewhere now.
    void rebase(const char* from, size_t size, const char* to);

    FieldFault fault() const { return fault_; }
    std::string_view bad_line() const { return bad_line_; }
    size_t fields() const { return fields_; }

private:
    struct Glue;
    bool line(std::string_view text);
    bool run(std::string_view lines);
    bool refused(std::string_view line, std::string_view name);
    bool tiles(std::string_view lines, size_t first) const;
    bool drop(std::string_view line);
    bool give_up(FieldFault fault, std::string_view line);
    void restart();

    llhttp_t llhttp_;
    Arena* arena_ = nullptr;
    Headers* headers_ = nullptr;
    ArenaVector<std::string_view>* ignored_ = nullptr;
    FieldRules rules_;
    size_t fields_ = 0;
    FieldFault fault_ = FieldFault::none;
    std::string_view bad_line_;
};

}  // namespace sluice::http
