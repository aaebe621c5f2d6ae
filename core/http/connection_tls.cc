// SPDX-License-Identifier: Apache-2.0
// What stands before the first request on a listener with TLS.
#include "core/base/bytes.h"
#include "core/http/connection.h"
#include "core/http/service.h"
#include "core/net/tls.h"

namespace sluice::http {

/// Finds the server that a ClientHello asks for.
class Connection::Door final : public net::TlsChooser
{
public:
    explicit Door(Connection& c) : c_(c) {}
    const net::TlsContext* choose_tls(std::string_view name) override
    {
        const ListenAddress& address = c_.listen_address();
        if (name.ends_with('.'))
            name.remove_suffix(1);
        if (!name.empty()) {
            const ServerName* matched = nullptr;
            Captures captures;
            c_.asked_for_ = address.names.find(lower(name), captures, matched);
        }
        const ServerTls* tls = c_.home().tls.get();
        if (!tls || tls->refuses)
            return nullptr;
        c_.stream.tls()->set_session_id(tls->session_id);
        return tls->context.get();
    }
    bool certify(net::TlsSession& session) override
    {
        Certifier* certifier = c_.home().tls->certifier.get();
        return !certifier || certifier->certify(c_, session);
    }
    std::string_view staple(net::TlsSession& session) override
    {
        Certifier* certifier = c_.home().tls->certifier.get();
        return certifier ? certifier->staple(session) : std::string_view();
    }

private:
    Connection& c_;
};

bool Connection::wants_tls()
{
    return listen_address().ssl && !stream.tls() && !plain_on_tls;
}

// True: a request may follow, or has come in plain text.
Task<bool> Connection::secure(Connection& self)
{
    const Server& server = *listen_address().default_server;
    ms limit = server.tls->handshake_timeout;
    if (limit.count() == 0)
        limit = *server.core->client_header_timeout;
    Door door(*this);
    stream.set_tls(new net::TlsSession(stream.watch(), *server.tls->context, door));
    net::Io io = co_await stream.handshake(event::Loop::current(), started + limit);
    co_return secured(io);
}

Request& Connection::borrow_request()
{
    parser_ = arena.make<RequestParser>();
    Request* r = arena.make<Request>(*this, parser_->head());
    r->serve_by(home());
    return *r;
}

bool Connection::secured(const net::Io& io)
{
    net::TlsSession& tls = *stream.tls();
    tls.forget_chooser();
    if (io.good()) {
        tls.set_record_limit(home().tls->record_limit);
        return true;
    }
    if (!tls.plain_bytes().empty()) {
        in = std::move(tls.plain_bytes());
        plain_on_tls = true;
        stream.set_tls(nullptr);
        return true;
    }
    broken_ = true;
    timed_out_ = io.kind == net::Io::timeout;
    Level level = Level::info;
    std::string why;
    if (io.kind == net::Io::canceled)
        return false;
    if (timed_out_)
        why = "client timed out (110: Connection timed out)";
    else if (io.kind == net::Io::eof && !tls.heard())
        why = "client closed connection";
    else if (io.kind == net::Io::eof)
        why = "peer closed connection in SSL handshake";
    else if (io.error != net::Io::tls_error)
        why = fmt::format("peer closed connection in SSL handshake {}", errno_text(io.error));
    else
        why = fmt::format("SSL_do_handshake() failed {}", tls.error());
    const Log& log = *listen_address().default_server->root.log;
    if (log.wants(level))
        log.write(level, number,
                  fmt::format("{} while SSL handshaking, client: {}, server: {}", why, peer_host(),
                              listener.spec.text));
    return false;
}

}  // namespace sluice::http
