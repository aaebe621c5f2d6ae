// SPDX-License-Identifier: Apache-2.0
// What a location says about proxying, as read and as compiled.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/http/module.h"
#include "core/upstream/exchange.h"
#include "core/upstream/groups.h"
#include "modules/proxy/ssl.h"

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

struct NextConditions {
    uint32_t mask = upstream::next_error | upstream::next_timeout;
};
bool parse(Apply& apply, size_t arg, NextConditions& out);

/// proxy_redirect: a prefix or pattern of Location and what takes its place.
struct Redirect {
    enum Kind : uint8_t { prefix, regex, by_default, off } kind = prefix;
    Template from, to;
    http::Regex pattern;
};
bool parse(Apply& apply, size_t arg, Redirect& out);

struct BufferCount {
    size_t count = 0, size = 0;
};
bool parse(Apply& apply, size_t arg, BufferCount& out);

/// Compiled once per location from the settings.
struct Compiled {
    upstream::Rules rules;
    std::vector<HeaderLine> lines;  // that are sent, in order; Host first
    uint64_t replaced_ids = 0;      // client fields that are not copied: a bit per HeaderId
    std::vector<std::string> replaced_names;  // and those without an id, lower case
    uint64_t hidden_ids = 0;                  // response fields that are not passed on
    std::vector<std::string> hidden_names;
    bool pass_server = false, pass_date = false;
    std::shared_ptr<upstream::Secure> secure;  // null: never https
};

struct Conf {
    std::shared_ptr<Pass> pass;  // not inherited: it belongs to its location
    Setting<std::vector<HeaderLine>> set_header;
    Setting<std::vector<std::string>> hide_header;
    Setting<std::vector<std::string>> pass_header;
    Setting<Template> set_body;
    Setting<Template> method;
    Setting<HttpVersion> http_version{HttpVersion::v11};
    Setting<ms> connect_timeout{ms{60000}};
    Setting<ms> send_timeout{ms{60000}};
    Setting<ms> read_timeout{ms{60000}};
    Setting<std::vector<Redirect>> redirect;
    Setting<bool> request_buffering{true};
    Setting<bool> buffering{true};
    Setting<Size> buffer_size{Size{32768}};
    Setting<BufferCount> buffers;
    Setting<bool> ignore_client_abort{false};
    Setting<NextConditions> next_upstream;
    Setting<uint32_t> next_upstream_tries{0};
    Setting<ms> next_upstream_timeout{ms{0}};
    Setting<ms> hold{ms{0}};
    Setting<bool> pass_request_headers{true};
    Setting<bool> pass_request_body{true};
    Setting<bool> intercept_errors{false};
    SslConf ssl;
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
    bool chunked_body(Request& r) override;
    Rc read_head(Request& r, http::ResponseHead& head) override;
    http::Method method(Request& r) override;
    std::string_view url(Request& r, const upstream::Peer& peer) override;
    const upstream::TlsTarget* tls(Request& r) override;

    std::string_view authority() const { return authority_; }
    uint16_t default_port() const { return tls_ ? 443 : 80; }

private:
    std::string_view target(Request& r);
    Rc accel_redirect(Request& r, const http::ResponseHead& head, std::string_view target);
    std::string_view rewrite_redirect(Request& r, std::string_view location) const;
    bool passes_on(Request& r, const http::ResponseHead& head, const http::Header& h) const;

    const Conf& conf_;
    const Pass& pass_;
    upstream::Group* group_ = nullptr;
    std::string_view authority_, uri_;
    std::string_view body_, method_;
    upstream::TlsTarget target_;
    bool tls_ = false;  // https
    bool has_body_ = false;
    bool has_method_ = false;
    http::Method method_id_ = http::Method::get;
};

/// proxy_redirect's work on Location and Refresh: the rewritten value, or nothing when none fits.
std::optional<std::string_view> apply_redirects(Request& r, const Conf& conf, const Pass& pass,
                                                std::string_view value);

}  // namespace sluice::proxy
