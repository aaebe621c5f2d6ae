// SPDX-License-Identifier: Apache-2.0
// The two heads of a proxied exchange: what the upstream is sent, what the client gets.
#include <algorithm>

#include "core/base/bytes.h"
#include "core/buf/writer.h"
#include "core/http/uri.h"
#include "modules/proxy/proxy_conf.h"

namespace sluice::proxy {

using http::Header;
using http::HeaderId;

upstream::Group* ProxiedRequest::choose_group(Request& r)
{
    has_method_ = conf_.method.is_set();
    method_ = has_method_ ? http::escape_uri(conf_.method->eval(r), http::Escape::target, r.arena())
                          : r.method;
    method_id_ = has_method_ ? http::method_id(method_) : r.method_id;
    if (conf_.set_body.is_set()) {
        has_body_ = true;
        body_ = conf_.set_body->eval(r);
    } else if (!*conf_.common.pass_request_body) {
        has_body_ = true;
    }
    if (pass_.group) {
        authority_ = pass_.authority;
        tls_ = pass_.tls;
        return group_ = pass_.group;
    }
    std::string_view url = pass_.url.eval(r);
    tls_ = istarts_with(url, "https://");
    if (!tls_ && !istarts_with(url, "http://")) {
        r.log(Level::error, "invalid URL prefix in \"{}\"", url);
        return nullptr;
    }
    std::string_view rest = url.substr(tls_ ? 8 : 7);
    size_t end = rest.starts_with("unix:") ? rest.find(':', 5) : rest.find_first_of("/?");
    authority_ = rest.substr(0, end);
    if (end != std::string_view::npos)
        uri_ = rest.substr(rest.starts_with("unix:") ? end + 1 : end);
    group_ =
        upstream::Groups::of(r.main()).dynamic(authority_, default_port(), r.location->resolver);
    if (!group_)
        r.log(Level::error, "invalid upstream address in \"{}\"", url);
    return group_;
}

// What stands in the request line, by proxy_pass's rules.
std::string_view ProxiedRequest::target(Request& r)
{
    Arena& arena = r.arena();
    if (!uri_.empty()) {  // from variables: as it is, but it cannot leave its line
        std::string_view uri = http::escape_uri(uri_, http::Escape::target, arena);
        return uri.front() == '?' ? arena.concat("/", uri) : uri;
    }
    if (pass_.uri.empty() && !r.uri_changed)
        return r.unparsed_uri;
    // A redirect may have made them of a decoded URI: they cannot leave the line either.
    std::string_view args = http::escape_uri(r.args, http::Escape::target, arena);
    std::string_view question = r.has_args && !args.empty() ? "?" : "";
    if (pass_.uri.empty())
        return arena.concat(http::escape_uri(r.uri, http::Escape::uri, arena), question, args);
    // The part of the URI that the location's name matched is replaced.
    std::string_view rest = r.uri;
    if (rest.starts_with(r.location->name))
        rest.remove_prefix(r.location->name.size());
    return arena.concat(pass_.uri, http::escape_uri(rest, http::Escape::uri, arena), question,
                        args);
}

// What proxy_set_header says.
void ProxiedRequest::write_lines(Request& r, buf::Writer& w)
{
    for (const HeaderLine& line : conf_.compiled->lines) {
        std::string_view value = line.id == HeaderId::host && line.value.empty()
                                     ? authority_.starts_with("unix:") ? "localhost" : authority_
                                     : line.value.eval(r);
        if (value.empty())
            continue;
        if (line.id == HeaderId::upgrade) {
            // Behind a change to HTTP/2 nobody would see the requests any more: only on purpose.
            if (istarts_with(value, "h2") && !conf_.upgrade->has(value))
                continue;
            asked_upgrade_ = true;
        }
        if (line.id == HeaderId::connection && list_has(value, "close"))
            wire_->last = true;
        w.field(line.name, http::one_line(value, r.arena()));
    }
}

// A client's wish for another protocol, as far as proxy_upgrade lists it.
void ProxiedRequest::write_upgrade(Request& r, buf::Writer& w)
{
    std::string_view wished = r.head.headers.value(HeaderId::upgrade), protocol, names;
    while (next_element(wished, protocol))
        if (conf_.upgrade->has(protocol))
            names = names.empty() ? protocol : r.arena().concat(names, ", ", protocol);
    if (names.empty())
        return;
    asked_upgrade_ = true;
    w << "Connection: upgrade\r\n";
    w.field("Upgrade", names);
}

void ProxiedRequest::write_head(Request& r, const upstream::Peer&, buf::Buffer& to)
{
    const Compiled& compiled = *conf_.compiled;
    bool http11 = *conf_.http_version == HttpVersion::v11;
    buf::Writer w(to);
    w << method_ << " " << target(r) << (http11 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
    asked_upgrade_ = false;
    wire_->chunked = chunked_body(r);
    write_lines(r, w);
    if (r.head.upgrade && compiled.upgrades && !r.parent)
        write_upgrade(r, w);
    http::Framing framing = r.body.framing();
    uint64_t size = has_body_         ? body_.size()
                    : r.body.stored() ? r.body.stored_size()
                                      : framing.size;
    bool has_length = has_body_ ? conf_.set_body.is_set()
                                : framing.kind == http::Framing::length ||
                                      (framing.kind == http::Framing::chunked && !chunked_body(r));
    if (has_length)
        w << "Content-Length: " << size << "\r\n";
    else if (chunked_body(r))
        w << "Transfer-Encoding: chunked\r\n";
    if (*conf_.common.pass_request_headers)
        for (const Header& h : r.head.headers)
            if (!compiled.replaced.has(h) && !http::is_nominated(r.head.headers, h.name))
                w.field(h.name, h.value);
    w << "\r\n";
}

const std::string_view* ProxiedRequest::own_body(Request&)
{
    return has_body_ ? &body_ : nullptr;
}

bool ProxiedRequest::chunked_body(Request& r) const
{
    return !has_body_ && r.body.framing().kind == http::Framing::chunked && !r.body.stored();
}

http::Method ProxiedRequest::method(Request&)
{
    return method_id_;
}

std::string_view ProxiedRequest::url(Request& r, const upstream::Peer& peer)
{
    return r.arena().concat(tls_ ? "https://" : "http://", peer.name,
                            peer.address.is_unix() ? ":" : "", target(r));
}

// proxy_ssl_name, or the host that proxy_pass names, without port and brackets.
const upstream::TlsTarget* ProxiedRequest::tls(Request& r)
{
    if (!tls_)
        return nullptr;
    target_.secure = conf_.compiled->secure.get();
    std::string_view name = conf_.ssl.name.is_set() ? conf_.ssl.name->eval(r) : authority_;
    target_.name = tls::without_port(name);
    return &target_;
}

// Refresh: 5; url=/there
std::string_view ProxiedRequest::rewrite_refresh(Request& r, std::string_view value) const
{
    size_t url = value.find("url=");
    if (url == std::string_view::npos)
        return value;
    auto rewritten = apply_redirects(r, conf_, pass_, value.substr(url + 4));
    return rewritten ? r.arena().concat(value.substr(0, url + 4), *rewritten) : value;
}

std::string_view ProxiedRequest::rewrite_field(Request& r, const Header& h)
{
    if (h.id == HeaderId::set_cookie)
        return http::one_line(rewrite_cookie(r, conf_, h.value), r.arena());
    if (h.id == HeaderId::refresh)
        return http::one_line(rewrite_refresh(r, h.value), r.arena());
    auto rewritten = apply_redirects(r, conf_, pass_, h.value);
    return rewritten ? r.redirect_target(*rewritten) : h.value;
}

}  // namespace sluice::proxy
