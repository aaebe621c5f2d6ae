// SPDX-License-Identifier: Apache-2.0
// What a location says about proxying, as read and as compiled.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/buf/writer.h"
#include "core/http/module.h"
#include "core/upstream/exchange.h"
#include "core/upstream/groups.h"
#include "core/upstream/http1.h"
#include "core/upstream/settings.h"
#include "modules/lib/upstream_ssl.h"

namespace sluice::proxy {

/// proxy_pass, of the location that has it.
struct Pass {
    Template url;           // with variables
    std::string text;       // as written
    std::string authority;  // host[:port], unix:/path or the group's name
    std::string uri;        // what replaces the location's prefix; empty: the URI goes as it came
    std::string base;       // "http://authority" + uri: what proxy_redirect default looks for
    upstream::Group* group = nullptr;  // null: found per request from `url`
    bool tls = false;                  // https://
    conf::Pos pos;
};

/// proxy_set_header: NAME and what it says.
struct HeaderLine {
    std::string name;
    http::HeaderId id = http::HeaderId::other;
    Template value;
};
bool parse(Apply& apply, size_t arg, HeaderLine& out);

enum class HttpVersion : uint8_t { v10, v11 };
std::span<const std::pair<std::string_view, HttpVersion>> enum_names(HttpVersion*);

/// proxy_redirect: a prefix or pattern of Location and what takes its place.
struct Redirect {
    enum Kind : uint8_t { prefix, regex, by_default, off } kind = prefix;
    Template from, to;
    http::Regex pattern;
};
bool parse(Apply& apply, size_t arg, Redirect& out);

/// proxy_cookie_domain and proxy_cookie_path: a value or pattern, and what takes its place.
struct CookieRule {
    bool off = false;
    bool is_regex = false;
    Template from, to;
    http::Regex pattern;
};
struct CookieDomain : CookieRule {
};
struct CookiePath : CookieRule {
};
bool parse(Apply& apply, size_t arg, CookieDomain& out);
bool parse(Apply& apply, size_t arg, CookiePath& out);

/// proxy_cookie_flags: what the attributes of the cookies of this name become.
struct CookieFlags {
    bool off = false;
    bool is_regex = false;
    Template name;
    http::Regex pattern;
    std::vector<Template> flags;
};
bool parse(Apply& apply, size_t arg, CookieFlags& out);

/// proxy_upgrade: the protocols that a client may ask to change to, in lower case.
struct Upgrades {
    std::vector<std::string> names{"websocket"};
    bool has(std::string_view protocol) const;
};
bool parse(Apply& apply, size_t arg, Upgrades& out);

/// Compiled once per location from the settings.
struct Compiled {
    upstream::Rules rules;
    std::vector<HeaderLine> lines;  // that are sent, in order; Host first
    http::FieldNames replaced;      // client fields that are not copied
    bool upgrades = false;          // a client's wish for another protocol is passed on by default
    std::shared_ptr<upstream::Secure> secure;  // null: never https
};

struct Conf {
    std::shared_ptr<Pass> pass;  // not inherited: it belongs to its location
    Setting<std::vector<HeaderLine>> set_header;
    Setting<Template> set_body;
    Setting<Template> method;
    Setting<HttpVersion> http_version{HttpVersion::v11};
    Setting<std::vector<Redirect>> redirect;
    Setting<std::vector<CookieDomain>> cookie_domain;
    Setting<std::vector<CookiePath>> cookie_path;
    Setting<std::vector<CookieFlags>> cookie_flags;
    Setting<Upgrades> upgrade;
    Setting<bool> pass_trailers{false};
    upstream::Settings common;
    tls::SslConf ssl;
    std::shared_ptr<const Compiled> compiled;
};

extern const Module module;

/// Of one request: what its head, its answer and its redirects need to know.
class ProxiedRequest final : public upstream::Forwarder
{
public:
    ProxiedRequest(const Conf& c, const Pass& p) : conf_(c), pass_(p) {}

    /// The group, from proxy_pass. Null when the address in its variables is none.
    upstream::Group* choose_group(Request& r);
    upstream::Group& group() const { return *group_; }

    void write_head(Request& r, const upstream::Peer& peer, buf::Buffer& to) override;
    const std::string_view* own_body(Request& r) override;
    upstream::Wire& wire(Request& r) override
    {
        wire_ = wire_ ? r.arena().make<upstream::Http1Wire>() : &first_wire_;
        return *wire_;
    }
    std::string_view rewrite_field(Request& r, const http::Header& h) override;
    bool asked_upgrade() const override { return asked_upgrade_; }
    http::Method method(Request& r) override;
    std::string_view url(Request& r, const upstream::Peer& peer) override;
    const upstream::TlsTarget* tls(Request& r) override;

    std::string_view authority() const { return authority_; }
    uint16_t default_port() const { return tls_ ? 443 : 80; }

private:
    std::string_view target(Request& r);
    bool chunked_body(Request& r) const;
    void write_lines(Request& r, buf::Writer& w);
    void write_upgrade(Request& r, buf::Writer& w);
    std::string_view rewrite_refresh(Request& r, std::string_view value) const;

    const Conf& conf_;
    const Pass& pass_;
    upstream::Http1Wire first_wire_;
    upstream::Http1Wire* wire_ = nullptr;  // of this try
    upstream::Group* group_ = nullptr;
    std::string_view authority_, uri_;
    std::string_view body_, method_;
    upstream::TlsTarget target_;
    bool tls_ = false;  // https
    bool has_body_ = false;
    bool has_method_ = false;
    bool asked_upgrade_ = false;
    http::Method method_id_ = http::Method::get;
};

/// proxy_redirect's work on Location and Refresh: the rewritten value, or nothing when none fits.
std::optional<std::string_view> apply_redirects(Request& r, const Conf& conf, const Pass& pass,
                                                std::string_view value);

/// proxy_cookie_*'s work on a Set-Cookie.
std::string_view rewrite_cookie(Request& r, const Conf& conf, std::string_view value);

}  // namespace sluice::proxy
