// SPDX-License-Identifier: Apache-2.0
//
// Requests as stock Test::Nginx writes them, and responses as it reads them.
//
// `build_request` turns a "--- request" text into bytes: it adds Host, Connection and, for a body,
// Content-Length, unless "--- more_headers" has them. `parse_response` reads one response from the
// front of `bytes` and says how much it took and whether it is complete; a body in chunks is
// decoded. Bytes that are no HTTP response (HTTP/0.9) come back as a body with an empty code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::runner {

struct Request {
    std::string method;
    std::string bytes;
};

Request build_request(const std::string& text, const std::string& more_headers, bool keep_alive);

struct Response {
    std::string code;
    std::string head;  // status line and headers, each with CRLF, without the empty line
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool complete = false;   // the framing says that the body ended
    bool cut_short = false;  // the connection ended before the framing did

    std::optional<std::string> header(std::string_view name) const;  // several joined by ", "
    bool interim() const { return code.size() == 3 && code[0] == '1' && code != "101"; }
};

// Takes what it used off `bytes`. `closed` says that no more will come.
Response parse_response(std::string_view& bytes, const std::string& method, bool closed);

}  // namespace sluice::runner
