// SPDX-License-Identifier: Apache-2.0
// memcached: answers with what a memcached server has under $memcached_key.
#include "core/buf/writer.h"
#include "core/upstream/exchange.h"
#include "core/upstream/settings.h"
#include "core/upstream/target.h"
#include "modules/memcached/wire.h"

namespace sluice::memcached {

extern const Module module;

namespace {

struct Conf {
    std::shared_ptr<upstream::Target> pass;  // not inherited: it belongs to its location
    size_t key = 0;                          // the index of $memcached_key
    Setting<uint32_t> gzip_flag{0};
    upstream::Settings common;
    std::shared_ptr<const upstream::Rules> rules;
};

class MemcachedRequest final : public upstream::Forwarder
{
public:
    MemcachedRequest(std::string_view key, uint32_t gzip_flag) : key_(key), gzip_flag_(gzip_flag) {}
    void write_head(Request&, const upstream::Peer&, buf::Buffer& to) override
    {
        buf::Writer(to) << "get " << key_ << "\r\n";
    }
    const std::string_view* own_body(Request&) override { return &no_body_; }
    upstream::Wire& wire(Request& r) override { return *r.arena().make<Wire>(key_, gzip_flag_); }
    http::Method method(Request&) override { return http::Method::get; }
    std::string_view rewrite_field(Request&, const http::Header& h) override { return h.value; }
    bool asked_upgrade() const override { return false; }
    std::string_view url(Request& r, const upstream::Peer& peer) override
    {
        return r.arena().concat("memcached://", peer.name);
    }

private:
    std::string_view key_, no_body_;
    uint32_t gzip_flag_;
};

// No key may end its line: what is no printable character is percent-encoded, and so is '%'.
std::string_view escape_key(Request& r, std::string_view key)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    char* out = r.arena().chars(key.size() * 3);
    char* at = out;
    for (char c : key) {
        auto b = static_cast<unsigned char>(c);
        if (b > ' ' && b != 0x7f && b != '%') {
            *at++ = c;
            continue;
        }
        *at++ = '%';
        *at++ = digits[b >> 4];
        *at++ = digits[b & 15];
    }
    return {out, static_cast<size_t>(at - out)};
}

Task<Rc> handle(Request& r)
{
    const Conf& conf = r.conf<Conf>(module);
    if (r.method_id != http::Method::get && r.method_id != http::Method::head)
        return reply(405);
    std::string_view key = r.variables.get(r, conf.key).value_or(std::string_view{});
    if (key.empty()) {
        r.log(Level::error, "the \"$memcached_key\" variable is not set");
        return reply(500);
    }
    upstream::Group* group = conf.pass->choose(r);
    if (!group)
        return reply(500);
    auto* request = r.arena().make<MemcachedRequest>(escape_key(r, key), *conf.gzip_flag);
    return upstream::run_exchange(r, *group, *conf.rules, *request, false);
}

void set_pass(Apply& apply, Conf& conf)
{
    upstream::set_target(apply, conf.pass, handle);
    conf.key = http::http_block(apply).main.variables.use("memcached_key", apply.place(0));
}

constexpr std::array own_directives{
    Directive{"memcached_pass", in_location | conf::in_if_location, 1, 1, call<set_pass>},
    Directive{"memcached_gzip_flag", everywhere, 1, 1, store<&Conf::gzip_flag>},
};

constexpr std::array directives =
    upstream::join(own_directives, upstream::connection_rows<"memcached_", &Conf::common>);

constexpr conf::ConfType conf_type =
    conf_of<Conf, &Conf::pass, &Conf::key, &Conf::gzip_flag, &Conf::common, &Conf::rules>;

void finish_location(http::Finish& finish, void* object)
{
    Conf& conf = *static_cast<Conf*>(object);
    if (!conf.pass)
        return;
    auto rules = std::make_shared<upstream::Rules>(
        upstream::compile_rules(finish, conf.common, "memcached_", conf.pass->pos, {}));
    rules->intercept_errors = rules->intercept_404 = true;
    rules->buffering = false;  // values are small, and nobody waits for them
    conf.rules = rules;
    conf.pass->finish(finish);
}

}  // namespace

const Module module{
    .name = "memcached",
    .directives = directives,
    .location_conf = &conf_type,
    .finish_location = finish_location,
};

}  // namespace sluice::memcached
