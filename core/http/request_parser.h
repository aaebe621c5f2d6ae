// SPDX-License-Identifier: Apache-2.0
// Head of an HTTP/1 request (RFC 9112 3 to 6): the request line by our own rules, the fields by llhttp,
// and above both the policy that makes the answers nginx's.
//  * One parser per connection; start() before each request, feed() with all bytes of the head so far each
//    time more have come. Verdict and head do not depend on how the bytes were cut.
//  * Request line: any method of [A-Z_-]+; origin-form, absolute-form and "*" for OPTIONS; HTTP/0.9
//    ("GET /x") and HTTP/1.x; 505 above. CONNECT and TRACE are 405. Empty lines before it are skipped (2.2).
//  * Fields: see FieldReader. One Host, needed in HTTP/1.1, of RFC 3986 3.2.2 and 3.2.3.
//  * Framing (6.1, 6.3): one Content-Length of digits, or `Transfer-Encoding: chunked` of HTTP/1.1 alone;
//    both, several or malformed ones are 400, other codings 501.
//  * Limits are those of nginx's buffers: a line must fit one of them, the head must fit them all: 414 for
//    the request line, 494 for fields, and 431 for more than max_headers of them.
//  * After an error nothing more may be read from that connection.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/http/field_reader.h"
#include "core/http/message.h"

namespace sluice::http {

struct RequestLimits {
    size_t first_buffer = 1024;  // client_header_buffer_size
    size_t line = 8192;          // large_client_header_buffers: size of one
    size_t large_count = 4;      // and how many
    size_t max_headers = 1000;
    bool underscores_in_headers = false;
    bool ignore_invalid_headers = true;
};

class RequestParser
{
public:
    using State = ParseState;

    /// `limits` is copied; names and values that need a copy go to `arena`, as does the field list.
    void start(const RequestLimits& limits, Arena& arena);

    /// `all` is the whole head buffer so far: the bytes of the last call, perhaps elsewhere, plus new ones.
    State feed(std::string_view all);

    /// Of the request line once it has been read (also after an error, for the log); whole after `done`.
    RequestHead& head() { return head_; }
    const RequestHead& head() const { return head_; }
    const ParseError& error() const { return error_; }
    /// Bytes of `all` that belong to the head; body or next request follow.
    size_t head_size() const { return head_.head_size; }
    /// Nothing but empty lines has come: a close or timeout now is no error worth a log line.
    bool idle() const { return phase_ == Phase::line && at_ == seen_; }

private:
    enum class Phase : uint8_t { line, fields, done, error };

    State read_line(std::string_view all);
    State read_fields(std::string_view all);
    State finish();
    State fail(int status, std::string_view reason, std::string_view detail = {});
    State fail_fields();
    bool parse_line(std::string_view line);
    bool fits(size_t line_size);
    bool check_host();
    bool check_framing();
    void rebase(std::string_view all);

    RequestHead head_;
    ParseError error_;
    RequestLimits limits_;
    FieldReader fields_;
    Arena* arena_ = nullptr;
    const char* base_ = nullptr;
    size_t seen_ = 0;  // bytes of the last feed
    size_t at_ = 0;    // start of the first line that has not been taken
    size_t room_ = 0;  // left in the buffer that nginx would be filling
    size_t large_ = 0;
    Phase phase_ = Phase::done;
};

/// Host and port of an authority (RFC 3986 3.2.2, 3.2.3): false when malformed. Lower-cases into `arena` only
/// if need be; drops one dot at the end, as nginx does.
bool split_authority(std::string_view authority, Arena& arena, std::string_view& host,
                     std::string_view& port);

}  // namespace sluice::http
