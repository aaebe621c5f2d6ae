// SPDX-License-Identifier: Apache-2.0
// mirror: sends copies of a request to other locations, whose answers are thrown away.
#include "core/http/module.h"
#include "core/http/subrequest.h"

namespace sluice::mirror {

extern const Module module;

namespace {

struct Conf {
    Setting<std::vector<std::string>> targets;
    Setting<bool> request_body{true};
};

Rc begin(Request& r, bool with_body)
{
    for (const std::string& uri : *r.conf<Conf>(module).targets)
        r.run_beside(http::make_copy(r, uri, with_body));
    return next;
}

// The copies need all of the body, and so does the request itself.
Task<Rc> store_and_begin(Request& r)
{
    http::BodyRead stored = co_await r.body.store(r);
    if (!stored.good())
        co_return reply(http::BodyReader::status_of(stored));
    co_return begin(r, true);
}

Task<Rc> handle(Request& r)
{
    if (r.parent)
        return next;
    bool with_body = *r.conf<Conf>(module).request_body && !r.body.absent();
    if (with_body && !r.body.stored() && r.body.untouched())
        return store_and_begin(r);
    return begin(r, with_body);
}

// A later `mirror off` does not undo an earlier line, nor the other way round.
void set_mirror(Apply& apply, Conf& conf)
{
    const std::string& uri = apply.arg(0);
    bool off = uri == "off", was_off = conf.targets.is_set() && conf.targets->empty();
    if (conf.targets.is_set() && (off || was_off))
        return apply.fail_directive("is duplicate");
    if (!conf.targets.is_set())
        conf.targets.set({});
    if (!off)
        conf.targets.edit().push_back(uri);
}

bool is_on(const http::Location& location)
{
    return !location.conf<Conf>(module).targets->empty();
}

constexpr Directive directives[] = {
    {"mirror", everywhere, 1, 1, call<set_mirror>},
    {"mirror_request_body", everywhere, 1, 1, store<&Conf::request_body>},
};

}  // namespace

const Module module{
    .name = "mirror",
    .directives = directives,
    .location_conf = &conf_of<Conf, &Conf::targets, &Conf::request_body>,
    .install = [](Install& in) { in.at(Phase::precontent, handle, is_on); },
};

}  // namespace sluice::mirror
