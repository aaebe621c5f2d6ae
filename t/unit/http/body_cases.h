// SPDX-License-Identifier: Apache-2.0
// Raw bodies and what must become of them. Also seeds of the fuzz corpus.
#pragma once

#include <string>
#include <vector>

#include "core/http/message.h"

namespace sluice::http {

struct BodyCase {
    const char* section;
    Framing framing;
    std::string raw;
    const char* verdict;  // done, more, error
    std::string payload;
    std::string trailers;  // as "Name: value\r\n"...
    size_t rest = 0;       // bytes behind the body
};

inline std::vector<BodyCase> body_cases()
{
    auto length = [](uint64_t n, std::string raw, const char* verdict, std::string payload,
                     size_t rest = 0) {
        return BodyCase{"9112 6.2", {Framing::length, n}, raw, verdict, payload, "", rest};
    };
    auto chunked = [](const char* section, std::string raw, const char* verdict,
                      std::string payload = "", std::string trailers = "", size_t rest = 0) {
        return BodyCase{section, {Framing::chunked, 0}, raw, verdict, payload, trailers, rest};
    };
    auto trailer = [](const char* section, std::string lines, const char* verdict,
                      std::string kept = "") {
        return BodyCase{
            section, {Framing::chunked, 0}, "1\r\nx\r\n0\r\n" + lines + "\r\n", verdict, "x", kept};
    };
    std::string nul("A: \0\r\n", 6);
    return {
        {"9112 6.3", {Framing::none, 0}, "GET", "done", "", "", 3},
        {"9112 6.3", {Framing::until_close, 0}, "abc", "more", "abc", ""},
        length(0, "", "done", ""),
        length(0, "GET", "done", "", 3),
        length(3, "", "more", ""),
        length(3, "ab", "more", "ab"),
        length(3, "abc", "done", "abc"),
        length(3, "abcd", "done", "abc", 1),
        // --- chunks (RFC 9112 7.1)
        chunked("9112 7.1", "0\r\n\r\n", "done"),
        chunked("9112 7.1", "0\r\n\r\nGET", "done", "", "", 3),
        chunked("9112 7.1", "5\r\nhello\r\n0\r\n\r\n", "done", "hello"),
        chunked("9112 7.1", "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "done", "abc"),
        chunked("9112 7.1", "A\r\n0123456789\r\na\r\n0123456789\r\n00\r\n\r\n", "done",
                "01234567890123456789"),
        chunked("9112 7.1", "000000000000000000000001\r\na\r\n0000\r\n\r\n", "done", "a"),
        chunked("9112 7.1", "2\r\n\r\n\r\n0\r\n\r\n", "done", "\r\n"),
        chunked("9112 7.1", "7\r\n0\r\n\r\nGE\r\n0\r\n\r\n", "done", "0\r\n\r\nGE"),
        chunked("9112 8", "", "more"),
        chunked("9112 8", "5", "more"),
        chunked("9112 8", "5\r\nhel", "more", "hel"),
        chunked("9112 8", "5\r\nhello\r\n", "more", "hello"),
        chunked("9112 8", "5\r\nhello\r\n0\r\n", "more", "hello"),
        chunked("9112 8", "5\r\nhello\r\n0\r\n\r", "more", "hello"),
        chunked("9112 7.1", "\r\n", "error"),
        chunked("9112 7.1", "x\r\n", "error"),
        chunked("9112 7.1", "-1\r\n", "error"),
        chunked("9112 7.1", "+1\r\na\r\n", "error"),
        chunked("9112 7.1", "0x1\r\na\r\n", "error"),
        chunked("9112 7.1", "1g\r\na\r\n", "error"),
        chunked("9112 7.1", " 1\r\na\r\n", "error"),
        chunked("9112 7.1", "1 1\r\na\r\n", "error"),
        chunked("9112 7.1", ";a\r\n", "error"),
        chunked("9112 7.1", "ffffffffffffffff\r\n", "error"),
        chunked("9112 7.1", "8000000000000000\r\n", "error"),
        chunked("9112 7.1", "10000000000000000\r\n", "error"),
        chunked("9112 7.1", "fffffffffffffffff\r\n", "error"),
        chunked("9112 7.1", "1\r\na\r\n7fffffffffffffff\r\n", "error", "a"),
        chunked("9112 7.1", std::string(40, '0') + "\r\n", "error"),
        // --- line ends (nginx since 1.29.4: a bare LF is an error)
        chunked("9112 7.1", "1\na\r\n0\r\n\r\n", "error"),
        chunked("9112 7.1", "1\r\na\n0\r\n\r\n", "error", "a"),
        chunked("9112 7.1", "1\r\na\r\n0\n\r\n", "error", "a"),
        chunked("9112 7.1", "1\r\na\r\n0\r\n\n", "error", "a"),
        chunked("9112 7.1", "1\rXa\r\n0\r\n\r\n", "error"),
        chunked("9112 7.1", "1\r\r\na\r\n0\r\n\r\n", "error"),
        chunked("9112 7.1", "1\r\naXX0\r\n\r\n", "error", "a"),
        chunked("9112 7.1", "1\r\naX\n0\r\n\r\n", "error", "a"),
        chunked("9112 7.1", "1\r\na\rX0\r\n\r\n", "error", "a"),
        chunked("9112 7.1", "1\r\nab\r\n0\r\n\r\n", "error", "a"),
        chunked("9112 7.1", "2\r\na\r\n0\r\n\r\n", "error", "a\r"),
        chunked("9112 7.1", "1\r\na0\r\n\r\n", "error", "a"),
        chunked("9112 7.1", "1\r\na\r\n0\r\n\rX", "error", "a"),
        chunked("9112 7.1", "1;x\na\r\n0\r\n\r\n", "error"),
        // --- extensions (RFC 9112 7.1.1)
        chunked("9112 7.1.1", "1;a\r\nx\r\n0;b\r\n\r\n", "done", "x"),
        chunked("9112 7.1.1", "1;a=b;c=\"d;\\\" e\"\r\nx\r\n0\r\n\r\n", "done", "x"),
        chunked("9112 7.1.1", "1 ; a = b\r\nx\r\n0\r\n\r\n", "done", "x"),
        chunked("9112 7.1.1", "1;\r\nx\r\n0\r\n\r\n", "done", "x"),
        chunked("nginx", "1 \t \r\nx\r\n0 \r\n\r\n", "done", "x"),
        chunked("9112 7.1.1", "1;a\x01\r\nx\r\n0\r\n\r\n", "error"),
        chunked("9112 7.1.1", "1;a\rb\r\nx\r\n0\r\n\r\n", "error"),
        chunked("9112 7.1.1", "1;" + std::string(17000, 'a') + "\r\nx\r\n0\r\n\r\n", "error"),
        chunked("9112 7.1.1", "1" + std::string(17000, ' ') + "\r\nx\r\n0\r\n\r\n", "error"),
        // --- trailers (RFC 9112 7.1.2, RFC 9110 6.5)
        trailer("9112 7.1.2", "A: 1\r\n", "done", "A: 1\r\n"),
        trailer("9112 7.1.2", "A:1\r\nb: \t2 \r\nA: 3\r\n", "done", "A: 1\r\nb: 2\r\nA: 3\r\n"),
        trailer("9110 6.5", "ETag: x\r\nGrpc-Status: 0\r\n", "done",
                "ETag: x\r\nGrpc-Status: 0\r\n"),
        trailer("9110 6.5.1", "Content-Length: 5\r\nA: 1\r\n", "done", "A: 1\r\n"),
        trailer("9110 6.5.1", "Transfer-Encoding: chunked\r\n", "done"),
        trailer("9110 6.5.1", "Transfer-Encoding: gzip\r\nA: 1\r\n", "done", "A: 1\r\n"),
        trailer("9110 6.5.1", "Host: b\r\nConnection: close\r\nTE: x\r\nTrailer: y\r\n", "done"),
        trailer("9110 6.5.1",
                "Authorization: x\r\nSet-Cookie: y\r\nCookie: z\r\nContent-Type: t\r\n", "done"),
        trailer("9110 6.5.1", "Cache-Control: x\r\nRange: y\r\nMax-Forwards: 1\r\nExpect: z\r\n",
                "done"),
        trailer("nginx", "A.b: 1\r\n", "done"),
        trailer("9112 5.1", "A : 1\r\n", "error"),
        trailer("9112 5.2", "A: 1\r\n 2\r\n", "error"),
        trailer("9112 2.2", "A: 1\n", "error"),
        trailer("9112 2.2", "A: 1\r2\r\n", "error"),
        trailer("9110 5.5", nul, "error"),
        trailer("9110 5.1", ": 1\r\n", "error"),
        trailer("9112 7.1.2", "A: " + std::string(300, 'a') + "\r\n", "error"),
        trailer("9112 7.1.2",
                "A: " + std::string(100, 'a') + "\r\nB: " + std::string(150, 'b') + "\r\n",
                "error"),
    };
}

}  // namespace sluice::http
