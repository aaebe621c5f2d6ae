// SPDX-License-Identifier: Apache-2.0
// Response heads, as request heads.
#include "core/http/response_parser.h"
#include "t/fuzz/lib/http_check.h"

namespace sluice::http::fuzz {
namespace {

struct Verdict {
    int status = 0;
    size_t size = 0;
    std::string line, fields, about;

    bool operator==(const Verdict&) const = default;
};

Verdict read(const ResponseParser& parser, const Exact& input)
{
    const ResponseHead& head = parser.head();
    require(parser.head_size() <= input.view().size());
    check_headers(head.headers, input);
    require(input.holds(head.reason) && input.holds(head.status_line));
    require(head.status >= 100 && head.status <= 999);
    require(head.framing.kind != Framing::until_close || !head.keep_alive);
    require(!head.headers.has(HeaderId::transfer_encoding) ||
            !head.headers.has(HeaderId::content_length));
    Verdict v{head.status, parser.head_size(), "", write_headers(head.headers), ""};
    v.line.append(version_name(head.version)).append(" ").append(std::to_string(head.status));
    v.line.append(" ").append(head.reason);
    v.about = write_framing(head.framing) + (head.keep_alive ? " keep" : " close") +
              (head.upgrade ? " upgrade" : "");
    return v;
}

Verdict parse(std::string_view all, Method method, size_t a, size_t b)
{
    Arena arena;
    ResponseParser parser;
    parser.start(method, 20, arena);
    std::unique_ptr<Exact> last;
    for (size_t n = a ? a : 1;; n = !a ? n + 1 : n == a && b > a ? b : all.size()) {
        n = n < all.size() ? n : all.size();
        auto input = std::make_unique<Exact>(all.substr(0, n));
        ParseState state = parser.feed(input->view());
        last = std::move(input);
        if (state == ParseState::done)
            return read(parser, *last);
        if (state == ParseState::error) {
            require(parser.error().status == 502 && !parser.error().reason.empty());
            return {-1, 0, "", "", ""};
        }
        if (n == all.size())
            return {};
    }
}

void check(std::string_view all, Method method)
{
    Verdict whole = parse(all, method, all.size(), 0);
    require(whole == parse(all, method, place(all, 1) + 1, place(all, 2)));
    if (all.size() < 300)
        require(whole == parse(all, method, 0, 0));
    if (whole.status < 100)
        return;
    std::string again = whole.line + "\r\n" + whole.fields + "\r\n";
    Verdict second = parse(again, method, again.size(), 0);
    require(second.status == whole.status && second.line == whole.line);
    require(second.fields == whole.fields && second.about == whole.about);
}

}  // namespace
}  // namespace sluice::http::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace sluice::http;
    std::string_view all(reinterpret_cast<const char*>(data), size);
    for (Method method : {Method::get, Method::head, Method::connect})
        fuzz::check(all, method);
    return 0;
}
