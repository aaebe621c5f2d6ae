// SPDX-License-Identifier: Apache-2.0
// What a message is once its head has been read: method, target, version, fields and framing.
// Framing is one value that the codec alone makes: a message whose length is ambiguous (RFC 9112
// 6.3) is an error and never a head, so it cannot be forwarded. The proxy re-emits Content-Length
// or Transfer-Encoding from Framing, never from the fields. Views of a head point into the buffer
// that was parsed last, into the arena, or to static text.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/arena.h"
#include "core/http/headers.h"

namespace sluice::http {

/// Methods that the engine acts on; any other token is `other` and is forwarded as it came.
enum class Method : uint8_t {
    other,
    get,
    head,
    post,
    put,
    delete_,
    options,
    patch,
    trace,
    connect,
    mkcol,
    copy,
    move,
    propfind,
    proppatch,
    lock,
    unlock
};
/// Case-sensitive (RFC 9110 9.1).
Method method_id(std::string_view token);
/// "GET"; empty for `other`.
std::string_view method_name(Method method);

enum class Version : uint8_t { http09, http10, http11 };

/// "HTTP/1.1"; empty for http09.
constexpr std::string_view version_name(Version v)
{
    return v == Version::http11 ? "HTTP/1.1" : v == Version::http10 ? "HTTP/1.0" : "";
}

struct Framing {
    enum Kind : uint8_t { none, length, chunked, until_close } kind = none;
    uint64_t size = 0;  // of `length` only

    bool operator==(const Framing&) const = default;
};

struct ParseError {
    int status = 0;  // 400, 405, 414, 431, 494, 501, 505; of responses always 502
    // Whole message, worded as nginx's, static or in the arena: client sent invalid method
    std::string_view reason;
    // What nginx's log says behind it: " while reading client request line", and so on.
    std::string_view action;
};

/// What a parser says after each feed().
enum class ParseState : uint8_t { more, done, error };

struct RequestHead {
    std::string_view method, target;  // as sent
    Method method_id = Method::other;
    Version version = Version::http11;
    bool keep_alive = false;        // what the client wants (RFC 9112 9.3)
    bool expect_continue = false;   // Expect: 100-continue of an HTTP/1.1 request (RFC 9110 10.1.1)
    bool upgrade = false;           // Connection: upgrade and Upgrade (RFC 9110 7.8), HTTP/1.1 only
    Framing framing;                // none, length or chunked
    Headers headers;                // without the lines that were ignored
    std::string_view request_line;  // as sent, without its line end ($request)
    std::string_view schema;        // of absolute-form, as sent; else empty
    std::string_view host;  // of absolute-form, else of Host: checked, lower case, no last dot
    std::string_view port;  // digits behind it, or empty
    std::string_view path_and_query;        // what locations see: starts with '/', or is "*"
    ArenaVector<std::string_view> ignored;  // field lines dropped for their name, for the log
    size_t head_size = 0;
};

struct ResponseHead {
    int status = 0;
    Version version = Version::http11;
    std::string_view reason;       // phrase, may be empty
    std::string_view status_line;  // as sent, without its line end
    Headers headers;
    Framing framing;
    bool keep_alive = false;  // the connection may be used again once the body has been read
    bool upgrade = false;     // 101: what follows is another protocol
    size_t head_size = 0;
};

}  // namespace sluice::http
