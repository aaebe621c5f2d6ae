// SPDX-License-Identifier: Apache-2.0
// Body of an HTTP/1 message (RFC 9112 6 and 7), incremental and without copies: give it what was read, get
// views of the payload back.
//
//     for (;;) {
//         auto piece = body.next(input);           // consumes from the front only
//         input.remove_prefix(piece.consumed);
//         if (piece.state == Piece::data_) use(piece.data);
//         else break;                              // more: read; done: input is the next message; error
//     }
//
//  * `chunked` is llhttp's, stricter by our own check of every framing byte: CRLF only, no white space around
//    sizes but before an extension, extensions skipped and bounded (7.1.1).
//  * Trailer fields are copied into the arena, at most max_trailer_bytes of them, and without those that may
//    not come late: framing, routing, authentication, content (RFC 9110 6.5.1).
//  * An error is final; its reason is worded for the error log.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/http/message.h"

namespace sluice::http {

struct Piece {
    enum State : uint8_t {
        more,   // everything consumed, wants input
        data_,  // `data` is payload, a view of the input; call again with the rest
        done,   // the body ends behind `consumed`
        error
    };
    std::string_view data;
    size_t consumed = 0;
    State state = more;
};

class BodyDecoder
{
public:
    static constexpr size_t max_extension = 16384;  // bytes of one chunk's extensions

    void start(Framing framing, size_t max_trailer_bytes, Arena& arena);
    Piece next(std::string_view input);

    /// The peer closed now: true when the body is whole (it was done, or lasts until close).
    bool at_eof();
    bool done() const { return done_; }
    /// Payload bytes so far.
    uint64_t received() const { return received_; }
    /// Of `length`: what is still to come; of `chunked`: of the current chunk; else 0.
    uint64_t remaining() const { return left_; }
    const Framing& framing() const { return framing_; }
    Headers& trailers() { return trailers_; }
    const ParseError& error() const { return error_; }

private:
    struct Glue;
    enum class At : uint8_t { size, data, data_end, trailer };

    Piece next_length(std::string_view input);
    Piece next_chunked(std::string_view input);
    size_t framing_line(std::string_view input);
    Piece fail(std::string_view reason, size_t consumed);

    llhttp_t llhttp_;
    Framing framing_;
    uint64_t received_ = 0;
    uint64_t left_ = 0;
    size_t trailer_left_ = 0;
    Arena* arena_ = nullptr;
    Headers trailers_;
    ParseError error_;
    bool done_ = false;
    bool failed_ = false;
};

/// "1a\r\n" into `out`, its length. A body's last chunk is write_chunk_head(0) and the trailers' CRLF.
size_t write_chunk_head(char (&out)[20], uint64_t size);

}  // namespace sluice::http
