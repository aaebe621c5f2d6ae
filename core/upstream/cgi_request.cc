// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/cgi_request.h"

namespace sluice::upstream {

void CgiWire::begin(http::Request& r, http::Method method)
{
    done_ = false;
    parser_.start(method, r.arena());
}

size_t CgiWire::frame(std::string_view piece, buf::Slice* parts, size_t& taken)
{
    taken = piece.size();
    parts[0] = buf::Slice(piece);
    return piece.empty() ? 0 : 1;
}

http::ParseState CgiWire::feed(http::Request&, buf::Buffer& in)
{
    http::ParseState state = parser_.feed(in.view());
    done_ = state == http::ParseState::done;
    return state;
}

size_t CgiWire::head_size(const buf::Buffer& in) const
{
    return done_ ? parser_.head_size() - 1 : in.size();
}

void CgiWire::take_head(http::Request& r, buf::Buffer& in)
{
    in.consume(parser_.head_size());
    decoder_.start(parser_.head().framing, 0, r.arena());
}

}  // namespace sluice::upstream
