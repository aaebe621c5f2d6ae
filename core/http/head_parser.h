// SPDX-License-Identifier: Apache-2.0
// What the two head parsers share: bytes come in any pieces, perhaps each time in another buffer;
// first a line of its own kind is read, then the fields. Parser has
//   ParseState read_line(all), read_fields(all)   with at_ behind what has been taken
//   void move_views(from, size, to)               of the head, when the buffer has moved
#pragma once

#include <cstddef>
#include <string_view>

#include "core/http/field_reader.h"
#include "core/http/message.h"

namespace sluice::http {

template <class Parser, class Head>
class HeadParser
{
public:
    using State = ParseState;

    HeadParser() = default;
    HeadParser(const HeadParser&) = delete;
    HeadParser& operator=(const HeadParser&) = delete;

    /// `all` is the whole head buffer so far: the bytes of the last call, perhaps elsewhere, plus
    /// new ones.
    State feed(std::string_view all)
    {
        if (phase_ == Phase::done)
            return State::done;
        if (phase_ == Phase::error)
            return State::error;
        follow(all);
        seen_ = all.size();
        if (phase_ == Phase::line) {
            State state = self().read_line(all);
            if (state != State::more || phase_ == Phase::line)
                return state;
        }
        return self().read_fields(all);
    }

    /// The bytes of the last feed are elsewhere now, and nothing more will be fed: what has been
    /// taken of them (for the log) goes on pointing at them.
    void follow(std::string_view all)
    {
        if (all.data() == base_)
            return;
        if (phase_ == Phase::fields)
            self().move_views(base_, seen_, all.data());
        base_ = all.data();
    }

    /// Of the first line once it has been read (also after an error, for the log); whole after
    /// `done`.
    Head& head() { return head_; }
    const Head& head() const { return head_; }
    const ParseError& error() const { return error_; }
    /// Bytes of `all` that belong to the head; body or next message follow.
    size_t head_size() const { return head_.head_size; }

protected:
    enum class Phase : uint8_t { line, fields, done, error };

    Head head_;
    ParseError error_;
    FieldReader fields_;
    Arena* arena_ = nullptr;
    const char* base_ = nullptr;
    size_t seen_ = 0;  // bytes of the last feed
    size_t at_ = 0;    // start of the first line that has not been taken
    Phase phase_ = Phase::done;

private:
    Parser& self() { return static_cast<Parser&>(*this); }
};

}  // namespace sluice::http
