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
    /// Its parameters, before all else. False: they are more than the protocol can say. Nobody may
    /// choose by a long request which of them the program does not get.
    bool collect(Request& r);
    void write_head(Request& r, const upstream::Peer& peer, buf::Buffer& to) override;
    upstream::Wire& wire(Request& r) override { return *r.arena().make<upstream::CgiWire>(); }
    const upstream::TlsTarget* tls(Request& r) override;

private:
    const Conf& conf_;
    buf::Buffer params_;
    upstream::TlsTarget target_;
};

void write_number(buf::Writer& w, size_t n)
{
    char bytes[2] = {static_cast<char>(n), static_cast<char>(n >> 8)};
    w << std::string_view(bytes, 2);
}

// Names and values, each behind its size; sizes have two bytes, the low one first, as the size of
// it all has.
bool UwsgiRequest::collect(Request& r)
{
    params_ = buf::Buffer(2048);
    buf::Writer p(params_);
    size_t size = 0;
    upstream::each_param(r, *conf_.params, sends_fields(),
                         [&](std::string_view name, std::string_view value) {
                             size += name.size() + value.size() + 4;
                             if (size > UINT16_MAX)
                                 return;
                             write_number(p, name.size());
                             p << name;
                             write_number(p, value.size());
                             p << value;
                         });
    if (size > UINT16_MAX)
        r.log(Level::alert, "uwsgi request is too big: {}", size);
    return size <= UINT16_MAX;
}

// modifier1, size, modifier2, then the parameters. The body follows.
void UwsgiRequest::write_head(Request&, const upstream::Peer&, buf::Buffer& to)
{
    buf::Writer w(to);
    char modifier1 = static_cast<char>(*conf_.modifier1);
    char modifier2 = static_cast<char>(*conf_.modifier2);
    w << std::string_view(&modifier1, 1);
    write_number(w, params_.size());
    w << std::string_view(&modifier2, 1) << params_.view();
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

Task<Rc> forward(Request& r)
{
    const Conf& conf = r.conf<Conf>(module);
    upstream::Group* group = conf.pass->choose(r);
    if (!group)
        return reply(500);
    auto* request = r.arena().make<UwsgiRequest>(conf);
    if (!request->collect(r))
        return reply(500);
    return upstream::run_exchange(r, *group, *conf.rules, *request, *conf.common.request_buffering);
}

// The length stands in the head (CONTENT_LENGTH).
Task<Rc> store_and_forward(Request& r)
{
    http::BodyRead stored = co_await r.body.store(r);
    if (!stored.good())
        co_return reply(http::BodyReader::status_of(stored));
    co_return co_await forward(r);
}

Task<Rc> handle(Request& r)
{
    bool chunked = r.body.framing().kind == http::Framing::chunked;
    if (chunked && !r.body.stored() && r.body.untouched())
        return store_and_forward(r);
    return forward(r);
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
