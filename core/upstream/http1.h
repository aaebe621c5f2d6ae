// SPDX-License-Identifier: Apache-2.0
// HTTP/1 as the wire of an exchange.
#pragma once

#include "core/http/response_parser.h"
#include "core/upstream/stream_wire.h"

namespace sluice::upstream {

class Http1Wire final : public StreamWire<http::ResponseParser>
{
public:
    /// The request's body goes out in chunks.
    bool chunked = false;
    /// The request said that its connection ends with it, and the upstream may not repeat that.
    bool last = false;

    void begin(http::Request& r, http::Method method) override;
    bool plain_body() const override { return !chunked; }
    size_t frame(std::string_view piece, buf::Slice* parts, size_t& taken) override;
    void take_head(http::Request& r, buf::Buffer& in) override;
    http::Headers* trailers() override { return &decoder_.trailers(); }
    bool reusable() const override { return parser_.head().keep_alive && !last; }

private:
    http::Method method_ = http::Method::get;
    char chunk_head_[20];
};

}  // namespace sluice::upstream
