// SPDX-License-Identifier: Apache-2.0
// scgi: forwards requests to SCGI programs.
#include "core/upstream/cgi_request.h"
#include "core/upstream/target.h"

namespace sluice::scgi {

extern const Module module;

namespace {

struct Conf {
    std::shared_ptr<upstream::Target> pass;  // not inherited: it belongs to its location
    Setting<std::vector<upstream::Param>> params;
    upstream::Settings common;
    std::shared_ptr<const upstream::Rules> rules;
};

class ScgiRequest final : public upstream::CgiRequest
{
public:
    explicit ScgiRequest(const Conf& conf) : CgiRequest("scgi", conf.common), conf_(conf) {}
    void write_head(Request& r, const upstream::Peer& peer, buf::Buffer& to) override;
    upstream::Wire& wire(Request& r) override { return *r.arena().make<upstream::CgiWire>(); }

private:
    const Conf& conf_;
};

// A netstring of NAME NUL VALUE NUL pairs, CONTENT_LENGTH first; the body follows it.
void ScgiRequest::write_head(Request& r, const upstream::Peer&, buf::Buffer& to)
{
    constexpr std::string_view nul("\0", 1);
    uint64_t length = 0;
    if (sends_body(r))
        length = r.body.stored() ? r.body.stored_size() : r.body.framing().size;
    buf::Buffer params(2048);
    buf::Writer p(params);
    p << "CONTENT_LENGTH" << nul << length << nul;
    upstream::each_param(r, *conf_.params, sends_fields(),
                         [&](std::string_view name, std::string_view value) {
                             if (name != "CONTENT_LENGTH")
                                 p << name << nul << value << nul;
                         });
    buf::Writer(to) << params.size() << ":" << params.view() << ",";
}

Task<Rc> handle(Request& r)
{
    const Conf& conf = r.conf<Conf>(module);
    upstream::Group* group = conf.pass->choose(r);
    if (!group)
        return reply(500);
    // The length stands in the head.
    bool needs_length = r.body.framing().kind == http::Framing::chunked;
    return upstream::run_exchange(r, *group, *conf.rules, *r.arena().make<ScgiRequest>(conf),
                                  *conf.common.request_buffering || needs_length);
}

void set_pass(Apply& apply, Conf& conf)
{
    upstream::set_target(apply, conf.pass, handle);
}

constexpr std::array own_directives{
    Directive{"scgi_pass", in_location | conf::in_if_location, 1, 1, call<set_pass>},
    Directive{"scgi_param", everywhere, 2, 3, store<&Conf::params>},
};

constexpr std::array directives =
    upstream::join(own_directives, upstream::connection_rows<"scgi_", &Conf::common>,
                   upstream::response_rows<"scgi_", &Conf::common>);

constexpr conf::ConfType conf_type =
    conf_of<Conf, &Conf::pass, &Conf::params, &Conf::common, &Conf::rules>;

void finish_location(http::Finish& finish, void* object)
{
    Conf& conf = *static_cast<Conf*>(object);
    conf.rules = upstream::finish_cgi(finish, conf.pass.get(), conf.common, "scgi_", false);
}

}  // namespace

const Module module{
    .name = "scgi",
    .directives = directives,
    .location_conf = &conf_type,
    .finish_location = finish_location,
};

}  // namespace sluice::scgi
