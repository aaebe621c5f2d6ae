// SPDX-License-Identifier: Apache-2.0
// From a server's directives to its TlsContext.
#include <openssl/ssl.h>

#include "modules/ssl/ssl.h"
#include "modules/ssl/stapling.h"

namespace sluice::ssl {
namespace {

constexpr uint32_t max_early_data = 16384;  // bytes, as in nginx

class Builder
{
public:
    Builder(http::Server& server, const Conf& conf, conf::Diagnostics& diag)
        : server_(server), conf_(conf), diag_(diag)
    {
    }

    void build()
    {
        auto tls = std::make_unique<http::ServerTls>();
        tls->context = std::make_shared<net::TlsContext>(net::TlsContext::server);
        context_ = tls->context.get();
        tls->refuses = *conf_.reject_handshake;
        tls->asks_certificate = *conf_.verify_client != Verify::off;
        tls->record_limit = std::max<size_t>(conf_.buffer_size->n, 1);
        tls->handshake_timeout = *conf_.handshake_timeout;
        keep_sessions(*tls);
        add_certificates();
        negotiate();  // ssl_conf_command has the last word
        verify();
        staple(*tls);
        server_.tls = std::move(tls);
    }

private:
    std::string full_path(const File& file) const
    {
        return tls::full_path(file, server_.main, diag_);
    }

    bool report(conf::Pos pos, const std::string& why)
    {
        if (!why.empty())
            diag_.error(pos, why);
        return why.empty();
    }

    void add_certificates()
    {
        const auto& certificates = *conf_.certificate;
        const auto& keys = *conf_.certificate_key;
        if (certificates.empty())
            return;
        if (keys.size() < certificates.size()) {
            const File& lonely = certificates.back();
            diag_.error(lonely.pos,
                        fmt::format("no \"ssl_certificate_key\" is defined for certificate \"{}\"",
                                    lonely.path));
            return;
        }
        net::TlsPasswords passwords;
        if (conf_.password_file.is_set() &&
            !tls::read_passwords(*conf_.password_file, server_.main, diag_, passwords))
            return;
        for (size_t i = 0; i < certificates.size(); ++i)
            if (!report(certificates[i].pos,
                        context_->add_certificate(full_path(certificates[i]), full_path(keys[i]),
                                                  &passwords)))
                return;
        report(keys.back().pos, context_->check_certificates(full_path(keys.back())));
    }

    void negotiate()
    {
        context_->set_protocols(conf_.protocols->mask);
        report(here(), context_->set_ciphers(*conf_.ciphers, *conf_.prefer_server_ciphers));
        report(here(), context_->set_curves(*conf_.ecdh_curve));
        if (conf_.dhparam.is_set())
            report(conf_.dhparam->pos, context_->set_dh(full_path(*conf_.dhparam)));
        if (*conf_.early_data) {
            // Replays are the application's to tell apart, by $ssl_early_data: a cache of what was
            // seen would have to be shared by all servers of a name to be of use.
            SSL_CTX_set_max_early_data(context_->handle(), max_early_data);
            SSL_CTX_set_options(context_->handle(), SSL_OP_NO_ANTI_REPLAY);
        }
        for (const Command& c : *conf_.conf_command)
            report(c.pos, context_->command(c.name, c.value));
    }

    void verify()
    {
        Verify how = *conf_.verify_client;
        if (how != Verify::off) {
            if (!conf_.client_certificate.is_set() && !conf_.trusted_certificate.is_set() &&
                how != Verify::optional_no_ca)
                diag_.error(here(), "no ssl_client_certificate for ssl_verify_client");
            context_->verify_peer(*conf_.verify_depth);
        }
        if (conf_.client_certificate.is_set())
            report(conf_.client_certificate->pos,
                   context_->ask_for(full_path(*conf_.client_certificate)));
        if (conf_.trusted_certificate.is_set())
            report(conf_.trusted_certificate->pos,
                   context_->trust(full_path(*conf_.trusted_certificate)));
        if (conf_.crl.is_set())
            report(conf_.crl->pos, context_->revoke(full_path(*conf_.crl)));
        context_->set_session_id(session_shape());
    }

    void keep_sessions(http::ServerTls& tls)
    {
        net::TlsSessionRules rules;
        rules.builtin = conf_.session_cache->builtin;
        rules.timeout = static_cast<long>(conf_.session_timeout->count());
        if (conf_.session_cache->zone) {
            auto store =
                std::make_shared<ZoneStore>(*conf_.session_cache->zone, *conf_.session_timeout);
            rules.store = store.get();
            tls.keeps.push_back(std::move(store));
        }
        if (*conf_.session_tickets && !conf_.session_ticket_key->empty()) {
            auto keys = std::make_shared<FileKeys>();
            for (const File& file : *conf_.session_ticket_key)
                report(file.pos, keys->add(full_path(file)));
            rules.tickets = keys.get();
            tls.keeps.push_back(std::move(keys));
        } else if (*conf_.session_tickets) {
            auto keys =
                std::make_shared<ZoneKeys>(ticket_zone(server_.main), *conf_.session_timeout);
            rules.tickets = keys.get();
            tls.keeps.push_back(std::move(keys));
        }
        tls.context->keep_sessions(rules);
    }

    void staple(http::ServerTls& tls)
    {
        if (!*conf_.stapling || conf_.certificate->empty())
            return;
        if (!conf_.stapling_file.is_set()) {
            diag_.warn(here(), "stapling-without-file",
                       "\"ssl_stapling\" ignored, there is no \"ssl_stapling_file\": responses are "
                       "not fetched from the authority");
            return;
        }
        auto staple = std::make_shared<Staple>();
        if (!report(conf_.stapling_file->pos, staple->read(full_path(*conf_.stapling_file))))
            return;
        staple->offer(*context_);
        tls.keeps.push_back(std::move(staple));
    }

    // What a session proves: who the server was, and whom it asked for a certificate how.
    std::string session_shape() const
    {
        std::string shape = fmt::format("{} {} {}", static_cast<int>(*conf_.verify_client),
                                        *conf_.verify_depth, conf_.client_certificate->path);
        shape += " " + conf_.trusted_certificate->path + " " + conf_.crl->path;
        for (const File& f : *conf_.certificate)
            shape += " " + f.path;
        return shape;
    }

    conf::Pos here() const
    {
        return conf_.certificate->empty() ? conf::Pos{} : conf_.certificate->front().pos;
    }

    http::Server& server_;
    const Conf& conf_;
    conf::Diagnostics& diag_;
    net::TlsContext* context_ = nullptr;
};

}  // namespace

void make_context(http::Server& server, const Conf& conf, conf::Diagnostics& diag)
{
    Builder(server, conf, diag).build();
}

}  // namespace sluice::ssl
