// SPDX-License-Identifier: Apache-2.0
// What a memcached server answers: however the bytes were cut, the same line, value and end come of
// them, and never more than is there.
#include "modules/memcached/reply.h"
#include "t/fuzz/lib/http_check.h"

namespace sluice::memcached {
namespace {

using http::fuzz::Exact;
using http::fuzz::require;

struct Seen {
    Reply::State state = Reply::more;
    std::string line, value;
    uint64_t flags = 0, left = 0;
    size_t used = 0;
    bool ended = false, bad = false;

    bool operator==(const Seen&) const = default;
};

// The value, and what follows it, from `at` on.
void read_value(std::string_view all, size_t at, size_t piece, Reply& reply, Seen& seen)
{
    std::string pending;
    uint64_t promised = reply.left();
    while (!seen.ended && !seen.bad) {
        Exact input(pending);
        http::Piece p = reply.next(input.view());
        require(p.consumed <= pending.size() && input.holds(p.data));
        seen.value.append(p.data);
        seen.used += p.consumed;
        pending.erase(0, p.consumed);
        seen.ended = p.state == http::Piece::done;
        seen.bad = p.state == http::Piece::error;
        if (p.state != http::Piece::more)
            continue;
        if (at >= all.size())
            break;
        pending += all.substr(at, piece);
        at += piece;
    }
    require(seen.value.size() <= promised);
    require(!seen.ended || seen.value.size() == promised);
    require(seen.ended == reply.at_end());
    seen.left = reply.left();
    if (seen.bad)
        seen.used = 0;  // where it was noticed depends on the pieces
}

Seen read(std::string_view all, std::string_view key, size_t piece)
{
    Seen seen;
    Reply reply;
    size_t at = 0;
    while (seen.state == Reply::more && at < all.size()) {
        at = std::min(all.size(), at + piece);
        Exact input(all.substr(0, at));
        seen.state = reply.read_line(input.view(), key);
        if (seen.state == Reply::more)
            continue;
        require(input.holds(reply.line()) && reply.line_size() <= at + 1);
        seen.line = reply.line();
    }
    seen.flags = reply.flags();
    if (seen.state != Reply::value)
        return seen;
    seen.used = reply.line_size();
    require(seen.used <= at);
    // What came with the line is read first.
    std::string rest(all.substr(seen.used));
    read_value(rest, 0, piece, reply, seen);
    return seen;
}

}  // namespace
}  // namespace sluice::memcached

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace sluice::memcached;
    std::string_view all(reinterpret_cast<const char*>(data), size);
    for (std::string_view key : {std::string_view("k"), std::string_view("/a/key")}) {
        Seen whole = read(all, key, size + 1);
        for (size_t piece : {size_t{1}, size_t{3}, size_t{7}, size / 2 + 1})
            sluice::http::fuzz::require(whole == read(all, key, piece));
    }
    return 0;
}
