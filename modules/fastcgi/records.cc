// SPDX-License-Identifier: Apache-2.0
#include "modules/fastcgi/records.h"

#include <algorithm>

namespace sluice::fastcgi {
namespace {

constexpr size_t version = 1;
constexpr size_t request_number = 1;

size_t byte(char c)
{
    return static_cast<unsigned char>(c);
}

}  // namespace

void write_record_head(char* to, Type type, size_t content)
{
    const size_t bytes[header_size] = {
        version, static_cast<size_t>(type), 0, request_number, content >> 8, content & 255, 0, 0};
    std::transform(bytes, bytes + header_size, to, [](size_t b) { return static_cast<char>(b); });
}

Records::Step Records::step(std::string_view input)
{
    if (have_ < header_size) {
        size_t n = std::min(input.size(), header_size - have_);
        std::copy_n(input.data(), n, header_ + have_);
        have_ += n;
        if (byte(header_[0]) != version)
            return {Step::bad, {}, n};
        if (have_ == header_size) {
            content_ = byte(header_[4]) << 8 | byte(header_[5]);
            padding_ = byte(header_[6]);
        }
        return {Step::more, {}, n};
    }
    auto type = static_cast<Type>(header_[1]);
    bool ours = (byte(header_[2]) << 8 | byte(header_[3])) == request_number;
    bool output = ours && (type == Type::stdout_ || type == Type::stderr_);
    if (content_ > 0) {
        size_t n = std::min(input.size(), content_);
        content_ -= n;
        Step::Kind kind = type == Type::stdout_ ? Step::out : Step::error_out;
        return {output ? kind : Step::more, input.substr(0, n), n};
    }
    size_t n = std::min(input.size(), padding_);
    padding_ -= n;
    if (padding_ > 0)
        return {Step::more, {}, n};
    have_ = 0;
    if (ours && type == Type::end_request)
        return {Step::ended, {}, n};
    return {output ? Step::record_end : Step::more, {}, n};
}

}  // namespace sluice::fastcgi
