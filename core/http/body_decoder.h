// SPDX-License-Identifier: Apache-2.0
// Body of an HTTP/1 message (RFC 9112 6 and 7), incremental and without copies: give it what was
// read, get views of the payload back.
//
//     for (;;) {
//         Piece piece = body.next(input);          // consumes from the front only
//         input.remove_prefix(piece.consumed);
//         if (piece.state == Piece::data_) use(piece.data);
//         else break;                              // more: read; done: input is what follows
//     }
//
//  * Chunk sizes and data go through llhttp; around it each byte of framing is checked here,
//    because llhttp takes any byte for the LF of a size line and for the CRLF behind data. Lines
//    end with CRLF only.
//  * Extensions, and white space before them or at the line's end (nginx), are skipped and bounded
//    (7.1.1).
//  * Trailer fields are copied into the arena, at most max_trailer_bytes of them, and without those
//    that may not come late: framing, routing, authentication, content (RFC 9110 6.5.1).
//  * An error is final: {400, "invalid chunk size"}. nginx's log lines for it are "client sent
//    invalid chunked body" and "upstream sent invalid chunked response"; the caller knows which.
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
    static constexpr size_t max_digits = 32;        // of a chunk size, leading zeros included
    static constexpr size_t max_trailer_fields = 100;

    BodyDecoder() = default;
    BodyDecoder(const BodyDecoder&) = delete;
    BodyDecoder& operator=(const BodyDecoder&) = delete;

    void start(Framing framing, size_t max_trailer_bytes, Arena& arena);
    Piece next(std::string_view input);

    /// The peer closed now: true when the body is whole (it was done, or lasts until close).
    bool at_eof();
    bool done() const { return done_; }
    /// Payload bytes so far.
    uint64_t received() const { return received_; }
    /// Payload bytes that must still come: of the body for `length`, of this chunk for `chunked`,
    /// else 0.
    uint64_t remaining() const { return left_; }
    const Framing& framing() const { return framing_; }
    /// After `done`.
    Headers& trailers() { return trailers_; }
    const ParseError& error() const { return error_; }

private:
    struct Glue;
    enum class At : uint8_t {
        size,
        blank,
        extension,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer,
        trailer_line,
        end_lf
    };

    Piece next_chunked(std::string_view input);
    bool step(std::string_view input, size_t& i);
    bool take_size(std::string_view input, size_t& i);
    bool take_extension(std::string_view input, size_t& i);
    bool take_trailer(std::string_view input, size_t& i);
    bool begin_chunk();
    bool read_trailers();
    bool tell(std::string_view bytes);
    bool fail(std::string_view reason);

    llhttp_t llhttp_;
    Framing framing_;
    uint64_t received_ = 0;
    uint64_t left_ = 0;
    Arena* arena_ = nullptr;
    char* trailer_ = nullptr;
    size_t trailer_max_ = 0;
    size_t trailer_size_ = 0;
    size_t line_ = 0;  // bytes of the size line so far: digits, or extension
    Headers trailers_;
    ParseError error_;
    At at_ = At::size;
    bool done_ = false;
};

/// "1a\r\n" into `out`, its length. A body's last chunk is write_chunk_head(0), trailers and CRLF.
size_t write_chunk_head(char (&out)[20], uint64_t size);

}  // namespace sluice::http
