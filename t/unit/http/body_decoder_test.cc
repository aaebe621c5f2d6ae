// SPDX-License-Identifier: Apache-2.0
// Every body of the table whole, byte by byte and cut at every place: same payload, trailers and
// end.
#include "core/http/body_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>

#include "t/unit/http/body_cases.h"

namespace sluice::http {
namespace {

struct Outcome {
    std::string verdict, payload, trailers;
    size_t used = 0;

    bool operator==(const Outcome&) const = default;
    friend void PrintTo(const Outcome& o, std::ostream* out)
    {
        *out << o.verdict << " [" << o.payload << "] [" << o.trailers << "] " << o.used;
    }
};

/// Each stretch between two cuts comes in a buffer of its own, so that a view beyond it is caught.
Outcome decode(const BodyCase& one, const std::vector<size_t>& cuts)
{
    Arena arena;
    BodyDecoder body;
    body.start(one.framing, 256, arena);
    Outcome out{"more", "", "", 0};
    size_t from = 0;
    for (size_t i = 0; i <= cuts.size() && out.verdict == "more"; ++i) {
        size_t n = (i < cuts.size() ? cuts[i] : one.raw.size()) - from;
        std::unique_ptr<char[]> fresh(new char[n]);
        std::copy_n(one.raw.data() + from, n, fresh.get());
        from += n;
        std::string_view input(fresh.get(), n);
        for (;;) {
            Piece piece = body.next(input);
            EXPECT_LE(piece.consumed, input.size());
            out.used += piece.consumed;
            input.remove_prefix(piece.consumed);
            if (piece.state == Piece::data_) {
                out.payload += piece.data;
                continue;
            }
            EXPECT_TRUE(piece.state != Piece::more || input.empty());
            if (piece.state == Piece::done)
                out.verdict = "done";
            if (piece.state == Piece::error)
                out.verdict = "error";
            break;
        }
    }
    EXPECT_EQ(body.received(), out.payload.size());
    EXPECT_EQ(out.verdict == "done", body.done());
    EXPECT_EQ(out.verdict == "error", !body.error().reason.empty());
    for (const Header& header : body.trailers())
        out.trailers.append(header.name).append(": ").append(header.value).append("\r\n");
    bool until_close = one.framing.kind == Framing::until_close;
    EXPECT_EQ(body.at_eof(), out.verdict == "done" || until_close);
    if (out.verdict == "error")
        out.used = 0;
    return out;
}

TEST(BodyDecoder, table)
{
    for (const BodyCase& one : body_cases()) {
        SCOPED_TRACE(std::string(one.section) + " " +
                     testing::PrintToString(one.raw.substr(0, 100)));
        Outcome whole = decode(one, {});
        EXPECT_EQ(whole.verdict, one.verdict);
        EXPECT_EQ(whole.payload, one.payload);
        EXPECT_EQ(whole.trailers, one.trailers);
        EXPECT_TRUE(whole.verdict == "error" || whole.used == one.raw.size() - one.rest)
            << whole.used;
        std::vector<size_t> all_cuts;
        for (size_t cut = 0; cut<one.raw.size(); cut += one.raw.size()> 1000 ? 61 : 1) {
            all_cuts.push_back(cut);
            ASSERT_EQ(whole, decode(one, {cut})) << "cut at " << cut;
        }
        ASSERT_EQ(whole, decode(one, all_cuts)) << "byte by byte";
    }
}

TEST(BodyDecoder, payload_is_a_view_of_the_input)
{
    Arena arena;
    BodyDecoder body;
    body.start({Framing::chunked, 0}, 256, arena);
    std::string_view input = "5\r\nhello\r\n0\r\n\r\n";
    Piece piece = body.next(input);
    ASSERT_EQ(piece.state, Piece::data_);
    EXPECT_EQ(piece.data.data(), input.data() + 3);
    EXPECT_EQ(piece.consumed, 8u);
    EXPECT_TRUE(arena.empty());
}

TEST(BodyDecoder, writes_chunk_heads)
{
    char out[20];
    auto head = [&](uint64_t n) { return std::string(out, write_chunk_head(out, n)); };
    EXPECT_EQ(head(0), "0\r\n");
    EXPECT_EQ(head(26), "1a\r\n");
    EXPECT_EQ(head(0x4000), "4000\r\n");
    EXPECT_EQ(head(UINT64_MAX), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace sluice::http
