// SPDX-License-Identifier: Apache-2.0
// fastcgi: forwards requests to FastCGI programs (php-fpm and its like).
#include "core/upstream/cgi_request.h"
#include "core/upstream/target.h"
#include "modules/fastcgi/wire.h"

namespace sluice::fastcgi {

extern const Module module;

namespace {

/// fastcgi_split_path_info: what of the URI is the script, what is behind it.
struct SplitPath {
    http::Regex pattern;
    bool is_set = false;
};

bool parse(Apply& apply, size_t arg, SplitPath& out)
{
    if (!http::compile_regex(apply, arg, 0, false, out.pattern))
        return false;
    if (out.pattern.groups() != 2) {
        apply.fail_at(arg, fmt::format("pattern \"{}\" must have 2 captures", apply.arg(arg)));
        return false;
    }
    return out.is_set = true;
}

struct Conf {
    std::shared_ptr<upstream::Target> pass;  // not inherited: it belongs to its location
    Setting<std::vector<upstream::Param>> params;
    Setting<std::string> index;
    Setting<SplitPath> split_path_info;
    Setting<std::vector<std::string>> catch_stderr;
    Setting<bool> keep_conn{false};
    upstream::Settings common;
    std::shared_ptr<const upstream::Rules> rules;
};

class FastcgiRequest final : public upstream::CgiRequest
{
public:
    explicit FastcgiRequest(const Conf& conf) : CgiRequest("fastcgi", conf.common), conf_(conf) {}
    void write_head(Request& r, const upstream::Peer& peer, buf::Buffer& to) override;
    upstream::Wire& wire(Request& r) override
    {
        return *(wire_ = r.arena().make<Wire>(*conf_.catch_stderr, *conf_.keep_conn));
    }

private:
    const Conf& conf_;
    Wire* wire_ = nullptr;
};

void write_length(buf::Writer& w, size_t n)
{
    char bytes[4] = {static_cast<char>(0x80 | n >> 24), static_cast<char>(n >> 16),
                     static_cast<char>(n >> 8), static_cast<char>(n)};
    w << (n < 128 ? std::string_view(bytes + 3, 1) : std::string_view(bytes, 4));
}

void write_record(buf::Writer& w, Type type, std::string_view content)
{
    char head[header_size];
    write_record_head(head, type, content.size());
    w << std::string_view(head, header_size) << content;
}

void FastcgiRequest::write_head(Request& r, const upstream::Peer& peer, buf::Buffer& to)
{
    wire_->set_peer(peer.name);
    constexpr char responder[8] = {0, 1, 0, 0, 0, 0, 0, 0};
    constexpr char responder_kept[8] = {0, 1, 1, 0, 0, 0, 0, 0};
    buf::Writer w(to);
    write_record(w, Type::begin_request,
                 {*conf_.keep_conn ? responder_kept : responder, sizeof responder});
    buf::Buffer params(2048);
    buf::Writer p(params);
    upstream::each_param(r, *conf_.params, sends_fields(),
                         [&](std::string_view name, std::string_view value) {
                             write_length(p, name.size());
                             write_length(p, value.size());
                             p << name << value;
                         });
    for (std::string_view rest = params.view(); !rest.empty();) {
        write_record(w, Type::params, rest.substr(0, max_content));
        rest.remove_prefix(std::min(rest.size(), max_content));
    }
    write_record(w, Type::params, {});
    if (!sends_body(r))
        write_record(w, Type::stdin_, {});
}

Task<Rc> handle(Request& r)
{
    const Conf& conf = r.conf<Conf>(module);
    upstream::Group* group = conf.pass->choose(r);
    if (!group)
        return reply(500);
    auto* request = r.arena().make<FastcgiRequest>(conf);
    return upstream::run_exchange(r, *group, *conf.rules, *request, *conf.common.request_buffering);
}

// ---- variables ----------------------------------------------------------------------------------

std::string_view with_index(Request& r, std::string_view path)
{
    return path.ends_with('/') ? r.arena().concat(path, *r.conf<Conf>(module).index) : path;
}

http::Value script_name(Request& r, const void*)
{
    const SplitPath& split = *r.conf<Conf>(module).split_path_info;
    http::Captures found;
    if (split.is_set && split.pattern.run(r.uri, &found) == http::Regex::match)
        return with_index(r, found.get(1));
    return with_index(r, r.uri);
}

http::Value path_info(Request& r, const void*)
{
    const SplitPath& split = *r.conf<Conf>(module).split_path_info;
    http::Captures found;
    if (split.is_set && split.pattern.run(r.uri, &found) == http::Regex::match)
        return found.get(2);
    return "";
}

// ---- directives ---------------------------------------------------------------------------------

void set_pass(Apply& apply, Conf& conf)
{
    upstream::set_target(apply, conf.pass, handle);
}

constexpr std::array own_directives{
    Directive{"fastcgi_pass", in_location | conf::in_if_location, 1, 1, call<set_pass>},
    Directive{"fastcgi_param", everywhere, 2, 3, store<&Conf::params>},
    Directive{"fastcgi_index", everywhere, 1, 1, store<&Conf::index>},
    Directive{"fastcgi_split_path_info", everywhere, 1, 1, store<&Conf::split_path_info>},
    Directive{"fastcgi_catch_stderr", everywhere, 1, 1, store<&Conf::catch_stderr>},
    Directive{"fastcgi_keep_conn", everywhere, 1, 1, store<&Conf::keep_conn>},
    Directive{"fastcgi_send_lowat", everywhere, 1, 1, conf::ignored},
};

constexpr std::array directives =
    upstream::join(own_directives, upstream::connection_rows<"fastcgi_", &Conf::common>,
                   upstream::response_rows<"fastcgi_", &Conf::common>);

constexpr conf::ConfType conf_type =
    conf_of<Conf, &Conf::pass, &Conf::params, &Conf::index, &Conf::split_path_info,
            &Conf::catch_stderr, &Conf::keep_conn, &Conf::common, &Conf::rules>;

void finish_location(http::Finish& finish, void* object)
{
    Conf& conf = *static_cast<Conf*>(object);
    conf.rules =
        upstream::finish_cgi(finish, conf.pass.get(), conf.common, "fastcgi_", *conf.keep_conn);
}

void install(Install& in)
{
    in.main.variables.define("fastcgi_script_name", script_name, nullptr, true);
    in.main.variables.define("fastcgi_path_info", path_info, nullptr, true);
}

}  // namespace

const Module module{
    .name = "fastcgi",
    .directives = directives,
    .location_conf = &conf_type,
    .install = install,
    .finish_location = finish_location,
};

}  // namespace sluice::fastcgi
