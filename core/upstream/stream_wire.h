// SPDX-License-Identifier: Apache-2.0
// StreamWire: what the wires have in common whose answer is a head and then a body without frames
// of its own around both: HTTP/1, and CGI as SCGI and uwsgi send it. Parser reads the head.
#pragma once

#include "core/upstream/wire.h"

namespace sluice::upstream {

template <class Parser>
class StreamWire : public Wire
{
public:
    http::ParseState feed(http::Request&, buf::Buffer& in) final
    {
        http::ParseState state = parser_.feed(in.view());
        done_ = state == http::ParseState::done;
        return state;
    }
    http::ResponseHead& head() final { return parser_.head(); }
    size_t head_size(const buf::Buffer& in) const final
    {
        return done_ ? parser_.head_size() - 1 : in.size();
    }
    std::string_view reason() const final { return parser_.error().reason; }
    http::Piece next(http::Request&, std::string_view input) final { return decoder_.next(input); }
    std::string_view body_reason() const final { return decoder_.error().reason; }
    bool at_eof() final { return decoder_.at_eof(); }
    uint64_t remaining() const final
    {
        return decoder_.framing().kind == http::Framing::length ? decoder_.remaining() : 0;
    }

protected:
    ~StreamWire() = default;
    /// A piece of the request's body as it is.
    static size_t frame_plain(std::string_view piece, buf::Slice* parts, size_t& taken)
    {
        taken = piece.size();
        parts[0] = buf::Slice(piece);
        return piece.empty() ? 0 : 1;
    }

    Parser parser_;
    http::BodyDecoder decoder_;
    bool done_ = false;
};

}  // namespace sluice::upstream
