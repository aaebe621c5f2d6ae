// SPDX-License-Identifier: Apache-2.0
// memcached's text protocol, as far as `get` of one key goes:
//   get KEY CRLF → VALUE KEY FLAGS BYTES CRLF data CRLF END CRLF, or END CRLF alone (404)
#pragma once

#include "core/upstream/wire.h"
#include "modules/memcached/reply.h"

namespace sluice::memcached {

class Wire final : public upstream::Wire
{
public:
    /// `gzip_flag`: bits of FLAGS that say that the data is compressed; 0: none do.
    Wire(std::string_view key, uint32_t gzip_flag) : gzip_flag_(gzip_flag), key_(key) {}

    void begin(http::Request& r, http::Method method) override;
    bool plain_body() const override { return true; }
    size_t frame(std::string_view, buf::Slice*, size_t& taken) override { return taken = 0; }
    http::ParseState feed(http::Request& r, buf::Buffer& in) override;
    http::ResponseHead& head() override { return head_; }
    size_t head_size(const buf::Buffer& in) const override
    {
        return done_ ? reply_.line_size() : in.size();
    }
    std::string_view reason() const override { return reason_; }
    void take_head(http::Request& r, buf::Buffer& in) override;
    http::Piece next(http::Request& r, std::string_view input) override;
    std::string_view body_reason() const override { return reason_; }
    bool at_eof() override { return reply_.at_end(); }
    uint64_t remaining() const override
    {
        return reply_.left() ? reply_.left() + reply_.tail_left() : 0;
    }
    bool reusable() const override { return at_end_; }

private:
    uint32_t gzip_flag_;
    std::string_view key_;
    http::ResponseHead head_;
    std::string_view reason_;
    Reply reply_;
    bool done_ = false, at_end_ = false;
};

}  // namespace sluice::memcached
