// SPDX-License-Identifier: Apache-2.0
// Records: the stream of records that a FastCGI program sends (fastcgi-specification 3.3), in
// pieces of any size and without copies. Of other requests than ours, and of types that a responder
// does not send, nothing is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::fastcgi {

enum class Type : uint8_t {
    begin_request = 1,
    end_request = 3,
    params = 4,
    stdin_ = 5,
    stdout_ = 6,
    stderr_ = 7
};
constexpr size_t header_size = 8;
constexpr size_t max_content = 65528;  // of a record of ours: a multiple of 8

void write_record_head(char* to, Type type, size_t content);

class Records
{
public:
    struct Step {
        enum Kind : uint8_t {
            more,        // only `used` bytes of input
            out,         // `bytes` of standard output
            error_out,   // and of standard error
            record_end,  // of either
            ended,       // the request
            bad          // no FastCGI of version 1
        } kind = more;
        std::string_view bytes;
        size_t used = 0;
    };

    /// Up to the end of one thing. Call it while can_step(), with what has not been used.
    Step step(std::string_view input);
    /// There is input, or the end of a record needs none.
    bool can_step(size_t input) const
    {
        return input > 0 || (have_ == header_size && content_ == 0 && padding_ == 0);
    }

private:
    char header_[header_size];
    size_t have_ = 0;     // of header_
    size_t content_ = 0;  // bytes of the record's content still to come
    size_t padding_ = 0;  // and behind it
};

}  // namespace sluice::fastcgi
