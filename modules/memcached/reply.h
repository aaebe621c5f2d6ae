// SPDX-License-Identifier: Apache-2.0
// Reply: what a memcached server answers to `get` of one key, as bytes come: the first line, then
// the value and what follows it. Knows nothing of requests. A line has at most 1024 bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/http/body_decoder.h"

namespace sluice::memcached {

class Reply
{
public:
    enum State : uint8_t {
        more,       // the line is not whole
        value,      // flags, left() and line_size() are known
        missing,    // END
        wrong_key,  // a value, of another key
        invalid,
    };
    /// `in` begins with the reply's first byte; called again with more of it until it says
    /// something else than `more`.
    State read_line(std::string_view in, std::string_view key);
    /// Of what read_line() has judged, without its end; where that is bad as much as there is.
    std::string_view line() const { return line_; }
    size_t line_size() const { return size_; }  // with its end
    uint64_t flags() const { return flags_; }

    /// Behind the line: the next piece of the value, or the end; `error` where what follows the
    /// value is not what has to.
    http::Piece next(std::string_view input);
    uint64_t left() const { return left_; }  // bytes of the value that have not come
    size_t tail_left() const { return tail_left_; }
    bool at_end() const { return left_ == 0 && tail_left_ == 0; }

private:
    State read_value(std::string_view rest, std::string_view key);

    std::string_view line_;
    size_t size_ = 0;
    uint64_t flags_ = 0, left_ = 0;
    size_t tail_left_ = 0;
};

}  // namespace sluice::memcached
