// SPDX-License-Identifier: Apache-2.0
// Every request of the table whole, byte by byte and cut at every place, in buffers that move: same
// verdict.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>

#include "core/http/request_parser.h"
#include "t/unit/http/request_cases.h"

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

RequestLimits limits_of(With with)
{
    RequestLimits limits;
    limits.underscores_in_headers = with == With::underscores;
    limits.ignore_invalid_headers = with != With::unusual_names;
    if (with == With::small_limits)
        limits = {64, 128, 2, 3};
    return limits;
}

Verdict describe(RequestParser& parser, size_t size)
{
    RequestHead& head = parser.head();
    Verdict v{200,
              std::string(head.method) + " " + std::string(head.path_and_query) + " " +
                  std::string(version_name(head.version)) + "\r\n",
              std::string(head.host), ""};
    for (const Header& header : head.headers)
        v.forwarded.append(header.name).append(": ").append(header.value).append("\r\n");
    if (!head.port.empty())
        v.about.append(":").append(head.port);
    auto word = [&](const std::string& text) { v.about += (v.about.empty() ? "" : " ") + text; };
    if (head.framing.kind == Framing::length)
        word("length " + std::to_string(head.framing.size));
    if (head.framing.kind == Framing::chunked)
        word("chunked");
    word(head.keep_alive ? "keep" : "close");
    if (head.upgrade)
        word("upgrade");
    if (head.expect_continue)
        word("expect");
    if (parser.head_size() < size)
        word("+" + std::to_string(size - parser.head_size()));
    return v;
}

/// Feeds up to each of `cuts` in turn, each time from a buffer of its own, and then all of it.
Verdict parse(const std::string& raw, With with, const std::vector<size_t>& cuts)
{
    Arena arena;
    RequestParser parser;
    parser.start(limits_of(with), arena);
    std::unique_ptr<char[]> buffer;
    for (size_t i = 0; i <= cuts.size(); ++i) {
        size_t n = i < cuts.size() ? cuts[i] : raw.size();
        std::unique_ptr<char[]> fresh(new char[n]);
        std::copy_n(raw.data(), n, fresh.get());
        ParseState state = parser.feed({fresh.get(), n});
        buffer = std::move(fresh);
        if (state == ParseState::error) {
            // A line that is too long is shown as far as it had come.
            std::string_view reason = parser.error().reason;
            if (parser.error().status == 494)
                reason = reason.substr(0, reason.find('"'));
            return {parser.error().status, "", "", std::string(reason)};
        }
        if (state == ParseState::done)
            return describe(parser, raw.size());
    }
    return {};
}

TEST(RequestPolicy, table)
{
    std::vector<RequestCase> cases = request_cases();
    EXPECT_GE(cases.size(), 150u);
    for (const RequestCase& one : cases) {
        std::string shown = testing::PrintToString(one.raw.substr(0, 200));
        SCOPED_TRACE(std::string(one.section) + " " + shown);
        Verdict whole = parse(one.raw, one.with, {});
        EXPECT_EQ(whole.status, one.status) << whole.reason;
        EXPECT_EQ(whole.forwarded, one.forwarded);
        EXPECT_EQ(whole.about, one.about);
        EXPECT_EQ(whole.status >= 400, !whole.reason.empty());

        size_t step = one.raw.size() > 1000 ? 61 : 1;
        std::vector<size_t> all_cuts;
        for (size_t cut = 0; cut < one.raw.size(); cut += step) {
            all_cuts.push_back(cut);
            ASSERT_EQ(whole, parse(one.raw, one.with, {cut})) << "cut at " << cut;
        }
        ASSERT_EQ(whole, parse(one.raw, one.with, all_cuts)) << "piece by piece";
    }
}

TEST(RequestParser, one_parser_reads_request_after_request)
{
    Arena arena;
    RequestParser parser;
    std::string_view all =
        GET_ HOST END "POST /b HTTP/1.1\r\nHost: b\r\nContent-Length: 1\r\n\r\nx" GET_ HOST END;
    parser.start({}, arena);
    EXPECT_TRUE(parser.idle());
    ASSERT_EQ(parser.feed(all), ParseState::done);
    EXPECT_EQ(parser.head().host, "a");
    all.remove_prefix(parser.head_size());
    parser.start({}, arena);
    ASSERT_EQ(parser.feed(all), ParseState::done);
    EXPECT_EQ(parser.head().host, "b");
    EXPECT_EQ(parser.head().method_id, Method::post);
    EXPECT_EQ(parser.head().framing, (Framing{Framing::length, 1}));
    all.remove_prefix(parser.head_size() + 1);
    arena.clear();
    parser.start({}, arena);
    ASSERT_EQ(parser.feed(all), ParseState::done);
    EXPECT_EQ(parser.head_size(), all.size());
}

TEST(RequestParser, tells_what_it_ignored_and_why_it_refused)
{
    Arena arena;
    RequestParser parser;
    parser.start({}, arena);
    ASSERT_EQ(parser.feed(GET_ HOST "X_A: 1\r\nX(: 2\r\n\r\n"), ParseState::done);
    ASSERT_EQ(parser.head().ignored.size(), 2u);
    EXPECT_EQ(parser.head().ignored[0], "X_A: 1");
    EXPECT_EQ(parser.head().ignored[1], "X(: 2");

    auto reason = [&](std::string_view text) {
        parser.start({}, arena);
        EXPECT_EQ(parser.feed(text), ParseState::error);
        return std::string(parser.error().reason) + std::string(parser.error().action);
    };
    EXPECT_EQ(reason("get / HTTP/1.1\r\n"),
              "client sent invalid method while reading client request line");
    EXPECT_EQ(
        reason(GET_ HOST "X: 1\r2\r\n\r\n"),
        "client sent invalid header line: \"X: 1\\x0d...\" while reading client request headers");
    EXPECT_EQ(reason(GET_ HOST " X: 1\r\n\r\n"),
              "client sent invalid header line: \"\\x20...\" while reading client request headers");
    EXPECT_EQ(reason(GET_ HOST "Host: b\r\n\r\n"),
              "client sent duplicate host header: \"Host: b\", previous value: \"Host: a\""
              " while reading client request headers");
    EXPECT_EQ(parser.head().request_line, "GET / HTTP/1.1");
    EXPECT_EQ(
        reason(GET_ HOST "Transfer-Encoding: gzip\r\n\r\n"),
        "client sent unknown \"Transfer-Encoding\": \"gzip\" while reading client request headers");
}

}  // namespace
}  // namespace sluice::http
