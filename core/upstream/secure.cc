// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/secure.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "core/http/connection.h"
#include "core/os/socket.h"
#include "core/upstream/exchange.h"

namespace sluice::upstream {
namespace {

bool is_address(std::string_view name)
{
    os::Address ignored;
    std::string text(name);
    return os::Address::from_literal(text, 0, ignored) ||
           os::Address::from_literal("[" + text + "]", 0, ignored);
}

int distrust_of(long result)
{
    switch (result) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return self_signed;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID: return expired;
    case X509_V_ERR_CERT_REVOKED: return revoked;
    default: return untrusted;
    }
}

}  // namespace

net::TlsKeeper* Secure::keeper(const std::string& peer, std::string_view name)
{
    if (!resumes)
        return nullptr;
    std::string key = peer;
    key.append(" ").append(name);
    if (auto it = kept_.find(key); it != kept_.end())
        return &it->second;
    return kept_.size() < max_kept ? &kept_[key] : nullptr;
}

void Secure::begin(net::Stream& stream, const std::string& peer, std::string_view name)
{
    bool named = sends_name && !is_address(name);
    stream.set_tls(new net::TlsSession(
        stream.watch(), context, named ? std::string(name) : std::string(), keeper(peer, name)));
}

int verify_peer(const net::TlsSession& session, std::string_view name, std::string& why)
{
    long result = SSL_get_verify_result(session.handle());
    if (result != X509_V_OK) {
        why = fmt::format("upstream SSL certificate verify error: ({}:{})", result,
                          X509_verify_cert_error_string(result));
        return distrust_of(result);
    }
    X509* certificate = SSL_get0_peer_certificate(session.handle());
    if (!certificate) {
        why = "upstream sent no SSL certificate";
        return untrusted;
    }
    std::string text(name);
    if (X509_check_host(certificate, text.data(), text.size(), 0, nullptr) == 1 ||
        (is_address(name) && X509_check_ip_asc(certificate, text.c_str(), 0) == 1))
        return 0;
    why = fmt::format("upstream SSL certificate does not match \"{}\"", name);
    return wrong_name;
}

// ---- of an exchange -----------------------------------------------------------------------------

// A new connection: it is made, TLS is negotiated, the peer proves who it is; then the request
// goes.
Task<Error> Exchange::secure_and_send(http::Request& r)
{
    net::Stream& stream = link_->stream;
    if (connecting_) {
        Deadline until = Clock::in(rules_.connect_timeout);
        event::Wait w = co_await stream.watch().writable(until);
        if (Error error = connect_ended(w))
            co_return error;
    }
    target_->secure->begin(stream, peer_->name, target_->name);
    Deadline until = Clock::in(rules_.connect_timeout);
    net::Io io = co_await stream.handshake(event::Loop::current(), until);
    if (Error error = handshake_ended(r, io))
        co_return error;
    now_->connected = Clock::now();
    send_now();
    co_return sent();
}

Error Exchange::handshake_ended(http::Request& r, const net::Io& io)
{
    const net::TlsSession& tls = *link_->stream.tls();
    std::string why;
    Error error;
    if (io.kind == net::Io::canceled)
        return failure(Failure::client_gone, 499);
    if (io.kind == net::Io::timeout) {
        why = "upstream timed out (110: Connection timed out)";
        error = failure(Failure::handshake_timeout, 504);
    } else if (io.kind == net::Io::eof) {
        why = "peer closed connection in SSL handshake";
        error = failure(Failure::handshake);
    } else if (!io.good() && io.error != net::Io::tls_error) {
        why = fmt::format("peer closed connection in SSL handshake {}", errno_text(io.error));
        error = failure(Failure::handshake);
    } else if (!io.good()) {
        why = fmt::format("SSL_do_handshake() failed {}", tls.error());
        error = failure(Failure::handshake);
    } else if (target_->secure->verifies) {
        if (int distrust = verify_peer(tls, target_->name, why))
            error = failure(Failure::handshake, 502, distrust);
    }
    if (error)
        why_ = r.arena().concat(why, " while SSL handshaking to upstream");
    return error;
}

}  // namespace sluice::upstream
