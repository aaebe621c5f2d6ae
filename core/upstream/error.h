// SPDX-License-Identifier: Apache-2.0
// Why an exchange with a peer failed, and what may be done about it. The decision to try again is
// made from this value alone (proxy_next_upstream).
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::upstream {

enum class Failure : uint8_t {
    none,
    no_room,  // no descriptor or slot came free in time: this worker's fault, not the peer's
    bind,     // the address that proxy_bind names cannot be had: our fault, too
    no_peer,  // all are down, resting or tried
    naming,   // not a failure: a name is being asked for, without which there is nobody
    resolve,  // a name leads to nobody: `system` is its net::Names::code
    queue_full,
    queue_timeout,
    connect,  // refused, unreachable, ...
    connect_timeout,
    handshake,  // TLS failed, or the peer is not who it should be: `system` is a Distrust
    handshake_timeout,
    send_timeout,
    read_timeout,    // before the head was complete
    reset,           // reading or writing failed
    closed_early,    // the connection ended before the head did
    header_invalid,  // not HTTP, or framing that may not be forwarded
    header_too_big,
    bad_status,   // an answer that proxy_next_upstream names (http_500, ...)
    client_gone,  // nothing to do with the peer
    client_body,  // reading the request body failed: `status` says how
    // behind the head: nobody else can be asked any more
    body_truncated,  // it ended before its framing says
    body_timeout,
    body_invalid,  // its chunks
};

/// Why a peer's certificate was not taken; 0: the handshake itself failed.
enum Distrust : int { untrusted = 1, self_signed, expired, revoked, wrong_name };

struct Error {
    Failure what = Failure::none;
    bool reused = false;    // the connection had served before: it may have been closed under us
    bool sent = false;      // bytes went out on it: the peer may have acted on the request
    bool answered = false;  // bytes of an answer came
    int status = 502;       // what the client gets when nobody else is tried
    int system = 0;         // errno

    /// A kept connection that had been closed meanwhile: no fault of the peer.
    bool died_idle() const
    {
        return reused && !answered && (what == Failure::reset || what == Failure::closed_early);
    }
    explicit operator bool() const { return what != Failure::none; }
};

/// The name of the reason, for $proxy_error and the error log: one of a closed list, which
/// modules/upstream/upstream.md explains. Empty: none.
std::string_view reason_of(const Error& error);

}  // namespace sluice::upstream
