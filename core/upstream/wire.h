// SPDX-License-Identifier: Apache-2.0
// Wire: how a request and its answer look on the connection to a peer: what of forwarding is the
// protocol's and not the engine's. Each try has its own; HTTP/1's is core/upstream/http1.h, others
// belong to their modules.
//
//   begin → [frame …] → feed … until done → take_head → next … until done
//
// The engine owns the buffers. Views that a Wire gives out (head fields, pieces) point into the
// input of that call, or into memory of its own that lasts as long as the request.
#pragma once

#include "core/buf/pool.h"
#include "core/http/body_decoder.h"
#include "core/http/message.h"

namespace sluice::http {
class Request;
}

namespace sluice::upstream {

class Wire
{
public:
    /// Once, before all else. `method` decides whether an answer has a body.
    virtual void begin(http::Request& r, http::Method method) = 0;

    // ---- the request's body ----
    /// Its bytes go as they are, right behind the head: frame() is not needed.
    virtual bool plain_body() const = 0;
    /// The next piece (not empty), or the end (an empty one), as it stands on the wire: at most 3
    /// slices, valid until the next call. 0: nothing to send. `taken`: how much of the piece that
    /// is.
    virtual size_t frame(std::string_view piece, buf::Slice* parts, size_t& taken) = 0;

    // ---- the answer's head ----
    /// `in` holds all that came since the last take_head(). What it consumes never moves the rest.
    virtual http::ParseState feed(http::Request& r, buf::Buffer& in) = 0;
    virtual http::ResponseHead& head() = 0;
    /// Bytes of the head so far, for its limit.
    virtual size_t head_size(const buf::Buffer& in) const = 0;
    /// Why feed() failed: "upstream sent ...".
    virtual std::string_view reason() const = 0;
    /// The head that is done leaves `in`. An interim one (1xx) is followed by the next.
    virtual void take_head(http::Request& r, buf::Buffer& in) = 0;

    // ---- its body ----
    virtual http::Piece next(http::Request& r, std::string_view input) = 0;
    virtual std::string_view body_reason() const = 0;
    /// The peer has closed: was that the end?
    virtual bool at_eof() = 0;
    /// Bytes that must still come, if that is known; else 0.
    virtual uint64_t remaining() const = 0;
    virtual http::Headers* trailers() { return nullptr; }
    /// Behind the end: the connection can take another request.
    virtual bool reusable() const = 0;

protected:
    ~Wire() = default;
};

}  // namespace sluice::upstream
