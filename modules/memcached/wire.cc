// SPDX-License-Identifier: Apache-2.0
#include "modules/memcached/wire.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/http/request.h"

namespace sluice::memcached {
namespace {

constexpr std::string_view tail = "\r\nEND\r\n";
constexpr size_t longest_line = 1024;  // keys have 250 bytes at most

}  // namespace

void Wire::begin(http::Request&, http::Method method)
{
    method_ = method;
    head_ = http::ResponseHead();
    reason_ = {};
    size_ = tail_left_ = 0;
    left_ = 0;
    done_ = at_end_ = false;
}

http::ParseState Wire::fail(http::Request& r, std::string_view line)
{
    reason_ = r.arena().concat("memcached sent invalid response: \"", line, "\"");
    return http::ParseState::error;
}

http::ParseState Wire::feed(http::Request& r, buf::Buffer& in)
{
    std::string_view all = in.view();
    size_t lf = all.find('\n');
    if (lf == std::string_view::npos)
        return all.size() < longest_line ? http::ParseState::more
                                         : fail(r, all.substr(0, longest_line));
    std::string_view line = all.substr(0, lf);
    size_ = lf + 1;
    if (!line.ends_with('\r'))
        return fail(r, line);
    line.remove_suffix(1);
    if (line.starts_with("VALUE "))
        return read_value(r, line);
    if (line != "END")
        return fail(r, line);
    r.log(Level::info, "key: \"{}\" was not found by memcached", key_);
    head_.status = 404;
    head_.framing = {http::Framing::length, 0};
    done_ = true;
    return http::ParseState::done;
}

// VALUE key flags bytes
http::ParseState Wire::read_value(http::Request& r, std::string_view line)
{
    std::string_view rest = line.substr(6);
    if (!rest.starts_with(key_) || rest.substr(key_.size()).substr(0, 1) != " ") {
        reason_ = r.arena().concat("memcached sent invalid key in response \"", line,
                                   "\" for key \"", key_, "\"");
        return http::ParseState::error;
    }
    rest.remove_prefix(key_.size() + 1);
    size_t space = rest.find(' ');
    auto flags = parse_decimal(rest.substr(0, space));
    if (space == std::string_view::npos || !flags)
        return fail(r, line);
    auto size = parse_decimal(rest.substr(space + 1));
    if (!size)
        return fail(r, line);
    head_.status = 200;
    head_.framing = {http::Framing::length, static_cast<uint64_t>(*size)};
    head_.headers.add(r.arena(), http::HeaderId::content_type, r.type_of(r.uri));
    if (gzip_flag_ && (static_cast<uint64_t>(*flags) & gzip_flag_))
        head_.headers.add(r.arena(), http::HeaderId::content_encoding, "gzip");
    left_ = static_cast<uint64_t>(*size);
    tail_left_ = tail.size();
    done_ = true;
    return http::ParseState::done;
}

void Wire::take_head(http::Request&, buf::Buffer& in)
{
    in.consume(size_);
    at_end_ = tail_left_ == 0;
}

// HEAD asks for the value all the same: it is read and goes nowhere.
http::Piece Wire::next(http::Request&, std::string_view input)
{
    if (left_ > 0 && !input.empty()) {
        std::string_view data = input.substr(0, left_);
        left_ -= data.size();
        return {data, data.size(), http::Piece::data_};
    }
    size_t n = std::min(input.size(), tail_left_);
    if (left_ == 0 && input.substr(0, n) != tail.substr(tail.size() - tail_left_, n)) {
        reason_ = "memcached sent invalid trailer";
        return {{}, 0, http::Piece::error};
    }
    if (left_ == 0)
        tail_left_ -= n;
    at_end_ = left_ == 0 && tail_left_ == 0;
    return {{}, left_ == 0 ? n : 0, at_end_ ? http::Piece::done : http::Piece::more};
}

}  // namespace sluice::memcached
