// SPDX-License-Identifier: Apache-2.0
// The two heads of a proxied exchange: what the upstream is sent, what the client gets.
#include <algorithm>

#include "core/base/bytes.h"
#include "core/buf/writer.h"
#include "core/http/uri.h"
#include "modules/proxy/proxy_conf.h"

namespace sluice::proxy {
namespace {

using http::Header;
using http::HeaderId;

bool is_one_of(std::string_view name, const std::vector<std::string>& names)
{
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& n) { return iequals(n, name); });
}

// A field that this message's own Connection names is meant for this hop only (RFC 9110 7.6.1).
bool is_nominated(const http::Headers& headers, std::string_view name)
{
    return headers.has(HeaderId::connection) &&
           http::has_token(headers, HeaderId::connection, name);
}

}  // namespace

upstream::Group* ProxiedRequest::choose_group(Request& r)
{
    has_method_ = conf_.method.is_set();
    method_ = has_method_ ? conf_.method->eval(r) : r.method;
    method_id_ = has_method_ ? http::method_id(method_) : r.method_id;
    if (conf_.set_body.is_set()) {
        has_body_ = true;
        body_ = conf_.set_body->eval(r);
    } else if (!*conf_.pass_request_body) {
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
    group_ = upstream::Groups::of(r.main()).dynamic(authority_, default_port());
    if (!group_)
        r.log(Level::error, "invalid upstream address in \"{}\"", url);
    return group_;
}

// What stands in the request line, by proxy_pass's rules.
std::string_view ProxiedRequest::target(Request& r)
{
    Arena& arena = r.arena();
    if (!uri_.empty())  // from variables: as it is
        return uri_.front() == '?' ? arena.concat("/", uri_) : uri_;
    std::string_view question = r.has_args && !r.args.empty() ? "?" : "";
    if (pass_.uri.empty()) {
        if (!r.uri_changed)
            return r.unparsed_uri;
        return arena.concat(http::escape_uri(r.uri, http::Escape::uri, arena), question, r.args);
    }
    // The part of the URI that the location's name matched is replaced.
    std::string_view rest = r.uri;
    if (rest.starts_with(r.location->name))
        rest.remove_prefix(r.location->name.size());
    return arena.concat(pass_.uri, http::escape_uri(rest, http::Escape::uri, arena), question,
                        r.args);
}

void ProxiedRequest::write_head(Request& r, const upstream::Peer&, buf::Buffer& to)
{
    const Compiled& compiled = *conf_.compiled;
    bool http11 = *conf_.http_version == HttpVersion::v11;
    buf::Writer w(to);
    w << method_ << " " << target(r) << (http11 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
    for (const HeaderLine& line : compiled.lines) {
        std::string_view value = line.id == HeaderId::host && line.value.empty()
                                     ? authority_.starts_with("unix:") ? "localhost" : authority_
                                     : line.value.eval(r);
        if (!value.empty())
            w.field(line.name, value);
    }
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
    if (*conf_.pass_request_headers)
        for (const Header& h : r.head.headers) {
            if (h.id == HeaderId::other ? is_one_of(h.name, compiled.replaced_names)
                                        : (compiled.replaced_ids & bit(h.id)) != 0)
                continue;
            if (!is_nominated(r.head.headers, h.name))
                w.field(h.name, h.value);
        }
    w << "\r\n";
}

const std::string_view* ProxiedRequest::own_body(Request&)
{
    return has_body_ ? &body_ : nullptr;
}

bool ProxiedRequest::chunked_body(Request& r)
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
    if (name.starts_with('[')) {
        name.remove_prefix(1);
        name = name.substr(0, name.find(']'));
    } else if (size_t colon = name.find(':'); colon == name.rfind(':')) {
        name = name.substr(0, colon);
    }
    target_.name = name;
    return &target_;
}

bool ProxiedRequest::passes_on(Request& r, const http::ResponseHead& head, const Header& h) const
{
    const Compiled& compiled = *conf_.compiled;
    if (h.id == HeaderId::other ? is_one_of(h.name, compiled.hidden_names)
                                : (compiled.hidden_ids & bit(h.id)) != 0)
        return false;
    if (h.id == HeaderId::upgrade)
        return head.upgrade;
    return !is_nominated(head.headers, h.name);
}

std::string_view ProxiedRequest::rewrite_redirect(Request& r, std::string_view value) const
{
    auto rewritten = apply_redirects(r, conf_, pass_, value);
    return rewritten ? r.redirect_target(*rewritten) : value;
}

// X-Accel-Redirect: another location answers; a few fields of this answer stay.
Rc ProxiedRequest::accel_redirect(Request& r, const http::ResponseHead& head,
                                  std::string_view target)
{
    r.out = http::Response{};
    for (const Header& h : head.headers) {
        if (h.id == HeaderId::content_type)
            r.out.content_type = h.value;
        else if (h.id == HeaderId::set_cookie || h.id == HeaderId::cache_control ||
                 h.id == HeaderId::expires || h.id == HeaderId::content_disposition)
            r.out.headers.add(r.arena(), h);
    }
    if (r.method_id != http::Method::head) {
        r.method = "GET";
        r.method_id = http::Method::get;
    }
    return target.starts_with('@') ? r.named_redirect(target) : r.internal_redirect(target);
}

Rc ProxiedRequest::read_head(Request& r, http::ResponseHead& head)
{
    if (*conf_.intercept_errors && head.status >= 300)
        for (const http::ErrorPage& page : *r.core().error_page)
            if (std::find(page.statuses.begin(), page.statuses.end(), head.status) !=
                page.statuses.end())
                return reply(head.status);
    if (const Header* to = head.headers.find(HeaderId::x_accel_redirect))
        return accel_redirect(r, head, to->value);
    for (const Header& h : head.headers) {
        if (!passes_on(r, head, h))
            continue;
        switch (h.id) {
        case HeaderId::content_type: r.out.content_type = h.value; break;
        case HeaderId::last_modified: r.out.last_modified_text = h.value; break;
        case HeaderId::server: r.out.server = h.value; break;
        case HeaderId::date: r.out.date = h.value; break;
        case HeaderId::location:
            r.out.headers.add(r.arena(), {h.name, rewrite_redirect(r, h.value), h.id});
            break;
        case HeaderId::refresh: {
            size_t url = h.value.find("url=");
            std::string_view value = h.value;
            if (url != std::string_view::npos)
                if (auto rewritten = apply_redirects(r, conf_, pass_, value.substr(url + 4)))
                    value = r.arena().concat(value.substr(0, url + 4), *rewritten);
            r.out.headers.add(r.arena(), {h.name, value, h.id});
            break;
        }
        default: r.out.headers.add(r.arena(), h); break;
        }
    }
    if (head.upgrade && !r.head.headers.has(HeaderId::upgrade)) {
        r.log(Level::error, "upstream sent 101 without a request for it");
        return reply(502);
    }
    return next;
}

}  // namespace sluice::proxy
