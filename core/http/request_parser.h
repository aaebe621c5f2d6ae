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

#include "core/http/head_parser.h"

namespace sluice::http {

struct RequestLimits {
    size_t first_buffer = 1024;  // client_header_buffer_size
    size_t line = 8192;          // large_client_header_buffers: size of one
    size_t large_count = 4;      // and how many
    size_t max_headers = 1000;
    bool underscores_in_headers = false;
    bool ignore_invalid_headers = true;
};

class RequestParser : public HeadParser<RequestParser, RequestHead>
{
public:
    /// Copies `limits`. What needs room (the field list, a lower-cased host) has it from `arena`.
    void start(const RequestLimits& limits, Arena& arena);

    /// Nothing but empty lines has come: a close or timeout now is no error worth a log line.
    bool idle() const { return phase_ == Phase::line && at_ == seen_; }
    /// The request line has been read ("reading client request headers" from here on).
    bool has_line() const { return phase_ != Phase::line && !head_.method.empty(); }

private:
    friend HeadParser;
    State read_line(std::string_view all);
    State read_fields(std::string_view all);
    void move_views(const char* from, size_t size, const char* to);
    State finish();
    [[gnu::cold]] State fail(int status, std::string_view reason);
    State fail_fields();
    bool check_unique();
    bool check_host();
    bool take_host();
    bool check_framing();
    void read_connection();

    RequestLimits limits_;
};

}  // namespace sluice::http
