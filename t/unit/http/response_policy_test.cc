// SPDX-License-Identifier: Apache-2.0
// Every response of the table whole, byte by byte and cut at every place, in buffers that move:
// same verdict.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>

#include "core/http/response_parser.h"
#include "t/unit/http/response_cases.h"

namespace sluice::http {
namespace {

struct Verdict {
    int status = 0;
    std::string forwarded, about, reason;

    bool operator==(const Verdict&) const = default;
    friend void PrintTo(const Verdict& v, std::ostream* out)
    {
        *out << v.status << " [" << v.forwarded << "] [" << v.about << "] " << v.reason;
    }
};

Verdict describe(ResponseParser& parser, size_t size)
{
    ResponseHead& head = parser.head();
    Verdict v{head.status, std::to_string(head.status) + " " + std::string(head.reason) + "\r\n",
              head.version == Version::http11 ? "1.1" : "1.0", ""};
    for (const Header& header : head.headers)
        v.forwarded.append(header.name).append(": ").append(header.value).append("\r\n");
    switch (head.framing.kind) {
    case Framing::none: v.about += " none"; break;
    case Framing::length: v.about += " length " + std::to_string(head.framing.size); break;
    case Framing::chunked: v.about += " chunked"; break;
    case Framing::until_close: v.about += " close-delimited"; break;
    }
    v.about += head.keep_alive ? " keep" : " close";
    if (head.upgrade)
        v.about += " upgrade";
    if (parser.head_size() < size)
        v.about += " +" + std::to_string(size - parser.head_size());
    return v;
}

Verdict parse(const ResponseCase& one, const std::vector<size_t>& cuts)
{
    Arena arena;
    ResponseParser parser;
    parser.start(one.method, 5, arena);
    std::unique_ptr<char[]> buffer;
    for (size_t i = 0; i <= cuts.size(); ++i) {
        size_t n = i < cuts.size() ? cuts[i] : one.raw.size();
        std::unique_ptr<char[]> fresh(new char[n]);
        std::copy_n(one.raw.data(), n, fresh.get());
        ParseState state = parser.feed({fresh.get(), n});
        buffer = std::move(fresh);
        if (state == ParseState::error)
            return {parser.error().status, "", "", std::string(parser.error().reason)};
        if (state == ParseState::done)
            return describe(parser, one.raw.size());
    }
    return {};
}

TEST(ResponsePolicy, table)
{
    std::vector<ResponseCase> cases = response_cases();
    EXPECT_GE(cases.size(), 80u);
    for (const ResponseCase& one : cases) {
        SCOPED_TRACE(std::string(one.section) + " " + testing::PrintToString(one.raw));
        Verdict whole = parse(one, {});
        EXPECT_EQ(whole.status, one.status) << whole.reason;
        EXPECT_EQ(whole.forwarded, one.forwarded);
        EXPECT_EQ(whole.about, one.about);
        EXPECT_EQ(whole.status == 502, !whole.reason.empty());

        std::vector<size_t> all_cuts;
        for (size_t cut = 0; cut < one.raw.size(); ++cut) {
            all_cuts.push_back(cut);
            ASSERT_EQ(whole, parse(one, {cut})) << "cut at " << cut;
        }
        ASSERT_EQ(whole, parse(one, all_cuts)) << "byte by byte";
    }
}

TEST(ResponseParser, interim_heads_come_one_by_one)
{
    Arena arena;
    ResponseParser parser;
    std::string_view all =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\n" OK_ "\r\n";
    std::vector<int> seen;
    while (!all.empty()) {
        parser.start(Method::get, 100, arena);
        ASSERT_EQ(parser.feed(all), ParseState::done);
        seen.push_back(parser.head().status);
        all.remove_prefix(parser.head_size());
    }
    EXPECT_EQ(seen, (std::vector<int>{100, 103, 200}));
}

}  // namespace
}  // namespace sluice::http
