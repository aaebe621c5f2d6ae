// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/error.h"

#include <cerrno>

namespace sluice::upstream {
namespace {

std::string_view of_connect(int error)
{
    switch (error) {
    case ECONNREFUSED: return "connect_refused";
    case ENETUNREACH:
    case EHOSTUNREACH: return "connect_unreachable";
    case ECONNRESET: return "connect_reset";
    default: return "connect_failed";
    }
}

// The codes of net::Names.
std::string_view of_resolver(int code)
{
    switch (code) {
    case 3: return "resolve_not_found";
    case ETIMEDOUT: return "resolve_timeout";
    default: return "resolve_failed";
    }
}

std::string_view of_handshake(int distrust)
{
    switch (distrust) {
    case untrusted: return "tls_untrusted";
    case self_signed: return "tls_self_signed";
    case expired: return "tls_expired";
    case revoked: return "tls_revoked";
    case wrong_name: return "tls_wrong_name";
    default: return "tls_handshake";
    }
}

}  // namespace

std::string_view reason_of(const Error& e)
{
    bool reused = e.died_idle();
    switch (e.what) {
    case Failure::none: return {};
    case Failure::no_room: return "no_room";
    case Failure::no_peer: return "no_peer";
    case Failure::naming: return {};
    case Failure::resolve: return of_resolver(e.system);
    case Failure::bind: return "bind_failed";
    case Failure::queue_full: return "queue_full";
    case Failure::queue_timeout: return "queue_timeout";
    case Failure::connect: return of_connect(e.system);
    case Failure::connect_timeout: return "connect_timeout";
    case Failure::handshake: return of_handshake(e.system);
    case Failure::handshake_timeout: return "tls_timeout";
    case Failure::send_timeout: return "send_timeout";
    case Failure::read_timeout: return "read_timeout";
    case Failure::reset: return reused ? "reset_reused" : "reset";
    case Failure::closed_early: return reused ? "closed_reused" : "closed_early";
    case Failure::header_invalid: return "header_invalid";
    case Failure::header_too_big: return "header_too_big";
    case Failure::bad_status: return "bad_status";
    case Failure::client_gone: return "client_gone";
    case Failure::client_body: return "client_body";
    case Failure::body_truncated: return "body_truncated";
    case Failure::body_timeout: return "body_timeout";
    case Failure::body_invalid: return "body_invalid";
    }
    return {};
}

}  // namespace sluice::upstream
