// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/websocket.h"

#include <algorithm>

namespace sluice::upstream {

void FrameBorders::feed(std::string_view bytes)
{
    while (!bytes.empty()) {
        if (payload_ > 0) {
            uint64_t n = std::min<uint64_t>(payload_, bytes.size());
            payload_ -= n;
            bytes.remove_prefix(n);
            continue;
        }
        header_[have_++] = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        if (have_ == need_)
            read_header();
    }
}

// RFC 6455 5.2: two bytes, then 0, 2 or 8 of a longer length, then 4 of a mask.
void FrameBorders::read_header()
{
    unsigned length = header_[1] & 0x7f;
    unsigned more = length == 127 ? 8 : length == 126 ? 2 : 0;
    unsigned whole = 2 + more + (header_[1] & 0x80 ? 4 : 0);
    if (have_ < whole) {
        need_ = static_cast<uint8_t>(whole);
        return;
    }
    payload_ = more == 0 ? length : 0;
    for (unsigned i = 0; i < more; ++i)
        payload_ = payload_ << 8 | header_[2 + i];
    have_ = 0;
    need_ = 2;
}

}  // namespace sluice::upstream
