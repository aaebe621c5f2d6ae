// SPDX-License-Identifier: Apache-2.0
// proxy: forwards requests to HTTP/1 servers. Here: directives and the content handler.
#include "core/base/bytes.h"
#include "modules/proxy/proxy_conf.h"

namespace sluice::proxy {
namespace {

using conf::ignored;

Task<Rc> handle(Request& r)
{
    const Conf& conf = r.conf<Conf>(module);
    ProxiedRequest* proxied = r.arena().make<ProxiedRequest>(conf, *conf.pass);
    r.slot<ProxiedRequest>(module) = proxied;
    if (!proxied->choose_group(r))
        return reply(500);
    // HTTP/1.0 has no chunks: the length must be known.
    bool needs_length =
        r.body.framing().kind == http::Framing::chunked && *conf.http_version == HttpVersion::v10;
    return upstream::run_exchange(r, proxied->group(), conf.compiled->rules, *proxied,
                                  *conf.common.request_buffering || needs_length);
}

void set_pass(Apply& apply, Conf& conf)
{
    http::HttpBlock& block = http::http_block(apply);
    if (conf.pass)
        return apply.fail_directive("is duplicate");
    auto pass = std::make_shared<Pass>();
    pass->pos = apply.node.args[0].pos;
    pass->text = apply.arg(0);
    if (!http::parse(apply, 0, pass->url))
        return;
    if (pass->url.is_constant()) {
        std::string_view text = pass->text;
        pass->tls = istarts_with(text, "https://");
        if (!pass->tls && !istarts_with(text, "http://"))
            return apply.fail_at(0, "invalid URL prefix",
                                 text.find("://") == text.npos
                                     ? "write the scheme: proxy_pass http://" + std::string(text)
                                     : "it begins with http:// or https://");
        text.remove_prefix(pass->tls ? 8 : 7);
        size_t from = 0;
        if (text.starts_with("unix:")) {
            size_t colon = text.find(':', 5);
            from = colon == std::string_view::npos ? text.size() : colon;
            pass->authority = text.substr(0, from);
            pass->uri = from < text.size() ? text.substr(from + 1) : "";
        } else {
            from = text.find_first_of("/?");
            pass->authority = text.substr(0, from);
            pass->uri = from == std::string_view::npos ? "" : text.substr(from);
            if (pass->uri.starts_with('?'))
                pass->uri.insert(0, "/");
        }
        if (pass->authority.empty())
            return apply.fail_at(0, "no host in upstream \"" + std::string(text) + "\"");
        pass->base = pass->text;
        bool no_prefix = block.location.kind == http::Location::regex ||
                         block.location.kind == http::Location::named;
        if (!pass->uri.empty() && no_prefix)
            return apply.fail(
                "\"proxy_pass\" cannot have URI part in location given by regular expression, or "
                "inside "
                "named location, or inside \"if\" statement, or inside \"limit_except\" block");
    }
    conf.pass = pass;
    block.location.set_content(apply, handle);
    block.location.auto_redirect =
        !block.location.name.empty() && block.location.name.back() == '/';
}

constexpr std::array own_directives{
    Directive{"proxy_pass", in_location, 1, 1, call<set_pass>},
    Directive{"proxy_set_header", everywhere, 2, 2, store<&Conf::set_header>},
    Directive{"proxy_set_body", everywhere, 1, 1, store<&Conf::set_body>},
    Directive{"proxy_method", everywhere, 1, 1, store<&Conf::method>},
    Directive{"proxy_http_version", everywhere, 1, 1, store<&Conf::http_version>},
    Directive{"proxy_redirect", everywhere, 1, 2, store<&Conf::redirect>},
    Directive{"proxy_cookie_domain", everywhere, 1, 2, store<&Conf::cookie_domain>},
    Directive{"proxy_cookie_path", everywhere, 1, 2, store<&Conf::cookie_path>},
    Directive{"proxy_cookie_flags", everywhere, 1, 4, store<&Conf::cookie_flags>},
    Directive{"proxy_upgrade", everywhere, 1, any, store<&Conf::upgrade>},
    Directive{"proxy_pass_trailers", everywhere, 1, 1, store<&Conf::pass_trailers>},
    // Sizing of nginx's hashes: sluice has none here.
    Directive{"proxy_headers_hash_max_size", everywhere, 1, 1, ignored},
    Directive{"proxy_headers_hash_bucket_size", everywhere, 1, 1, ignored},
};

constexpr std::array directives = upstream::join(
    own_directives, upstream::connection_rows<"proxy_", &Conf::common>,
    upstream::response_rows<"proxy_", &Conf::common>, tls::ssl_rows<"proxy_", &Conf::ssl>);

constexpr conf::ConfType conf_type =
    conf_of<Conf, &Conf::pass, &Conf::set_header, &Conf::set_body, &Conf::method,
            &Conf::http_version, &Conf::redirect, &Conf::cookie_domain, &Conf::cookie_path,
            &Conf::cookie_flags, &Conf::upgrade, &Conf::pass_trailers, &Conf::common, &Conf::ssl,
            &Conf::compiled>;

// ---- compiling ----------------------------------------------------------------------------------

void compile_request_lines(const Conf& conf, Compiled& out)
{
    using http::HeaderId;
    bool host = false, connection = false, upgrade = false;
    for (const HeaderLine& line : *conf.set_header) {
        host = host || line.id == HeaderId::host;
        // An empty Connection is for keeping connections, and what we do anyway.
        connection = connection || (line.id == HeaderId::connection && !line.value.empty());
        upgrade = upgrade || line.id == HeaderId::upgrade;
        out.replaced.add(line.name);
        if (line.value.empty() || line.id == HeaderId::content_length ||
            line.id == HeaderId::transfer_encoding)
            continue;  // lengths are the codec's business alone
        out.lines.push_back(line);
    }
    if (!host)
        out.lines.insert(out.lines.begin(),
                         HeaderLine{"Host", HeaderId::host, Template()});  // $proxy_host
    bool http11 = *conf.http_version == HttpVersion::v11;
    out.upgrades = http11 && !connection && !upgrade;
    if (!connection && !http11)
        out.lines.push_back(HeaderLine{"Connection", HeaderId::connection, Template("close")});
    // RFC 9110 7.6.1, and what this hop has dealt with.
    for (HeaderId id : {HeaderId::host, HeaderId::connection, HeaderId::content_length,
                        HeaderId::transfer_encoding, HeaderId::keep_alive, HeaderId::te,
                        HeaderId::expect, HeaderId::upgrade, HeaderId::proxy_connection})
        out.replaced.add(id);
}

void finish_location(Finish& finish, void* object)
{
    Conf& conf = *static_cast<Conf*>(object);
    if (!conf.pass)
        return;
    auto compiled = std::make_shared<Compiled>();
    static constexpr std::string_view hidden[] = {"Date", "Server", "X-Pad"};
    compiled->rules =
        upstream::compile_rules(finish, conf.common, "proxy_", conf.pass->pos, hidden);
    compiled->rules.keepalive = *conf.http_version == HttpVersion::v11;
    compiled->rules.pass_trailers = *conf.pass_trailers;
    compile_request_lines(conf, *compiled);
    conf.compiled = compiled;
    bool constant = conf.pass->url.is_constant();
    if (conf.pass->tls || !constant)
        compiled->secure = tls::make_secure(conf.ssl, finish, conf.pass->pos, "proxy_");
    if (conf.pass->tls)
        tls::warn_if_unverified(*compiled->secure, finish, conf.pass->pos, conf.pass->text,
                                "proxy_");
    if (!constant)
        return;
    upstream::Groups& groups = upstream::Groups::of(finish.main);
    conf.pass->group = groups.find(conf.pass->authority);
    if (!conf.pass->group)
        conf.pass->group = &groups.implicit(conf.pass->authority, conf.pass->tls ? 443 : 80, finish,
                                            conf.pass->pos);
    bool own_name = conf.ssl.name.is_set() && conf.ssl.name->is_constant();
    std::string_view name = own_name ? conf.ssl.name->literal() : conf.pass->authority;
    groups.bind(*finish.location,
                {conf.pass->group, true, compiled->secure, std::string(tls::without_port(name))});
}

const ProxiedRequest* proxied(Request& r)
{
    return r.slot<ProxiedRequest>(module);
}

http::Value proxy_host(Request& r, const void*)
{
    const ProxiedRequest* p = proxied(r);
    return p ? http::Value(p->authority()) : std::nullopt;
}

http::Value proxy_port(Request& r, const void*)
{
    const ProxiedRequest* p = proxied(r);
    std::string host;
    uint16_t port = 80;
    if (!p || !upstream::split_host_port(p->authority(), p->default_port(), host, port))
        return std::nullopt;
    fmt::format_int text(port);
    return r.arena().copy({text.data(), text.size()});
}

http::Value add_x_forwarded_for(Request& r, const void*)
{
    std::string_view before;
    for (const http::Header& h : r.head.headers)
        if (h.id == http::HeaderId::x_forwarded_for)
            before = before.empty() ? h.value : r.arena().concat(before, ", ", h.value);
    std::string_view peer = r.c.peer_host();
    return before.empty() ? peer : r.arena().concat(before, ", ", peer);
}

void install(Install& in)
{
    http::Variables& v = in.main.variables;
    v.define("proxy_host", proxy_host, nullptr, true);
    v.define("proxy_port", proxy_port, nullptr, true);
    v.define("proxy_add_x_forwarded_for", add_x_forwarded_for);
}

}  // namespace

const Module module{
    .name = "proxy",
    .directives = directives,
    .location_conf = &conf_type,
    .install = install,
    .finish_location = finish_location,
};

// ---- values -------------------------------------------------------------------------------------

bool parse(Apply& apply, size_t arg, HeaderLine& out)
{
    out.name = apply.arg(arg);
    out.id = http::header_id(out.name);
    return http::parse(apply, arg + 1, out.value);
}

std::span<const std::pair<std::string_view, HttpVersion>> enum_names(HttpVersion*)
{
    static constexpr std::pair<std::string_view, HttpVersion> names[] = {{"1.0", HttpVersion::v10},
                                                                         {"1.1", HttpVersion::v11}};
    return names;
}

bool Upgrades::has(std::string_view protocol) const
{
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& n) { return iequals(n, protocol); });
}

bool parse(Apply& apply, size_t arg, Upgrades& out)
{
    out.names.clear();
    for (size_t i = arg; i < apply.size(); ++i)
        out.names.push_back(lower(apply.arg(i)));
    if (out.names.size() == 1 && out.names[0] == "off")
        out.names.clear();
    return true;
}

}  // namespace sluice::proxy
