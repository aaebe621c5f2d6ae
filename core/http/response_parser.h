// SPDX-License-Identifier: Apache-2.0
// Head of an HTTP/1 response from an upstream (RFC 9112 4 to 6): status line by our own rules,
// fields by llhttp, framing by policy.
//  * start() with the method of the request: HEAD and CONNECT change what follows a head (6.3).
//  * 1xx heads come one by one: handle or drop it, start() again and feed what follows head_size().
//    101 is final: `upgrade` is set and framing is until_close. A 101 that nobody asked for is the
//    caller's to refuse.
//  * Framing: none for HEAD, 1xx, 204, 304; chunked when that is the only coding; one
//    Content-Length; else until_close. Both, several or malformed ones, and other codings, are
//    errors whatever the status: the body's end would be a matter of opinion. A chunked HTTP/1.0
//    answer is read, its connection is not kept.
//  * Fields with unusual names pass, as in nginx; control characters and folding do not.
//  * Every error is 502; the caller bounds the size of the head (proxy_buffer_size).
//  * What does not begin like a status line is an error: HTTP/0.9 answers are not relayed.
#pragma once

#include "core/http/head_parser.h"

namespace sluice::http {

class ResponseParser : public HeadParser<ResponseParser, ResponseHead>
{
public:
    void start(Method request_method, size_t max_headers, Arena& arena);

private:
    friend HeadParser;
    State read_line(std::string_view all);
    State read_fields(std::string_view all);
    void move_views(const char* from, size_t size, const char* to);
    State finish();
    [[gnu::cold]] State fail(std::string_view reason);
    State fail_fields();
    bool parse_line(std::string_view line);
    bool check_framing();
    void read_connection();

    Method method_ = Method::get;
};

}  // namespace sluice::http
