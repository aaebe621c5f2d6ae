// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/target.h"

#include "core/base/bytes.h"
#include "core/http/request.h"

namespace sluice::upstream {
namespace {

bool has_port(std::string_view address)
{
    std::string host;
    uint16_t port = 0;
    return address.starts_with("unix:") || (split_host_port(address, 0, host, port) && port != 0);
}

}  // namespace

void set_target(Apply& apply, std::shared_ptr<Target>& out, Handler handler,
                std::string_view scheme)
{
    if (out)
        return apply.fail_directive("is duplicate");
    auto target = std::make_shared<Target>();
    target->pos = apply.node.args[0].pos;
    std::string_view text = apply.arg(0);
    if (!scheme.empty()) {
        std::string prefix = std::string(scheme) + "://";
        target->over_tls = istarts_with(text, "s" + prefix);
        if (target->over_tls || istarts_with(text, prefix))
            text.remove_prefix(prefix.size() + target->over_tls);
    }
    size_t at = apply.arg(0).size() - text.size();
    auto compiled = http::Template::compile(text, apply.place(0, at), apply.diag,
                                            http::http_block(apply).main.variables);
    if (!compiled)
        return;
    target->text = *compiled;
    out = std::move(target);
    http::Location& location = http::http_block(apply).location;
    location.set_content(apply, handler);
    location.auto_redirect = !location.name.empty() && location.name.back() == '/';
}

void Target::finish(http::Finish& finish)
{
    if (!text.is_constant())
        return;
    Groups& groups = Groups::of(finish.main);
    const std::string& address = text.literal();
    group = groups.find(address);
    if (!group && !has_port(address))
        return finish.diag.error(pos, fmt::format("no port in upstream \"{}\"", address),
                                 groups.hint_for(address));
    if (!group)
        group = &groups.implicit(address, 0, finish, pos);
    groups.bind(*finish.location, {group, secure != nullptr, secure, tls_name});
}

Group* Target::choose(http::Request& r) const
{
    if (group)
        return group;
    std::string_view address = text.eval(r);
    Groups& groups = Groups::of(r.main());
    Group* found = groups.find(address);
    if (!found && has_port(address))
        found = groups.dynamic(address, 0, r.location->resolver);
    if (!found)
        r.log(Level::error, "invalid upstream address in \"{}\"", address);
    return found;
}

}  // namespace sluice::upstream
