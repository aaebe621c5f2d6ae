// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/http1.h"

#include "core/http/request.h"

namespace sluice::upstream {
namespace {

constexpr size_t max_trailer_bytes = 8192;
constexpr size_t max_response_headers = 1000;

}  // namespace

void Http1Wire::begin(http::Request& r, http::Method method)
{
    method_ = method;
    done_ = false;
    parser_.start(method, max_response_headers, r.arena());
}

size_t Http1Wire::frame(std::string_view piece, buf::Slice* parts, size_t& taken)
{
    if (!chunked)
        return frame_plain(piece, parts, taken);
    taken = piece.size();
    if (piece.empty()) {
        parts[0] = buf::Slice("0\r\n\r\n");
        return 1;
    }
    size_t length = http::write_chunk_head(chunk_head_, piece.size());
    parts[0] = buf::Slice(std::string_view(chunk_head_, length));
    parts[1] = buf::Slice(piece);
    parts[2] = buf::Slice("\r\n");
    return 3;
}

void Http1Wire::take_head(http::Request& r, buf::Buffer& in)
{
    in.consume(parser_.head_size());
    done_ = false;
    if (parser_.head().status < 200 && parser_.head().status != 101)
        parser_.start(method_, max_response_headers, r.arena());
    else
        decoder_.start(parser_.head().framing, max_trailer_bytes, r.arena());
}

}  // namespace sluice::upstream
