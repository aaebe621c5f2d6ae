// SPDX-License-Identifier: Apache-2.0
// return: answers at once with a text, a redirect or an error page, or closes without an answer
// (444).
#include "core/http/module.h"

namespace sluice::return_ {

extern const Module module;

namespace {

struct Rule {
    int status = 0;
    Template text;
    bool has_text = false;
};

struct Conf {
    std::shared_ptr<const Rule> rule;  // not inherited: a return belongs to its block
};

constexpr bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool is_url(std::string_view text)
{
    return text.starts_with("http://") || text.starts_with("https://") ||
           text.starts_with("$scheme");
}

void set_return(Apply& apply, Conf& conf)
{
    if (conf.rule)
        return;  // the first one decides, a second is never reached
    Rule rule;
    size_t text = 1;
    if (auto code = conf::parse_number(apply.arg(0)); code && *code <= 999)
        rule.status = static_cast<int>(*code);
    else if (apply.size() == 1 && is_url(apply.arg(0)))
        rule.status = 302, text = 0;
    else
        return apply.fail_at(0, fmt::format("invalid return code \"{}\"", apply.arg(0)));
    if (text < apply.size()) {
        if (!http::parse(apply, text, rule.text))
            return;
        rule.has_text = !rule.text.empty();
    }
    conf.rule = std::make_shared<const Rule>(std::move(rule));
}

// $status in the text is the answer's that it becomes.
std::string_view text_of(Request& r, const Rule& rule)
{
    int before = std::exchange(r.out.status, r.shown_status(rule.status));
    std::string_view text = rule.text.eval(r);
    r.out.status = before;
    return text;
}

Task<Rc> answer(Request& r, const Rule& rule)
{
    if (is_redirect(rule.status)) {
        r.out.headers.set(r.arena(), http::HeaderId::location, r.redirect_target(text_of(r, rule)));
        return reply(rule.status);
    }
    if (rule.status >= 400 && !rule.has_text)
        return reply(rule.status);
    return r.respond(rule.status, r.type_of(r.uri), text_of(r, rule));
}

bool has_rule(const http::Location& location)
{
    return location.conf<Conf>(module).rule != nullptr;
}

Task<Rc> handle(Request& r)
{
    return answer(r, *r.conf<Conf>(module).rule);
}

constexpr Directive directives[] = {
    {"return", in_server | in_location | conf::in_if_server | conf::in_if_location, 1, 2,
     call<set_return>},
};

}  // namespace

const Module module{
    .name = "return",
    .directives = directives,
    .location_conf = &conf_of<Conf, &Conf::rule>,
    .install =
        [](Install& in) {
            in.at(Phase::server_rewrite, handle, has_rule);
            in.at(Phase::rewrite, handle, has_rule);
        },
};

}  // namespace sluice::return_
