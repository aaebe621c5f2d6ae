// SPDX-License-Identifier: Apache-2.0
// proxy_redirect: Location and Refresh of a response, as the client has to see them.
#include "core/base/bytes.h"
#include "modules/proxy/proxy_conf.h"

namespace sluice::proxy {

bool parse(Apply& apply, size_t arg, Redirect& out)
{
    const std::string& first = apply.arg(arg);
    if (apply.size() == 1) {
        if (first == "off" || first == "default") {
            out.kind = first == "off" ? Redirect::off : Redirect::by_default;
            return true;
        }
        apply.fail(fmt::format("invalid parameter \"{}\"", first));
        return false;
    }
    if (first.starts_with('~')) {
        bool caseless = first.starts_with("~*");
        out.kind = Redirect::regex;
        if (!http::compile_regex(apply, arg, caseless ? 2 : 1, caseless, out.pattern))
            return false;
    } else if (!http::parse(apply, arg, out.from)) {
        return false;
    }
    return http::parse(apply, arg + 1, out.to);
}

namespace {

// What `default` means: the proxied URL becomes the location's name.
std::optional<std::string_view> by_default(Request& r, const Pass& pass, std::string_view value)
{
    if (!pass.url.is_constant())
        return std::nullopt;
    std::string_view base = pass.base, name = r.location->kind == http::Location::regex ||
                                                      r.location->kind == http::Location::named
                                                  ? std::string_view{}
                                                  : std::string_view(r.location->name);
    if (!value.starts_with(base))
        return std::nullopt;
    std::string_view rest = value.substr(base.size());
    if (pass.uri.empty()) {
        if (!rest.empty() && rest.front() != '/')
            return std::nullopt;  // another host that begins alike
        return rest.empty() ? std::string_view("/") : rest;
    }
    return r.arena().concat(name, rest);
}

}  // namespace

std::optional<std::string_view> apply_redirects(Request& r, const Conf& conf, const Pass& pass,
                                                std::string_view value)
{
    if (!conf.redirect.is_set())
        return by_default(r, pass, value);
    for (const Redirect& rule : *conf.redirect) {
        switch (rule.kind) {
        case Redirect::off: return std::nullopt;
        case Redirect::by_default:
            if (auto done = by_default(r, pass, value))
                return done;
            break;
        case Redirect::prefix: {
            std::string_view from = rule.from.eval(r);
            if (value.starts_with(from))
                return r.arena().concat(rule.to.eval(r), value.substr(from.size()));
            break;
        }
        case Redirect::regex: {
            http::Captures outer = r.captures;
            if (rule.pattern.run(value, &r.captures) == http::Regex::match) {
                // The whole value gives way, whatever the pattern matched of it.
                std::string_view done = rule.to.eval(r);
                r.captures = outer;
                return done;
            }
            r.captures = outer;
            break;
        }
        }
    }
    return std::nullopt;
}

}  // namespace sluice::proxy
