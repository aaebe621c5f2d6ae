// SPDX-License-Identifier: Apache-2.0
// uwsgi: forwards requests to programs that speak the uwsgi protocol.
#include "core/upstream/cgi_request.h"
#include "core/upstream/target.h"
#include "modules/lib/upstream_ssl.h"

namespace sluice::uwsgi {

extern const Module module;

namespace {

struct Conf {
    std::shared_ptr<upstream::Target> pass;  // not inherited: it belongs to its location
    Setting<std::vector<upstream::Param>> params;
    Setting<uint8_t> modifier1{0};
    Setting<uint8_t> modifier2{0};
    upstream::Settings common;
    tls::SslConf ssl;
    std::shared_ptr<const upstream::Rules> rules;
};

class UwsgiRequest final : public upstream::CgiRequest
{
public:
    explicit UwsgiRequest(const Conf& conf) : CgiRequest("uwsgi", conf.common), conf_(conf) {}
    void write_head(Request& r, const upstream::Peer& peer, buf::Buffer& to) override;
    upstream::Wire& wire(Request& r) override { return *r.arena().make<upstream::CgiWire>(); }
    const upstream::TlsTarget* tls(Request& r) override;

private:
    const Conf& conf_;
    upstream::TlsTarget target_;
};

void write_number(buf::Writer& w, size_t n)
{
    char bytes[2] = {static_cast<char>(n), static_cast<char>(n >> 8)};
    w << std::string_view(bytes, 2);
}

// modifier1, size, modifier2, then names and values, each behind its size; sizes have two bytes,
// the low one first. The body follows.
void UwsgiRequest::write_head(Request& r, const upstream::Peer&, buf::Buffer& to)
{
    buf::Buffer params(2048);
    buf::Writer p(params);
    bool fits = true;
    upstream::each_param(r, *conf_.params, sends_fields(),
                         [&](std::string_view name, std::string_view value) {
                             size_t size = params.size() + name.size() + value.size() + 4;
                             if (size > UINT16_MAX) {
                                 fits = false;
                                 return;
                             }
                             write_number(p, name.size());
                             p << name;
                             write_number(p, value.size());
                             p << value;
                         });
    if (!fits)
        r.log(Level::error,
              "uwsgi request is too large: what is beyond 65535 bytes of parameters is left out");
    buf::Writer w(to);
    char modifier1 = static_cast<char>(*conf_.modifier1);
    char modifier2 = static_cast<char>(*conf_.modifier2);
    w << std::string_view(&modifier1, 1);
    write_number(w, params.size());
    w << std::string_view(&modifier2, 1) << params.view();
}

const upstream::TlsTarget* UwsgiRequest::tls(Request& r)
{
    if (!conf_.pass->over_tls)
        return nullptr;
    target_.secure = conf_.pass->secure.get();
    target_.name = tls::without_port(conf_.ssl.name.is_set() ? conf_.ssl.name->eval(r)
                                                             : conf_.pass->text.eval(r));
    return &target_;
}

Task<Rc> handle(Request& r)
{
    const Conf& conf = r.conf<Conf>(module);
    upstream::Group* group = conf.pass->choose(r);
    if (!group)
        return reply(500);
    // The length stands in the head (CONTENT_LENGTH).
    bool needs_length = r.body.framing().kind == http::Framing::chunked;
    return upstream::run_exchange(r, *group, *conf.rules, *r.arena().make<UwsgiRequest>(conf),
                                  *conf.common.request_buffering || needs_length);
}

void set_pass(Apply& apply, Conf& conf)
{
    upstream::set_target(apply, conf.pass, handle, "uwsgi");
}

constexpr std::array own_directives{
    Directive{"uwsgi_pass", in_location | conf::in_if_location, 1, 1, call<set_pass>},
    Directive{"uwsgi_param", everywhere, 2, 3, store<&Conf::params>},
    Directive{"uwsgi_modifier1", everywhere, 1, 1, store<&Conf::modifier1>},
    Directive{"uwsgi_modifier2", everywhere, 1, 1, store<&Conf::modifier2>},
};

constexpr std::array directives = upstream::join(
    own_directives, upstream::connection_rows<"uwsgi_", &Conf::common>,
    upstream::response_rows<"uwsgi_", &Conf::common>, tls::ssl_rows<"uwsgi_", &Conf::ssl>);

constexpr conf::ConfType conf_type =
    conf_of<Conf, &Conf::pass, &Conf::params, &Conf::modifier1, &Conf::modifier2, &Conf::common,
            &Conf::ssl, &Conf::rules>;

void finish_location(http::Finish& finish, void* object)
{
    Conf& conf = *static_cast<Conf*>(object);
    if (conf.pass && conf.pass->over_tls) {
        upstream::Target& pass = *conf.pass;
        const std::string& address = pass.text.literal();
        pass.secure = tls::make_secure(conf.ssl, finish, pass.pos, "uwsgi_");
        tls::warn_if_unverified(*pass.secure, finish, pass.pos, "suwsgi://" + address, "uwsgi_");
        bool own_name = conf.ssl.name.is_set() && conf.ssl.name->is_constant();
        pass.tls_name = tls::without_port(own_name ? conf.ssl.name->literal() : address);
    }
    conf.rules = upstream::finish_cgi(finish, conf.pass.get(), conf.common, "uwsgi_", false);
}

}  // namespace

const Module module{
    .name = "uwsgi",
    .directives = directives,
    .location_conf = &conf_type,
    .finish_location = finish_location,
};

}  // namespace sluice::uwsgi
