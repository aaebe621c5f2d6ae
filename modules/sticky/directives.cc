// SPDX-License-Identifier: Apache-2.0
// sticky cookie|route|learn: reading it.
#include "core/upstream/group_block.h"
#include "modules/sticky/sticky.h"

namespace sluice::sticky {
namespace {

std::string_view value_of(std::string_view word)
{
    return word.substr(std::min(word.size(), word.find('=') + 1));
}

bool compile(Apply& apply, size_t i, std::string_view text, Template& out)
{
    size_t at = apply.arg(i).size() - text.size();  // it ends the argument
    auto made = Template::compile(text, apply.place(i, at), apply.diag,
                                  http::http_block(apply).main.variables);
    if (made)
        out = std::move(*made);
    return made.has_value();
}

bool invalid(Apply& apply, size_t i)
{
    apply.fail_at(i, fmt::format("invalid parameter \"{}\"", apply.arg(i)));
    return false;
}

bool parse_samesite(Apply& apply, size_t i, std::string_view value, Template& out)
{
    if (value != "strict" && value != "lax" && value != "none" && !value.starts_with('$'))
        return invalid(apply, i);
    return compile(apply, i, value, out);
}

bool parse_attribute(Apply& apply, size_t i, Cookie::Attributes& out)
{
    std::string_view word = apply.arg(i), value = value_of(word);
    if (word == "httponly")
        return out.httponly = true;
    if (word == "secure")
        return out.secure = true;
    if (word == "expires=max")
        return out.for_ever = true;
    if (word.starts_with("expires=")) {
        out.expires = conf::parse_seconds(value);
        return out.expires ? true : invalid(apply, i);
    }
    if (word.starts_with("domain="))
        return compile(apply, i, value, out.domain);
    if (word.starts_with("path="))
        return compile(apply, i, value, out.path);
    if (word.starts_with("samesite="))
        return parse_samesite(apply, i, value, out.samesite);
    return invalid(apply, i);
}

void set_cookie(Apply& apply)
{
    std::string name = apply.arg(1);
    if (name.empty() || name.find_first_of("=;, \t\"$") != name.npos)
        return apply.fail_at(1, fmt::format("invalid cookie name \"{}\"", name));
    Cookie::Attributes attributes;
    for (size_t i = 2; i < apply.size(); ++i)
        if (!parse_attribute(apply, i, attributes))
            return;
    upstream::stick_with(apply, std::make_unique<Cookie>(name, std::move(attributes)));
}

void set_route(Apply& apply)
{
    std::vector<Template> from;
    for (size_t i = 1; i < apply.size(); ++i) {
        if (!apply.arg(i).starts_with('$'))
            return apply.fail_at(i, fmt::format("invalid variable name \"{}\"", apply.arg(i)));
        if (!compile(apply, i, apply.arg(i), from.emplace_back()))
            return;
    }
    upstream::stick_with(apply, std::make_unique<Route>(std::move(from)));
}

bool parse_rule(Apply& apply, size_t i, Learn::Rules& out)
{
    std::string_view word = apply.arg(i), value = value_of(word);
    bool create = word.starts_with("create=");
    if (create || word.starts_with("lookup=")) {
        auto& list = create ? out.create : out.lookup;
        return value.starts_with('$') ? compile(apply, i, value, list.emplace_back())
                                      : invalid(apply, i);
    }
    if (word == "header")
        return true;  // always: a session is known once the head has come
    if (word.starts_with("zone=")) {
        if (value.find(':') == value.npos)
            return (out.zone = http::use_zone(apply, i, value, module));
        return (out.zone = http::declare_zone(apply, i, module, "sessions"));
    }
    auto time = word.starts_with("timeout=") ? conf::parse_seconds(value) : std::nullopt;
    if (!time || time->count() == 0)
        return invalid(apply, i);
    out.timeout = *time;
    return true;
}

void set_learn(Apply& apply)
{
    Learn::Rules rules;
    for (size_t i = 1; i < apply.size(); ++i)
        if (!parse_rule(apply, i, rules))
            return;
    const char* missing = rules.create.empty()   ? "create"
                          : rules.lookup.empty() ? "lookup"
                          : !rules.zone          ? "zone"
                                                 : nullptr;
    if (missing)
        return apply.fail(fmt::format("\"sticky learn\" must have \"{}\" parameter", missing));
    upstream::stick_with(apply, std::make_unique<Learn>(std::move(rules)));
}

void set(Apply& apply)
{
    if (apply.arg(0) == "cookie")
        return set_cookie(apply);
    if (apply.arg(0) == "route")
        return set_route(apply);
    if (apply.arg(0) == "learn")
        return set_learn(apply);
    apply.fail_at(0, fmt::format("invalid parameter \"{}\"", apply.arg(0)),
                  "cookie, route or learn");
}

constexpr Directive rows[] = {{"sticky", in_upstream, 2, any, conf::run<set>}};

}  // namespace

const Module module{.name = "sticky", .directives = rows};

}  // namespace sluice::sticky
