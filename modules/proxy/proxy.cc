// SPDX-License-Identifier: Apache-2.0
// proxy: forwards requests to HTTP/1 servers. Here: directives and the content handler.
#include "core/base/bytes.h"
#include "modules/proxy/proxy_conf.h"

namespace sluice::proxy {
namespace {

using conf::ignored;

Task<Rc> forward(Request& r, ProxiedRequest& proxied)
{
    auto* exchange = r.arena().make<upstream::Exchange>(
        proxied.group(), r.conf<Conf>(module).compiled->rules, proxied);
    return exchange->run(r);
}

Task<Rc> store_and_forward(Request& r, ProxiedRequest& proxied)
{
    http::BodyRead stored = co_await r.body.store(r);
    if (!stored.good())
        co_return reply(http::BodyReader::status_of(stored));
    co_return co_await forward(r, proxied);
}

Task<Rc> handle(Request& r)
{
    const Conf& conf = r.conf<Conf>(module);
    ProxiedRequest* proxied = r.arena().make<ProxiedRequest>(conf, *conf.pass);
    r.slot<ProxiedRequest>(module) = proxied;
    if (!proxied->choose_group(r))
        return reply(500);
    bool own = conf.set_body.is_set() || !*conf.pass_request_body;
    if (!own && !r.body.stored() && !r.body.untouched()) {
        // A location before this one streamed it. A head that promises the body must not go without
        // it.
        r.log(Level::error, "the request body has been sent already, it cannot be sent again");
        return reply(502);
    }
    // HTTP/1.0 has no chunks: the length must be known.
    bool needs_length =
        r.body.framing().kind == http::Framing::chunked && *conf.http_version == HttpVersion::v10;
    if ((*conf.request_buffering || needs_length) && !r.body.absent() && !r.body.stored())
        return store_and_forward(r, *proxied);
    return forward(r, *proxied);
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
            return apply.fail_at(0, "invalid URL prefix");
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

template <auto Member>
void set_ssl(Apply& apply, Conf& conf)
{
    conf::detail::store_value(apply, conf.ssl.*Member);
}

constexpr Directive directives[] = {
    {"proxy_pass", in_location, 1, 1, call<set_pass>},
    {"proxy_set_header", everywhere, 2, 2, store<&Conf::set_header>},
    {"proxy_hide_header", everywhere, 1, 1, store<&Conf::hide_header>},
    {"proxy_pass_header", everywhere, 1, 1, store<&Conf::pass_header>},
    {"proxy_set_body", everywhere, 1, 1, store<&Conf::set_body>},
    {"proxy_method", everywhere, 1, 1, store<&Conf::method>},
    {"proxy_http_version", everywhere, 1, 1, store<&Conf::http_version>},
    {"proxy_connect_timeout", everywhere, 1, 1, store<&Conf::connect_timeout>},
    {"proxy_send_timeout", everywhere, 1, 1, store<&Conf::send_timeout>},
    {"proxy_read_timeout", everywhere, 1, 1, store<&Conf::read_timeout>},
    {"proxy_redirect", everywhere, 1, 2, store<&Conf::redirect>},
    {"proxy_request_buffering", everywhere, 1, 1, store<&Conf::request_buffering>},
    {"proxy_buffering", everywhere, 1, 1, store<&Conf::buffering>},
    {"proxy_buffer_size", everywhere, 1, 1, store<&Conf::buffer_size>},
    {"proxy_buffers", everywhere, 2, 2, store<&Conf::buffers>},
    {"proxy_ignore_client_abort", everywhere, 1, 1, store<&Conf::ignore_client_abort>},
    {"proxy_next_upstream", everywhere, 1, any, store<&Conf::next_upstream>},
    {"proxy_next_upstream_tries", everywhere, 1, 1, store<&Conf::next_upstream_tries>},
    {"proxy_next_upstream_timeout", everywhere, 1, 1, store<&Conf::next_upstream_timeout>},
    {"proxy_hold", everywhere, 1, 1, store<&Conf::hold>},
    {"proxy_pass_request_headers", everywhere, 1, 1, store<&Conf::pass_request_headers>},
    {"proxy_pass_request_body", everywhere, 1, 1, store<&Conf::pass_request_body>},
    {"proxy_intercept_errors", everywhere, 1, 1, store<&Conf::intercept_errors>},
    {"proxy_ssl", everywhere, 1, 1, call<set_ssl<&SslConf::mode>>},
    {"proxy_ssl_server_name", everywhere, 1, 1, call<set_ssl<&SslConf::server_name>>},
    {"proxy_ssl_name", everywhere, 1, 1, call<set_ssl<&SslConf::name>>},
    {"proxy_ssl_verify", everywhere, 1, 1, call<set_ssl<&SslConf::verify>>},
    {"proxy_ssl_verify_depth", everywhere, 1, 1, call<set_ssl<&SslConf::verify_depth>>},
    {"proxy_ssl_trusted_certificate", everywhere, 1, 1,
     call<set_ssl<&SslConf::trusted_certificate>>},
    {"proxy_ssl_crl", everywhere, 1, 1, call<set_ssl<&SslConf::crl>>},
    {"proxy_ssl_certificate", everywhere, 1, 1, call<set_ssl<&SslConf::certificate>>},
    {"proxy_ssl_certificate_key", everywhere, 1, 1, call<set_ssl<&SslConf::certificate_key>>},
    {"proxy_ssl_password_file", everywhere, 1, 1, call<set_ssl<&SslConf::password_file>>},
    {"proxy_ssl_session_reuse", everywhere, 1, 1, call<set_ssl<&SslConf::session_reuse>>},
    {"proxy_ssl_protocols", everywhere, 1, any, call<set_ssl<&SslConf::protocols>>},
    {"proxy_ssl_ciphers", everywhere, 1, 1, call<set_ssl<&SslConf::ciphers>>},
    {"proxy_ssl_conf_command", everywhere, 2, 2, call<set_ssl<&SslConf::conf_command>>},
    // Sizing of nginx's buffers and files that sluice does not have.
    {"proxy_busy_buffers_size", everywhere, 1, 1, ignored},
    {"proxy_temp_path", everywhere, 1, 4, ignored},
    {"proxy_max_temp_file_size", everywhere, 1, 1, ignored},
    {"proxy_temp_file_write_size", everywhere, 1, 1, ignored},
    {"proxy_headers_hash_max_size", everywhere, 1, 1, ignored},
    {"proxy_headers_hash_bucket_size", everywhere, 1, 1, ignored},
    // The paths of modules that are not there: configurations name them all the same.
    {"fastcgi_temp_path", everywhere, 1, 4, ignored},
    {"uwsgi_temp_path", everywhere, 1, 4, ignored},
    {"scgi_temp_path", everywhere, 1, 4, ignored},
};

constexpr conf::ConfType conf_type =
    conf_of<Conf, &Conf::pass, &Conf::set_header, &Conf::hide_header, &Conf::pass_header,
            &Conf::set_body, &Conf::method, &Conf::http_version, &Conf::connect_timeout,
            &Conf::send_timeout, &Conf::read_timeout, &Conf::redirect, &Conf::request_buffering,
            &Conf::buffering, &Conf::buffer_size, &Conf::buffers, &Conf::ignore_client_abort,
            &Conf::next_upstream, &Conf::next_upstream_tries, &Conf::next_upstream_timeout,
            &Conf::hold,
            &Conf::pass_request_headers, &Conf::pass_request_body, &Conf::intercept_errors,
            &Conf::ssl, &Conf::compiled>;

// ---- compiling ----------------------------------------------------------------------------------

void note_name(const std::string& name, uint64_t& ids, std::vector<std::string>& names)
{
    http::HeaderId id = http::header_id(name);
    if (id == http::HeaderId::other)
        names.push_back(lower(name));
    else
        ids |= bit(id);
}

upstream::Rules compile_rules(const Conf& conf)
{
    upstream::Rules rules;
    rules.connect_timeout = *conf.connect_timeout;
    rules.send_timeout = *conf.send_timeout;
    rules.read_timeout = *conf.read_timeout;
    rules.next_upstream = conf.next_upstream->mask;
    rules.next_tries = *conf.next_upstream_tries;
    rules.next_timeout_total = *conf.next_upstream_timeout;
    rules.hold = *conf.hold;
    rules.head_limit = conf.buffer_size->n;
    if (conf.buffers.is_set())
        rules.buffer_limit =
            std::max(conf.buffers->count * conf.buffers->size, conf.buffer_size->n);
    rules.ignore_client_abort = *conf.ignore_client_abort;
    rules.keepalive = *conf.http_version == HttpVersion::v11;
    return rules;
}

void compile_request_lines(const Conf& conf, Compiled& out)
{
    using http::HeaderId;
    bool host = false, connection = false;
    for (const HeaderLine& line : *conf.set_header) {
        host = host || line.id == HeaderId::host;
        connection = connection || line.id == HeaderId::connection;
        note_name(line.name, out.replaced_ids, out.replaced_names);
        if (line.value.empty() || line.id == HeaderId::content_length ||
            line.id == HeaderId::transfer_encoding)
            continue;  // lengths are the codec's business alone
        out.lines.push_back(line);
    }
    if (!host)
        out.lines.insert(out.lines.begin(),
                         HeaderLine{"Host", HeaderId::host, Template()});  // $proxy_host
    if (!connection && *conf.http_version == HttpVersion::v10)
        out.lines.push_back(HeaderLine{"Connection", HeaderId::connection, Template("close")});
    // RFC 9110 7.6.1, and what this hop has dealt with.
    for (HeaderId id : {HeaderId::host, HeaderId::connection, HeaderId::content_length,
                        HeaderId::transfer_encoding, HeaderId::keep_alive, HeaderId::te,
                        HeaderId::expect, HeaderId::upgrade, HeaderId::proxy_connection})
        out.replaced_ids |= bit(id);
}

void compile_response_fields(const Conf& conf, Compiled& out)
{
    using http::HeaderId;
    for (HeaderId id :
         {HeaderId::date, HeaderId::server, HeaderId::x_accel_redirect, HeaderId::x_accel_expires,
          HeaderId::x_accel_limit_rate, HeaderId::x_accel_charset, HeaderId::x_accel_buffering})
        out.hidden_ids |= bit(id);
    out.hidden_names.push_back("x-pad");
    for (const std::string& name : *conf.hide_header)
        note_name(name, out.hidden_ids, out.hidden_names);
    for (const std::string& name : *conf.pass_header) {
        out.hidden_ids &=
            ~(http::header_id(name) == HeaderId::other ? 0 : bit(http::header_id(name)));
        std::erase(out.hidden_names, lower(name));
    }
    out.pass_server = !(out.hidden_ids & bit(HeaderId::server));
    out.pass_date = !(out.hidden_ids & bit(HeaderId::date));
    for (HeaderId id : {HeaderId::connection, HeaderId::keep_alive, HeaderId::transfer_encoding,
                        HeaderId::content_length, HeaderId::proxy_connection, HeaderId::te})
        out.hidden_ids |= bit(id);
}

void finish_location(Finish& finish, void* object)
{
    Conf& conf = *static_cast<Conf*>(object);
    if (!conf.pass)
        return;
    auto compiled = std::make_shared<Compiled>();
    compiled->rules = compile_rules(conf);
    compile_request_lines(conf, *compiled);
    compile_response_fields(conf, *compiled);
    conf.compiled = compiled;
    bool constant = conf.pass->url.is_constant();
    if (conf.pass->tls || !constant)
        compiled->secure = make_secure(conf.ssl, finish, conf.pass->pos);
    if (conf.pass->tls && !compiled->secure->verifies)
        finish.diag.warn(
            conf.pass->pos, "upstream-not-verified",
            fmt::format("the certificate of \"{}\" is not verified: anybody on the way "
                        "can answer in its place (\"proxy_ssl auto\" verifies it)",
                        conf.pass->text));
    if (!constant)
        return;
    upstream::Groups& groups = upstream::Groups::of(finish.main);
    conf.pass->group = groups.find(conf.pass->authority);
    if (!conf.pass->group)
        conf.pass->group = &groups.implicit(conf.pass->authority, conf.pass->tls ? 443 : 80,
                                            finish.diag, conf.pass->pos);
    groups.bind(*finish.location, *conf.pass->group);
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

bool parse(Apply& apply, size_t arg, NextConditions& out)
{
    static constexpr std::pair<std::string_view, uint32_t> names[] = {
        {"error", upstream::next_error},
        {"timeout", upstream::next_timeout},
        {"invalid_header", upstream::next_invalid_header},
        {"http_500", upstream::next_http_500},
        {"http_502", upstream::next_http_502},
        {"http_503", upstream::next_http_503},
        {"http_504", upstream::next_http_504},
        {"http_403", upstream::next_http_403},
        {"http_404", upstream::next_http_404},
        {"http_429", upstream::next_http_429},
        {"non_idempotent", upstream::next_non_idempotent},
        {"off", upstream::next_off},
        {"updating", 0}};
    out.mask = 0;
    for (size_t i = arg; i < apply.size(); ++i) {
        auto it = std::find_if(std::begin(names), std::end(names),
                               [&](const auto& n) { return n.first == apply.arg(i); });
        if (it == std::end(names)) {
            apply.fail_at(i, fmt::format("invalid value \"{}\"", apply.arg(i)));
            return false;
        }
        out.mask |= it->second;
    }
    return true;
}

bool parse(Apply& apply, size_t arg, BufferCount& out)
{
    Size size;
    if (!conf::parse(apply, arg, out.count) || !conf::parse(apply, arg + 1, size))
        return false;
    out.size = size.n;
    return true;
}

}  // namespace sluice::proxy
