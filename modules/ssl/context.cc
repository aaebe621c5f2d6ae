// SPDX-License-Identifier: Apache-2.0
// From a server's directives to its TlsContext.
#include <openssl/ssl.h>

#include "modules/ssl/presenter.h"
#include "modules/ssl/ssl.h"
#include "modules/ssl/stapling.h"

namespace sluice::ssl {

/// A context, and what its rules name.
struct Context {
    std::vector<std::shared_ptr<void>> keeps;
    net::TlsContext context{net::TlsContext::server};
};

namespace {

constexpr uint32_t max_early_data = 16384;  // bytes, as in nginx

class Builder
{
public:
    Builder(http::Server& server, const Conf& conf, Main& main, conf::Diagnostics& diag)
        : server_(server), conf_(conf), main_(main), diag_(diag)
    {
    }

    void build()
    {
        auto tls = std::make_unique<http::ServerTls>();
        tls->context = shared_context();
        tls->refuses = *conf_.reject_handshake;
        tls->asks_certificate = *conf_.verify_client != Verify::off;
        tls->record_limit = std::max<size_t>(conf_.buffer_size->n, 1);
        tls->handshake_timeout = *conf_.handshake_timeout;
        tls->session_id = net::TlsContext::session_id(session_shape());
        if (!conf_.certificate->empty())
            tls->certifier = presenter();
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

    // ---- what servers with the same settings share ----

    std::shared_ptr<net::TlsContext> shared_context()
    {
        std::shared_ptr<Context>& shared = main_.contexts[shape()];
        if (!shared) {
            shared = std::make_shared<Context>();
            context_ = &shared->context;
            keep_sessions(*shared);
            negotiate();  // ssl_conf_command has the last word
            verify();
        }
        context_ = &shared->context;
        shared_ = {shared, context_};
        return shared_;
    }

    // Whatever shared_context() looks at.
    std::string shape() const
    {
        std::string shape = fmt::format(
            "{} {} {} {} {} {} {} {} {} {}", conf_.protocols->mask, *conf_.prefer_server_ciphers,
            *conf_.early_data, static_cast<int>(*conf_.verify_client), *conf_.verify_depth,
            conf_.session_cache->builtin, static_cast<void*>(conf_.session_cache->zone),
            conf_.session_timeout->count(), *conf_.session_tickets, *conf_.ecdh_curve);
        shape += "\n" + *conf_.ciphers;
        for (const auto* file :
             {&conf_.dhparam, &conf_.client_certificate, &conf_.trusted_certificate, &conf_.crl})
            shape += "\n" + (file->is_set() ? full_path(**file) : std::string());
        for (const File& file : *conf_.session_ticket_key)
            shape += "\nk " + full_path(file);
        for (const Command& c : *conf_.conf_command)
            shape += "\nc " + c.name + " " + c.value;
        return shape;
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
    }

    void keep_sessions(Context& shared)
    {
        net::TlsSessionRules rules;
        rules.builtin = conf_.session_cache->builtin;
        rules.timeout = static_cast<long>(conf_.session_timeout->count());
        if (conf_.session_cache->zone) {
            auto store =
                std::make_shared<ZoneStore>(*conf_.session_cache->zone, *conf_.session_timeout);
            rules.store = store.get();
            shared.keeps.push_back(std::move(store));
        }
        if (*conf_.session_tickets && !conf_.session_ticket_key->empty()) {
            auto keys = std::make_shared<FileKeys>();
            for (const File& file : *conf_.session_ticket_key)
                report(file.pos, keys->add(full_path(file)));
            rules.tickets = keys.get();
            shared.keeps.push_back(std::move(keys));
        } else if (*conf_.session_tickets) {
            auto keys =
                std::make_shared<ZoneKeys>(ticket_zone(server_.main), *conf_.session_timeout);
            rules.tickets = keys.get();
            shared.keeps.push_back(std::move(keys));
        }
        context_->keep_sessions(rules);
    }

    // ---- its own ----

    std::shared_ptr<http::Certifier> presenter()
    {
        auto presenter = std::make_shared<Presenter>(main_.certificates, *conf_.certificate_cache);
        const auto& certificates = *conf_.certificate;
        const auto& keys = *conf_.certificate_key;
        if (keys.size() < certificates.size()) {
            const File& lonely = certificates.back();
            diag_.error(lonely.pos,
                        fmt::format("no \"ssl_certificate_key\" is defined for certificate \"{}\"",
                                    lonely.path));
            return nullptr;
        }
        net::TlsPasswords passwords;
        bool locked = conf_.password_file.is_set();
        if (locked && !tls::read_passwords(*conf_.password_file, server_.main, diag_, passwords))
            return nullptr;
        std::vector<PairName> names;
        for (size_t i = 0; i < certificates.size(); ++i) {
            if (has_variables(certificates[i]) || has_variables(keys[i]))
                add_named(*presenter, certificates[i], keys[i]);
            else
                names.push_back({full_path(certificates[i]), full_path(keys[i])});
        }
        if (!names.empty())
            presenter->set(loaded(std::move(names), passwords));
        presenter->set_passwords(std::move(passwords));
        staple(*presenter);
        return presenter;
    }

    static bool has_variables(const File& file) { return file.path.find('$') != std::string::npos; }

    void add_named(Presenter& presenter, const File& certificate, const File& key)
    {
        http::Variables& variables = server_.main.variables;
        auto c = Template::compile(certificate.path, certificate.pos, diag_, variables);
        auto k = Template::compile(key.path, key.pos, diag_, variables);
        if (c && k)
            presenter.add(*c, *k, full_path({"", certificate.pos}));
    }

    CertificateSet& loaded(std::vector<PairName> names, const net::TlsPasswords& passwords)
    {
        bool fresh = false;
        Certificates& all = *main_.certificates;
        std::string password_path =
            conf_.password_file.is_set() ? full_path(*conf_.password_file) : std::string();
        CertificateSet& set = all.of(std::move(names), password_path, fresh);
        if (!fresh)
            return set;
        size_t at = 0;
        std::string why = set.load(&passwords, all.parses_now(), at);
        if (why.empty() && set.parsed())
            why = check(set, at);
        // Of names with variables among them the position is near enough.
        report((*conf_.certificate)[std::min(at, conf_.certificate->size() - 1)].pos, why);
        return set;
    }

    // What the rules of the server think of them (ssl_conf_command MinProtocol, @SECLEVEL).
    std::string check(CertificateSet& set, size_t& at) const
    {
        const auto& pairs = set.pairs(main_.certificates->vault(), main_.certificates->log());
        std::string why;
        for (at = 0; at < pairs.size() && why.empty(); ++at)
            why = context_->check_pair(pairs[at], set.names()[at].certificate);
        return why;
    }

    void staple(Presenter& presenter)
    {
        if (!*conf_.stapling)
            return;
        auto stapler = std::make_shared<Stapler>(main_.certificates->log());
        if (conf_.stapling_file.is_set()) {
            std::string response;
            if (!report(conf_.stapling_file->pos,
                        read_staple(full_path(*conf_.stapling_file), response)))
                return;
            stapler->set_response(std::move(response));
        } else {
            const std::string& url = *conf_.stapling_responder;
            Responder ignored;
            if (!url.empty() && !parse_responder(url, ignored)) {
                diag_.warn(here(), "stapling-responder",
                           fmt::format("\"ssl_stapling\" ignored, invalid URL prefix in OCSP "
                                       "responder \"{}\"",
                                       url));
                return;
            }
            stapler->ask(url, *conf_.stapling_verify, shared_);
            main_.staplers.push_back(stapler);
        }
        presenter.set_stapler(std::move(stapler));
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
    Main& main_;
    conf::Diagnostics& diag_;
    std::shared_ptr<net::TlsContext> shared_;
    net::TlsContext* context_ = nullptr;  // the same
};

}  // namespace

void make_context(http::Server& server, const Conf& conf, Main& main, conf::Diagnostics& diag)
{
    Builder(server, conf, main, diag).build();
}

}  // namespace sluice::ssl
