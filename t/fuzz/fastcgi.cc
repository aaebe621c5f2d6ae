// SPDX-License-Identifier: Apache-2.0
// What a FastCGI program sends, record by record: however the bytes were cut, the same output, the
// same errors and the same end come of them; then the output as the head of a CGI answer.
#include "core/upstream/cgi.h"
#include "modules/fastcgi/records.h"
#include "t/fuzz/lib/http_check.h"

namespace sluice::fastcgi {
namespace {

using http::fuzz::require;

struct Seen {
    std::string out, errors;
    size_t records = 0, used = 0;
    bool ended = false, bad = false;

    bool operator==(const Seen&) const = default;
};

Seen read(std::string_view all, size_t piece)
{
    Seen seen;
    Records records;
    for (size_t at = 0; at < all.size() && !seen.ended && !seen.bad; at += piece) {
        std::string copy(all.substr(at, piece));  // ASan sees a step beyond it
        std::string_view input = copy;
        while (records.can_step(input.size()) && !seen.ended && !seen.bad) {
            Records::Step s = records.step(input);
            require(s.used <= input.size());
            require(s.bytes.empty() ||
                    (s.bytes.data() >= input.data() &&
                     s.bytes.data() + s.bytes.size() <= input.data() + input.size()));
            if (s.kind == Records::Step::out)
                seen.out.append(s.bytes);
            if (s.kind == Records::Step::error_out)
                seen.errors.append(s.bytes);
            seen.records += s.kind == Records::Step::record_end;
            seen.ended = s.kind == Records::Step::ended;
            seen.bad = s.kind == Records::Step::bad;
            input.remove_prefix(s.used);
            if (!seen.bad)
                seen.used += s.used;
        }
    }
    if (seen.bad)
        seen.used = 0;  // where it was noticed depends on the pieces
    return seen;
}

void check_head(std::string_view all)
{
    for (http::Method method : {http::Method::get, http::Method::head}) {
        Arena arena;
        upstream::CgiHeadParser whole, cut;
        whole.start(method, arena);
        cut.start(method, arena);
        std::string text(all);
        http::ParseState a = whole.feed(text), b = http::ParseState::more;
        std::string part(all.substr(0, all.size() / 2));
        b = cut.feed(part);
        if (b == http::ParseState::more)
            b = cut.feed(text);
        require(a == b);
        if (a != http::ParseState::done)
            continue;
        require(whole.head().status == cut.head().status && whole.head().status >= 100);
        require(whole.head_size() == cut.head_size() && whole.head_size() <= text.size());
        require(whole.head().framing == cut.head().framing);
    }
}

}  // namespace
}  // namespace sluice::fastcgi

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace sluice::fastcgi;
    std::string_view all(reinterpret_cast<const char*>(data), size);
    Seen whole = read(all, size + 1);
    for (size_t piece : {size_t{1}, size_t{3}, size_t{8}, size / 2 + 1})
        sluice::http::fuzz::require(whole == read(all, piece));
    check_head(whole.out);
    check_head(all);
    return 0;
}
