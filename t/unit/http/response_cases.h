// SPDX-License-Identifier: Apache-2.0
// Raw upstream responses and what must become of them. Also seeds of the fuzz corpus.
#pragma once

#include <string>
#include <vector>

#include "core/http/message.h"

namespace sluice::http {

struct ResponseCase {
    const char* section;    // RFC and section, or "nginx": its tolerance
    Method method;          // of the request
    std::string raw;        // bytes from the upstream
    int status;             // 502: refused; 0: unfinished; else the status read
    std::string forwarded;  // status and phrase, fields; `same_response`: as they came
    std::string about;      // version framing keep|close, upgrade, +bytes behind the head
};

inline const std::string same_response = "=";

#define OK_ "HTTP/1.1 200 OK\r\n"

inline std::vector<ResponseCase> response_cases()
{
    auto bytes = []<size_t N>(const char(&text)[N]) { return std::string(text, N - 1); };
    auto line = [](const char* section, const std::string& text, int status,
                   const std::string& as = {}, const std::string& about = "1.1 length 0 keep") {
        bool good = status != 502;
        return ResponseCase{section,
                            Method::get,
                            text + "\r\nContent-Length: 0\r\n\r\n",
                            status,
                            good ? as + "\r\nContent-Length: 0\r\n" : "",
                            good ? about : ""};
    };
    auto field = [](const char* section, const std::string& text, int status,
                    const std::string& as = {},
                    const std::string& about = "1.1 close-delimited close") {
        bool good = status != 502;
        return ResponseCase{section,
                            Method::get,
                            OK_ + text + "\r\n",
                            status,
                            good ? "200 OK\r\n" + (as == same_response ? text : as) : "",
                            good ? about : ""};
    };
    auto bare = [](const char* section, Method method, const std::string& code,
                   const std::string& fields, const std::string& about) {
        return ResponseCase{section,
                            method,
                            "HTTP/1.1 " + code + "\r\n" + fields + "\r\n",
                            std::stoi(code),
                            code + "\r\n" + fields,
                            about};
    };
    return {
        // --- status line (RFC 9112 4)
        line("9112 4", "HTTP/1.1 200 OK", 200, "200 OK"),
        line("9112 4", "HTTP/1.1 404 Not Found", 404, "404 Not Found"),
        line("9112 4", "HTTP/1.1 200 ", 200, "200 "),
        line("nginx", "HTTP/1.1 200", 200, "200 "),
        line("9112 4", "HTTP/1.1 200 \xc3\xa4 \t!", 200, "200 \xc3\xa4 \t!"),
        line("9110 15", "HTTP/1.1 599 Odd", 599, "599 Odd"),
        line("9110 15", "HTTP/1.1 999 Odd", 999, "999 Odd"),
        line("9112 4", "HTTP/1.1  200  OK ", 200, "200 OK"),
        line("9110 2.5", "HTTP/1.2 200 OK", 200, "200 OK"),
        line("9112 2.3", "HTTP/1.0 200 OK", 200, "200 OK", "1.0 length 0 close"),
        line("9112 4", "HTTP/1.1 099 Low", 502),
        line("9112 4", "HTTP/1.1 20 OK", 502),
        line("9112 4", "HTTP/1.1 2000 OK", 502),
        line("9112 4", "HTTP/1.1 200OK", 502),
        line("9112 4", "HTTP/1.1 200.1 OK", 502),
        line("9112 4", "HTTP/1.1 -20 OK", 502),
        line("9112 4", "HTTP/1.1 abc OK", 502),
        line("9112 4", "HTTP/1.1 OK", 502),
        line("9112 4", "HTTP/1.1", 502),
        line("9112 4", "HTTP/1.1200 OK", 502),
        line("9112 4", "HTTP/1.1\t200 OK", 502),
        line("9112 4", "HTTP/1. 200 OK", 502),
        line("9112 2.3", "HTTP/2.0 200 OK", 502),
        line("9112 2.3", "HTTP/0.9 200 OK", 502),
        line("9112 2.3", "HTTP/11 200 OK", 502),
        line("9112 2.3", "http/1.1 200 OK", 502),
        line("9112 2.3", "HTTPS/1.1 200 OK", 502),
        line("9112 2.3", "ICY 200 OK", 502),
        line("9112 2.3", "RTSP/1.0 200 OK", 502),
        line("9112 4", " HTTP/1.1 200 OK", 502),
        line("9112 2.2", "\r\nHTTP/1.1 200 OK", 502),
        line("9112 4", bytes("HTTP/1.1 200 O\0K"), 502),
        line("9112 4", "HTTP/1.1 200 O\x01K", 502),
        line("9112 2.2", "HTTP/1.1 200 O\rK", 502),
        line("9112 2.2", "HTTP/1.1 200 OK\r", 502),
        {"1945 6", Method::get, "<html>hello</html>", 502, "", ""},
        {"1945 6", Method::get, "\n", 502, "", ""},
        {"1945 6", Method::get, bytes("\x15\x03\x01\x00\x02"), 502, "", ""},
        {"9112 8", Method::get, "", 0, "", ""},
        {"9112 8", Method::get, "HTTP", 0, "", ""},
        {"9112 8", Method::get, "HTTP/1.1 200 OK\r", 0, "", ""},
        {"9112 8", Method::get, OK_, 0, "", ""},
        {"9112 8", Method::get, OK_ "Content-Length: 5\r\n", 0, "", ""},
        {"9112 8", Method::get, OK_ "Content-Length: 5\r\n\r", 0, "", ""},
        {"9112 2.2", Method::get, "HTTP/1.1 200 OK\nA: 1\n\n", 200, "200 OK\r\nA: 1\r\n",
         "1.1 close-delimited close"},
        // --- fields (RFC 9112 5)
        field("9112 5", "A: 1\r\nB:2\r\nC:\t 3 \r\n", 200, "A: 1\r\nB: 2\r\nC: 3\r\n"),
        field("9110 5.3", "Set-Cookie: a\r\nset-cookie: b\r\n", 200, same_response),
        field("9110 5.5", "A:\r\nB: \x80\xff\r\n", 200, "A: \r\nB: \x80\xff\r\n"),
        field("nginx", "A\r\n", 200, "A: \r\n"),
        field("nginx", "A_b: 1\r\nA.b: 2\r\nA(b: 3\r\nA\x80: 4\r\n", 200, same_response),
        field("9110 5.1", ": 1\r\n", 502),
        field("9112 5.1", "A : 1\r\n", 502),
        field("9112 5.1", "A b: 1\r\n", 502),
        field("9112 5.1", "Content-Length : 1\r\n", 502),
        field("9112 5.1", "Transfer-Encoding\t: chunked\r\n", 502),
        field("9112 5.2", "A: 1\r\n 2\r\n", 502),
        field("9112 5.2", "A: 1\r\n\t2\r\n", 502),
        field("9112 5.2", " A: 1\r\n", 502),
        field("9112 5.2", "Content-Length: 1\r\n 0\r\n", 502),
        field("9110 5.5", bytes("A: 1\0\r\n"), 502),
        field("9110 5.5", "A: 1\x01\r\n", 502),
        field("9110 5.5", "A: 1\x7f\r\n", 502),
        field("9110 5.1", bytes("A\0: 1\r\n"), 502),
        field("9112 2.2", "A: 1\r2\r\n", 502),
        field("9112 2.2", "A: 1\r\r\n", 502),
        field("9112 2.2", "A: 1\rContent-Length: 3\r\n", 502),
        field("9112 2.2", "A: \rContent-Length: 3\r\n", 502),
        field("9112 2.2", "\rA: 1\r\n", 502),
        // --- framing (RFC 9112 6.3)
        field("9112 6.3", "", 200, ""),
        field("9112 6.3", "Content-Length: 0\r\n", 200, same_response, "1.1 length 0 keep"),
        field("9112 6.3", "Content-Length: 5\r\n", 200, same_response, "1.1 length 5 keep"),
        field("9110 8.6", "Content-Length: 9223372036854775807\r\n", 200, same_response,
              "1.1 length 9223372036854775807 keep"),
        field("9110 8.6", "Content-Length: 9223372036854775808\r\n", 502),
        field("9112 6.3", "Content-Length: 5\r\nContent-Length: 5\r\n", 502),
        field("9112 6.3", "Content-Length: 5\r\nContent-Length: 6\r\n", 502),
        field("9112 6.3", "Content-Length: 5, 5\r\n", 502),
        field("9110 8.6", "Content-Length: -5\r\n", 502),
        field("9110 8.6", "Content-Length: +5\r\n", 502),
        field("9110 8.6", "Content-Length: 5 5\r\n", 502),
        field("9110 8.6", "Content-Length: 0x5\r\n", 502),
        field("9110 8.6", "Content-Length: five\r\n", 502),
        field("9110 8.6", "Content-Length:\r\n", 502),
        field("9112 6.1", "Transfer-Encoding: chunked\r\n", 200, same_response, "1.1 chunked keep"),
        field("9112 7", "Transfer-Encoding: Chunked \r\n", 200, "Transfer-Encoding: Chunked\r\n",
              "1.1 chunked keep"),
        field("9112 6.3", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 502),
        field("9112 6.3", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 502),
        field("9112 6.3", "Content-Length: 5\r\nTransfer-Encoding: identity\r\n", 502),
        field("9112 6.1", "Transfer-Encoding: gzip, chunked\r\n", 502),
        field("9112 6.1", "Transfer-Encoding: chunked, gzip\r\n", 502),
        field("9112 6.1", "Transfer-Encoding: gzip\r\n", 502),
        field("9112 6.1", "Transfer-Encoding: xchunked\r\n", 502),
        field("9112 6.1", "Transfer-Encoding:\r\n", 502),
        field("9112 6.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 502),
        {"9112 6.1", Method::get,
         "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", 200,
         "200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n", "1.0 chunked close"},
        {"9112 6.3", Method::get, OK_ "Content-Length: 3\r\n\r\nabcHTTP", 200,
         "200 OK\r\nContent-Length: 3\r\n", "1.1 length 3 keep +7"},
        // --- no body by nature (RFC 9112 6.3)
        bare("9112 6.3", Method::head, "200 OK", "Content-Length: 5\r\n", "1.1 none keep"),
        bare("9112 6.3", Method::head, "200 OK", "Transfer-Encoding: chunked\r\n", "1.1 none keep"),
        bare("9112 6.3", Method::head, "200 OK", "", "1.1 none keep"),
        bare("9110 15.3.5", Method::get, "204 No Content", "", "1.1 none keep"),
        bare("9110 15.3.5", Method::get, "204 No Content", "Content-Length: 5\r\n",
             "1.1 none keep"),
        bare("9110 15.4.5", Method::get, "304 Not Modified", "Content-Length: 5\r\n",
             "1.1 none keep"),
        bare("9110 15.4.5", Method::get, "304 Not Modified", "Connection: close\r\n",
             "1.1 none close"),
        bare("9110 15.3.6", Method::get, "205 Reset Content", "Content-Length: 0\r\n",
             "1.1 length 0 keep"),
        {"9112 6.3", Method::head, OK_ "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 502, "",
         ""},
        {"9112 6.3", Method::head, OK_ "Content-Length: x\r\n\r\n", 502, "", ""},
        // --- interim and switching (RFC 9110 15.2, 7.8)
        {"9110 15.2.1", Method::post, "HTTP/1.1 100 Continue\r\n\r\n" OK_, 100, "100 Continue\r\n",
         "1.1 none keep +17"},
        bare("8297 2", Method::get, "103 Early Hints", "Link: </a>\r\n", "1.1 none keep"),
        bare("9110 15.2.2", Method::get, "101 Switching Protocols",
             "Connection: upgrade\r\nUpgrade: x\r\n", "1.1 close-delimited close upgrade"),
        bare("9110 9.3.6", Method::connect, "200 OK", "", "1.1 close-delimited close upgrade"),
        bare("9110 9.3.6", Method::connect, "407 No", "Content-Length: 2\r\n", "1.1 length 2 keep"),
        // --- persistence (RFC 9112 9.3)
        field("9112 9.3", "Connection: close\r\nContent-Length: 1\r\n", 200, same_response,
              "1.1 length 1 close"),
        field("9112 9.3", "Connection: x, Close\r\nContent-Length: 1\r\n", 200, same_response,
              "1.1 length 1 close"),
        field("9112 9.3", "Connection: keep-alive\r\n", 200, same_response,
              "1.1 close-delimited close"),
        {"9112 9.3", Method::get,
         "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n", 200,
         "200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n", "1.0 length 1 keep"},
        {"nginx", Method::get, OK_ "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n", 200,
         "200 OK\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n", "1.1 close-delimited close"},
        {"nginx", Method::get, OK_ "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\n\r\n", 502, "",
         ""},
    };
}

}  // namespace sluice::http
