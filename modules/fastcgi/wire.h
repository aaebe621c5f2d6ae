// SPDX-License-Identifier: Apache-2.0
// FastCGI 1.0 (fastcgi-specification, responder role, one request per connection at a time) as the
// wire of an exchange. Records with a number other than 1, and of types that a responder does not
// send, are skipped. Of standard output at most Content-Length bytes are the body; an END_REQUEST
// before them, and a connection that closes without one, cut the answer. What comes on standard
// error is logged.
#pragma once

#include <string>
#include <vector>

#include "core/upstream/cgi.h"
#include "core/upstream/wire.h"
#include "modules/fastcgi/records.h"

namespace sluice::fastcgi {

class Wire final : public upstream::Wire
{
public:
    /// `caught`: texts on standard error that make the answer invalid.
    Wire(const std::vector<std::string>& caught, bool keep) : caught_(caught), keep_(keep) {}

    /// Whom standard error comes from, for the log.
    void set_peer(std::string_view name) { peer_ = name; }

    void begin(http::Request& r, http::Method method) override;
    bool plain_body() const override { return false; }
    size_t frame(std::string_view piece, buf::Slice* parts, size_t& taken) override;
    http::ParseState feed(http::Request& r, buf::Buffer& in) override;
    http::ResponseHead& head() override { return parser_.head(); }
    size_t head_size(const buf::Buffer&) const override;
    std::string_view reason() const override { return reason_; }
    void take_head(http::Request& r, buf::Buffer& in) override;
    http::Piece next(http::Request& r, std::string_view input) override;
    std::string_view body_reason() const override { return reason_; }
    bool at_eof() override { return ended_; }
    uint64_t remaining() const override { return limited_ ? left_of_body_ : 0; }
    bool reusable() const override { return keep_ && ended_; }

private:
    void heed_stderr(http::Request& r, const Records::Step& step);
    http::ParseState fail(std::string_view reason);
    http::Piece body(http::Request& r, std::string_view bytes, size_t used);

    const std::vector<std::string>& caught_;
    bool keep_;
    std::string_view peer_;
    upstream::CgiHeadParser parser_;
    buf::Buffer text_;          // the head, and what of the body came in the same record
    std::string_view pending_;  // of text_: the body's beginning
    std::string error_text_;    // one record of standard error
    std::string_view reason_;
    Records records_;
    bool done_ = false;   // with the head
    bool ended_ = false;  // END_REQUEST has come
    bool caught_one_ = false;
    bool limited_ = false;  // by Content-Length
    bool warned_ = false;
    uint64_t left_of_body_ = 0;
    char frame_head_[header_size];
};

}  // namespace sluice::fastcgi
