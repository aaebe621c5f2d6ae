// SPDX-License-Identifier: Apache-2.0
#include "modules/memcached/reply.h"

#include <algorithm>

#include "core/base/bytes.h"

namespace sluice::memcached {
namespace {

constexpr std::string_view tail = "\r\nEND\r\n";
constexpr size_t longest_line = 1024;  // keys have 250 bytes at most

}  // namespace

Reply::State Reply::read_line(std::string_view in, std::string_view key)
{
    size_t lf = in.substr(0, longest_line).find('\n');
    if (lf == in.npos && in.size() < longest_line)
        return more;
    line_ = in.substr(0, std::min(lf, longest_line));
    size_ = line_.size() + 1;
    if (lf == in.npos || !line_.ends_with('\r'))
        return invalid;
    line_.remove_suffix(1);
    if (line_.starts_with("VALUE "))
        return read_value(line_.substr(6), key);
    return line_ == "END" ? missing : invalid;
}

// key flags bytes
Reply::State Reply::read_value(std::string_view rest, std::string_view key)
{
    if (!rest.starts_with(key) || rest.substr(key.size()).substr(0, 1) != " ")
        return wrong_key;
    rest.remove_prefix(key.size() + 1);
    size_t space = rest.find(' ');
    auto flags = parse_decimal(rest.substr(0, space));
    auto size = space == rest.npos ? std::nullopt : parse_decimal(rest.substr(space + 1));
    if (!flags || !size)
        return invalid;
    flags_ = static_cast<uint64_t>(*flags);
    left_ = static_cast<uint64_t>(*size);
    tail_left_ = tail.size();
    return value;
}

http::Piece Reply::next(std::string_view input)
{
    if (left_ > 0 && !input.empty()) {
        std::string_view data = input.substr(0, left_);
        left_ -= data.size();
        return {data, data.size(), http::Piece::data_};
    }
    if (left_ > 0)
        return {{}, 0, http::Piece::more};
    size_t n = std::min(input.size(), tail_left_);
    if (input.substr(0, n) != tail.substr(tail.size() - tail_left_, n))
        return {{}, 0, http::Piece::error};
    tail_left_ -= n;
    return {{}, n, at_end() ? http::Piece::done : http::Piece::more};
}

}  // namespace sluice::memcached
