// SPDX-License-Identifier: Apache-2.0
// auth_request: another location decides, by the status of its answer, whether a request may pass.
#include "core/http/module.h"
#include "core/http/subrequest.h"

namespace sluice::auth_request {

extern const Module module;

namespace {

struct Target {
    std::string uri;  // empty: off
};

bool parse(Apply& apply, size_t arg, Target& out)
{
    if (apply.arg(arg) != "off")
        out.uri = apply.arg(arg);
    return true;
}

/// auth_request_set: a variable and what it becomes.
struct Assignment {
    size_t variable = 0;
    Template value;
};

bool parse(Apply& apply, size_t arg, Assignment& out)
{
    const std::string& name = apply.arg(arg);
    if (name.size() < 2 || name.front() != '$') {
        apply.fail_at(arg, fmt::format("invalid variable name \"{}\"", name));
        return false;
    }
    http::Variables& variables = http::http_block(apply).main.variables;
    out.variable = variables.define_capture(std::string_view(name).substr(1));
    return http::parse(apply, arg + 1, out.value);
}

struct Conf {
    Setting<Target> target;
    Setting<std::vector<Assignment>> set;
};

Rc refuse(Request& r, const Request& sub, int status)
{
    if (status == 401)
        r.out.headers.add_all(r.arena(), sub.out.headers, http::HeaderId::www_authenticate);
    return reply(status);
}

Task<Rc> ask(Request& r)
{
    const Conf& conf = r.conf<Conf>(module);
    Request& sub = http::make_subrequest(r, conf.target->uri, {});
    Rc rc = co_await sub.run(next);
    for (const Assignment& a : *conf.set)
        r.variables.put(r, a.variable, r.arena().copy(a.value.eval(sub)));
    int status = sub.status_for_log();
    if (rc == closed && r.cancel().asked()) {
        r.log_status = 499;  // nothing has been sent, whatever the other location said by then
        co_return r.cut_short();
    }
    if (rc == finished && status >= 200 && status < 300)
        co_return done;
    if (rc == finished && (status == 401 || status == 403))
        co_return refuse(r, sub, status);
    r.log(Level::error, "auth request unexpected status: {}", status);
    co_return reply(500);
}

bool is_on(const http::Location& location)
{
    return !location.conf<Conf>(module).target->uri.empty();
}

constexpr Directive directives[] = {
    {"auth_request", everywhere, 1, 1, store<&Conf::target>},
    {"auth_request_set", everywhere, 2, 2, store<&Conf::set>},
};

}  // namespace

const Module module{
    .name = "auth_request",
    .directives = directives,
    .location_conf = &conf_of<Conf, &Conf::target, &Conf::set>,
    .install = [](Install& in) { in.at(Phase::access, ask, is_on); },
};

}  // namespace sluice::auth_request
