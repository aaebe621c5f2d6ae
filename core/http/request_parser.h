// SPDX-License-Identifier: Apache-2.0
// Head of an HTTP/1 request (RFC 9112 3 to 6): the request line by our own rules, the fields by
// llhttp, and above both the policy that makes the answers nginx's.
//  * One parser per connection; start() before each request, feed() with all bytes of the head so
//    far each time more have come. Verdict and head do not depend on how the bytes were cut.
//  * Request line: any method of [A-Z_-]+; origin-form and absolute-form (any scheme); HTTP/0.9
//    ("GET /x") and HTTP/1.x; 505 above. CONNECT and TRACE are 405, "*" is 400, as in nginx. Empty
//    lines before it are skipped (2.2). Percent-encoding and dot segments are the locations' to
//    judge.
//  * Fields: see FieldReader. One Host, needed in HTTP/1.1, after RFC 3986 3.2.2 and 3.2.3; one of
//    each field whose repetition nginx refuses.
//  * Framing (6.1, 6.3): one Content-Length of digits, or `Transfer-Encoding: chunked` of HTTP/1.1
//    alone; both, several or malformed ones are 400, other codings 501.
//  * Limits are those of nginx's buffers: a line must fit one of them, the head must fit them all:
//    414 for the request line, 494 for fields (also for more than max_headers of them).
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

    RequestParser() = default;
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    /// Copies `limits`. What needs room (the field list, a lower-cased host) has it from `arena`.
    void start(const RequestLimits& limits, Arena& arena);

    /// `all` is the whole head buffer so far: the bytes of the last call, perhaps elsewhere, plus
    /// new ones.
    State feed(std::string_view all);

    /// Of the request line once it has been read (also after an error, for the log); whole after
    /// `done`.
    RequestHead& head() { return head_; }
    const RequestHead& head() const { return head_; }
    const ParseError& error() const { return error_; }
    /// Bytes of `all` that belong to the head; body or next request follow.
    size_t head_size() const { return head_.head_size; }
    /// Nothing but empty lines has come: a close or timeout now is no error worth a log line.
    bool idle() const { return phase_ == Phase::line && at_ == seen_; }
    /// The request line has been read ("reading client request headers" from here on).
    bool has_line() const { return phase_ != Phase::line && !head_.method.empty(); }

private:
    enum class Phase : uint8_t { line, fields, done, error };

    State read_line(std::string_view all);
    State read_fields(std::string_view all);
    State finish();
    State fail(int status, std::string_view reason);
    State fail_fields();
    bool check_unique();
    bool check_host();
    bool check_framing();
    void read_connection();
    void follow(std::string_view all);

    RequestHead head_;
    ParseError error_;
    RequestLimits limits_;
    FieldReader fields_;
    Arena* arena_ = nullptr;
    const char* base_ = nullptr;
    size_t seen_ = 0;  // bytes of the last feed
    size_t at_ = 0;    // start of the first line that has not been taken
    Phase phase_ = Phase::done;
};

}  // namespace sluice::http
