// SPDX-License-Identifier: Apache-2.0
// Request heads: one verdict however the bytes come, views inside the buffer, and what was accepted
// means the same when it is written out again.
#include "core/http/request_parser.h"
#include "t/fuzz/lib/http_check.h"

namespace sluice::http::fuzz {
namespace {

struct Verdict {
    int status = 0;
    size_t size = 0;
    std::string line, fields, about;

    bool operator==(const Verdict&) const = default;
};

Verdict read(const RequestParser& parser, const Exact& input)
{
    const RequestHead& head = parser.head();
    require(parser.head_size() <= input.view().size());
    check_headers(head.headers, input);
    require(input.holds(head.method) && input.holds(head.target) && input.holds(head.request_line));
    require(!head.path_and_query.empty() && head.path_and_query[0] == '/');
    require(head.framing.kind != Framing::until_close);
    require(head.version == Version::http11 || head.framing.kind != Framing::chunked);
    require(head.framing.kind != Framing::chunked || !head.headers.has(HeaderId::content_length));
    for (char c : head.host)
        require(c > ' ' && c < 0x7f && !(c >= 'A' && c <= 'Z'));
    Verdict v{200, parser.head_size(), "", write_headers(head.headers), ""};
    v.line.append(head.method)
        .append(" ")
        .append(head.target)
        .append(" ")
        .append(version_name(head.version));
    v.about.append(write_framing(head.framing))
        .append(" ")
        .append(head.host)
        .append(":")
        .append(head.port);
    v.about += head.keep_alive ? " keep" : " close";
    v.about += head.upgrade ? " upgrade" : "";
    v.about += head.expect_continue ? " expect" : "";
    return v;
}

/// In steps that end at a, at b and at the end; every byte by itself when a is 0.
Verdict parse(std::string_view all, const RequestLimits& limits, size_t a, size_t b)
{
    Arena arena;
    RequestParser parser;
    parser.start(limits, arena);
    std::unique_ptr<Exact> last;
    for (size_t n = a ? a : 1;; n = !a ? n + 1 : n == a && b > a ? b : all.size()) {
        n = n < all.size() ? n : all.size();
        auto input = std::make_unique<Exact>(all.substr(0, n));
        ParseState state = parser.feed(input->view());
        last = std::move(input);
        if (state == ParseState::done)
            return read(parser, *last);
        if (state == ParseState::error) {
            require(parser.error().status >= 400 && !parser.error().reason.empty());
            return {parser.error().status, 0, "", "", ""};
        }
        if (n == all.size())
            return {};
    }
}

void check(std::string_view all, const RequestLimits& limits)
{
    Verdict whole = parse(all, limits, all.size(), 0);
    size_t a = place(all, 1), b = place(all, 2);
    require(whole == parse(all, limits, a + 1, b));
    if (all.size() < 300)
        require(whole == parse(all, limits, 0, 0));
    if (whole.status != 200 || whole.line.ends_with(' '))
        return;
    std::string again = whole.line + "\r\n" + whole.fields + "\r\n";
    RequestLimits wide = limits;
    wide.first_buffer = SIZE_MAX;  // "a:b" has become "a: b"
    Verdict second = parse(again, wide, again.size(), 0);
    require(second.status == 200 && second.line == whole.line && second.fields == whole.fields);
    require(second.about == whole.about);
}

}  // namespace
}  // namespace sluice::http::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace sluice::http;
    std::string_view all(reinterpret_cast<const char*>(data), size);
    fuzz::check(all, {});
    fuzz::check(all, {64, 128, 2, 4, true, false});
    return 0;
}
