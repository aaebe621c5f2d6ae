// SPDX-License-Identifier: Apache-2.0
// Rules: what a location says about forwarding, compiled once from the directives that forwarding
// modules share (core/upstream/settings.h). The engine reads nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/buf/pool.h"
#include "core/http/field_names.h"
#include "core/http/values.h"

namespace sluice::upstream {

/// proxy_next_upstream: a bit per condition.
enum NextUpstream : uint32_t {
    next_error = 1,
    next_timeout = 2,
    next_invalid_header = 4,
    next_http_500 = 8,
    next_http_502 = 16,
    next_http_503 = 32,
    next_http_504 = 64,
    next_http_403 = 128,
    next_http_404 = 256,
    next_http_429 = 512,
    next_non_idempotent = 1024,
    next_off = 2048,
};

/// proxy_ignore_headers: fields of a response that mean something to us, and here do not.
enum IgnoredField : uint32_t {
    ignore_accel_redirect = 1,
    ignore_accel_expires = 2,
    ignore_accel_limit_rate = 4,
    ignore_accel_buffering = 8,
    ignore_accel_charset = 16,
    ignore_expires = 32,
    ignore_cache_control = 64,
    ignore_set_cookie = 128,
    ignore_vary = 256,
};

/// proxy_bind: the address that connections come from.
struct Bind {
    http::Template address;  // empty: the system's choice
    bool transparent = false;
};

struct Rules {
    ms connect_timeout{60000}, send_timeout{60000}, read_timeout{60000};
    uint32_t next_upstream = next_error | next_timeout;
    uint32_t next_tries = 0;                     // 0: no limit
    ms next_timeout_total{0};                    // 0: no limit
    ms hold{0};                                  // how long to wait for a group that is away
    size_t head_limit = 32768;                   // bytes of a response head
    size_t buffer_limit = buf::Buffer::largest;  // of one direction's buffer
    bool ignore_client_abort = false;
    bool keepalive = true;  // the connection may be used again
    Bind bind;
    bool socket_keepalive = false;

    http::FieldNames hidden;        // response fields that are not passed on
    uint64_t left_to_upstream = 0;  // bits of Server and Date: without the upstream's there is none
    uint32_t ignored = 0;           // of IgnoredField
    bool intercept_errors = false;
    bool intercept_404 = false;  // it is the location's own 404, whatever its error_page says
    bool force_ranges = false;
    bool pass_trailers = true;
    bool buffering = true;       // the peer may be read faster than the client takes
    http::SizeValue limit_rate;  // at which it is read; constant 0: any
    uint64_t file_limit = 0;     // bytes of the temporary file; 0: none
    std::string temp_path;
    http::Template store;  // where a copy of a 200 to a GET goes; empty: nowhere
    uint32_t store_mode = 0600;
};

}  // namespace sluice::upstream
