// SPDX-License-Identifier: Apache-2.0
// Chunked bodies: one payload, one end and the same trailers however the bytes come, and the
// payload survives being written and read again.
#include "core/http/body_decoder.h"
#include "t/fuzz/lib/http_check.h"

namespace sluice::http::fuzz {
namespace {

struct Outcome {
    Piece::State state = Piece::more;
    size_t used = 0;
    std::string payload, trailers;

    bool operator==(const Outcome&) const = default;
};

/// In stretches of `step` bytes.
Outcome decode(std::string_view all, size_t step)
{
    Arena arena;
    BodyDecoder body;
    body.start({Framing::chunked, 0}, 128, arena);
    Outcome out;
    while (!all.empty() && out.state == Piece::more) {
        Exact input(all.substr(0, step));
        all.remove_prefix(input.view().size());
        std::string_view rest = input.view();
        for (;;) {
            Piece piece = body.next(rest);
            require(piece.consumed <= rest.size() && input.holds(piece.data));
            rest.remove_prefix(piece.consumed);
            out.used += piece.consumed;
            if (piece.state != Piece::data_) {
                out.state = piece.state;
                break;
            }
            require(!piece.data.empty());
            out.payload += piece.data;
        }
        require(out.state != Piece::more || rest.empty());
    }
    require(body.received() == out.payload.size());
    require(body.at_eof() == (out.state == Piece::done));
    if (out.state == Piece::error)
        out.used = 0;
    out.trailers = write_headers(body.trailers());
    require(!body.trailers().has(HeaderId::content_length) && !body.trailers().has(HeaderId::host));
    return out;
}

void check(std::string_view all)
{
    Outcome whole = decode(all, SIZE_MAX);
    require(whole == decode(all, 1));
    require(whole == decode(all, place(all, 1) + 1));
    if (whole.state != Piece::done)
        return;
    std::string again;
    char head[20];
    if (!whole.payload.empty())
        again.append(head, write_chunk_head(head, whole.payload.size()))
            .append(whole.payload)
            .append("\r\n");
    again.append(head, write_chunk_head(head, 0)).append("\r\n");
    Outcome second = decode(again, SIZE_MAX);
    require(second.state == Piece::done && second.payload == whole.payload &&
            second.used == again.size());
}

}  // namespace
}  // namespace sluice::http::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    sluice::http::fuzz::check({reinterpret_cast<const char*>(data), size});
    return 0;
}
