// SPDX-License-Identifier: Apache-2.0
// proxy_cookie_domain, proxy_cookie_path, proxy_cookie_flags: a Set-Cookie (RFC 6265 4.1) as the
// client has to see it. What no directive changes stays byte for byte.
#include "core/base/arena_text.h"
#include "core/base/bytes.h"
#include "modules/proxy/proxy_conf.h"

namespace sluice::proxy {
namespace {

/// "name=value", or a name alone.
struct Attribute {
    std::string_view name, value;
    bool has_value = false;
};

bool split(std::string_view cookie, Arena& arena, ArenaVector<Attribute>& out)
{
    for (bool more = true; more;) {
        size_t end = cookie.find(';');
        std::string_view part = trim(cookie.substr(0, end));
        more = end != cookie.npos;
        cookie = more ? cookie.substr(end + 1) : std::string_view{};
        size_t equals = part.find('=');
        if (part.empty() && !more)
            break;
        Attribute a{part.substr(0, equals), {}, equals != part.npos};
        if (a.has_value)
            a.value = part.substr(equals + 1);
        out.push(arena, a);
    }
    return !out.empty();
}

std::string_view replaced(Request& r, std::string_view value, size_t at, size_t n,
                          std::string_view by)
{
    return r.arena().concat(value.substr(0, at), by, value.substr(at + n));
}

// The whole value gives way, whatever the pattern matched of it.
bool apply_pattern(Request& r, const CookieRule& rule, std::string_view& value)
{
    http::Captures outer = r.captures;
    bool matched = rule.pattern.run(value, &r.captures) == http::Regex::match;
    if (matched)
        value = rule.to.eval(r);
    r.captures = outer;
    return matched;
}

// Names of domains compare without case, and a dot in front means nothing.
bool apply_rule(Request& r, const CookieDomain& rule, std::string_view& value)
{
    if (rule.is_regex)
        return apply_pattern(r, rule, value);
    size_t dot = value.starts_with('.') ? 1 : 0;
    if (!iequals(value.substr(dot), rule.from.eval(r)))
        return false;
    value = replaced(r, value, dot, value.size() - dot, rule.to.eval(r));
    return true;
}

bool apply_rule(Request& r, const CookiePath& rule, std::string_view& value)
{
    if (rule.is_regex)
        return apply_pattern(r, rule, value);
    std::string_view from = rule.from.eval(r);
    if (!value.starts_with(from))
        return false;
    value = replaced(r, value, 0, from.size(), rule.to.eval(r));
    return true;
}

template <class Rule>
bool apply_rules(Request& r, const std::vector<Rule>& rules, std::string_view name,
                 ArenaVector<Attribute>& attributes)
{
    if (rules.empty() || rules.front().off)
        return false;
    for (size_t i = 1; i < attributes.size(); ++i) {
        Attribute& a = attributes[i];
        if (!iequals(a.name, name) || !a.has_value)
            continue;
        for (const Rule& rule : rules)
            if (apply_rule(r, rule, a.value))
                return true;
        return false;
    }
    return false;
}

/// What becomes of an attribute: set to this, or taken away.
struct Flag {
    std::string_view text;
    size_t place;
    Attribute to;
    bool set;
};
constexpr Flag flag_names[] = {
    {"secure", 0, {"Secure", {}, false}, true},
    {"nosecure", 0, {"Secure", {}, false}, false},
    {"httponly", 1, {"HttpOnly", {}, false}, true},
    {"nohttponly", 1, {"HttpOnly", {}, false}, false},
    {"samesite", 2, {"SameSite", {}, false}, true},
    {"nosamesite", 2, {"SameSite", {}, false}, false},
    {"samesite=strict", 2, {"SameSite", "Strict", true}, true},
    {"samesite=lax", 2, {"SameSite", "Lax", true}, true},
    {"samesite=none", 2, {"SameSite", "None", true}, true},
};

const Flag* find_flag(std::string_view text)
{
    for (const Flag& flag : flag_names)
        if (iequals(flag.text, text))
            return &flag;
    return nullptr;
}

// The attribute of this name appears once, or not at all.
bool set_flag(Arena& arena, ArenaVector<Attribute>& attributes, const Flag& flag)
{
    bool changed = false, there = false;
    ArenaVector<Attribute> kept;
    for (const Attribute& a : attributes) {
        bool same = &a != attributes.begin() && iequals(a.name, flag.to.name);
        if (!same) {
            kept.push(arena, a);
            continue;
        }
        changed = changed || !flag.set || there || a.value != flag.to.value;
        if (flag.set && !there)
            kept.push(arena, flag.to);
        there = true;
    }
    if (flag.set && !there) {
        kept.push(arena, flag.to);
        changed = true;
    }
    attributes = kept;
    return changed;
}

bool names_cookie(Request& r, const CookieFlags& rule, std::string_view name)
{
    if (rule.is_regex)
        return rule.pattern.run(name, nullptr) == http::Regex::match;
    return iequals(rule.name.eval(r), name);
}

bool apply_flags(Request& r, const std::vector<CookieFlags>& rules,
                 ArenaVector<Attribute>& attributes)
{
    if (rules.empty() || rules.front().off)
        return false;
    for (const CookieFlags& rule : rules) {
        if (!names_cookie(r, rule, attributes[0].name))
            continue;
        const Flag* last[3] = {};  // the last word on each attribute, in the order of writing
        for (const Template& text : rule.flags) {
            std::string_view value = text.eval(r);
            if (const Flag* flag = find_flag(value))
                last[flag->place] = flag;
            else if (!value.empty())
                r.log(Level::error, "invalid proxy_cookie_flags flag \"{}\"", value);
        }
        bool changed = false;
        for (const Flag* flag : last)
            if (flag)
                changed = set_flag(r.arena(), attributes, *flag) || changed;
        return changed;
    }
    return false;
}

bool parse_rule(Apply& apply, size_t arg, bool caseless, CookieRule& out)
{
    const std::string& from = apply.arg(arg);
    if (apply.size() == 1) {
        out.off = from == "off";
        if (!out.off)
            apply.fail_at(arg, fmt::format("invalid parameter \"{}\"", from));
        return out.off;
    }
    if (from.starts_with('~')) {
        bool star = from.starts_with("~*") && !caseless;
        out.is_regex = true;
        if (!http::compile_regex(apply, arg, star ? 2 : 1, caseless || star, out.pattern))
            return false;
    } else if (!http::parse(apply, arg, out.from)) {
        return false;
    }
    return http::parse(apply, arg + 1, out.to);
}

}  // namespace

std::string_view rewrite_cookie(Request& r, const Conf& conf, std::string_view value)
{
    if (!conf.cookie_domain.is_set() && !conf.cookie_path.is_set() && !conf.cookie_flags.is_set())
        return value;
    ArenaVector<Attribute> attributes;
    if (!split(value, r.arena(), attributes))
        return value;
    bool domain = apply_rules(r, *conf.cookie_domain, "domain", attributes);
    bool path = apply_rules(r, *conf.cookie_path, "path", attributes);
    bool flags = apply_flags(r, *conf.cookie_flags, attributes);
    if (!domain && !path && !flags)
        return value;
    ArenaText text(r.arena(), value.size() + 64);
    for (const Attribute& a : attributes) {
        if (text.size() > 0)
            text.append("; ");
        text.append(a.name);
        if (a.has_value)
            text.append("=");
        text.append(a.value);
    }
    return text.view();
}

bool parse(Apply& apply, size_t arg, CookieDomain& out)
{
    return parse_rule(apply, arg, true, out);
}

bool parse(Apply& apply, size_t arg, CookiePath& out)
{
    return parse_rule(apply, arg, false, out);
}

bool parse(Apply& apply, size_t arg, CookieFlags& out)
{
    const std::string& name = apply.arg(arg);
    if (apply.size() == 1 && name == "off")
        return out.off = true;
    if (name.starts_with('~')) {
        out.is_regex = true;
        if (!http::compile_regex(apply, arg, 1, true, out.pattern))
            return false;
    } else if (!http::parse(apply, arg, out.name)) {
        return false;
    }
    for (size_t i = arg + 1; i < apply.size(); ++i) {
        Template flag;
        if (!http::parse(apply, i, flag))
            return false;
        if (flag.is_constant() && !find_flag(flag.literal()))
            apply.warn("unknown-flag",
                       fmt::format("\"{}\" is no flag of a cookie", flag.literal()));
        out.flags.push_back(std::move(flag));
    }
    return true;
}

}  // namespace sluice::proxy
