// SPDX-License-Identifier: Apache-2.0
// HTTP/1 as the wire of an exchange.
#pragma once

#include "core/http/response_parser.h"
#include "core/upstream/wire.h"

namespace sluice::upstream {

class Http1Wire final : public Wire
{
public:
    /// The request's body goes out in chunks.
    bool chunked = false;

    void begin(http::Request& r, http::Method method) override;
    bool plain_body() const override { return !chunked; }
    size_t frame(std::string_view piece, buf::Slice* parts, size_t& taken) override;
    http::ParseState feed(http::Request& r, buf::Buffer& in) override;
    http::ResponseHead& head() override { return parser_.head(); }
    size_t head_size(const buf::Buffer& in) const override;
    std::string_view reason() const override { return parser_.error().reason; }
    void take_head(http::Request& r, buf::Buffer& in) override;
    http::Piece next(http::Request&, std::string_view input) override
    {
        return decoder_.next(input);
    }
    std::string_view body_reason() const override { return decoder_.error().reason; }
    bool at_eof() override { return decoder_.at_eof(); }
    uint64_t remaining() const override
    {
        return decoder_.framing().kind == http::Framing::length ? decoder_.remaining() : 0;
    }
    http::Headers* trailers() override { return &decoder_.trailers(); }
    bool reusable() const override { return parser_.head().keep_alive; }

private:
    http::ResponseParser parser_;
    http::BodyDecoder decoder_;
    http::Method method_ = http::Method::get;
    bool done_ = false;
    char chunk_head_[20];
};

}  // namespace sluice::upstream
