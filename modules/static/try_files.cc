// SPDX-License-Identifier: Apache-2.0
// try_files: the first of several names that exists is what the URI becomes.
#include "modules/static/static.h"

namespace sluice::static_ {

void set_try_files(Apply& apply, Conf& conf)
{
    if (conf.try_files)
        return apply.fail_directive("is duplicate");
    auto made = std::make_shared<TryFiles>();
    size_t last = apply.size() - 1;
    for (size_t i = 0; i < last; ++i) {
        TryFiles::Name name;
        name.directory = apply.arg(i).ends_with('/');
        if (!http::parse(apply, i, name.text))
            return;
        made->names.push_back(std::move(name));
    }
    std::string_view fallback = apply.arg(last);
    if (fallback.starts_with('=')) {
        auto code = conf::parse_number(fallback.substr(1));
        if (!code || *code > 999)
            return apply.fail_at(last, fmt::format("invalid code \"{}\"", fallback.substr(1)));
        made->code = static_cast<int>(*code);
    } else if (!http::parse(apply, last, made->fallback)) {
        return;
    }
    conf.try_files = std::move(made);
}

namespace {

// Under an alias a name that does not begin with the location's is taken below it.
std::string_view whole_name(Request& r, std::string_view name)
{
    const Root& root = *r.conf<Conf>(module).root;
    if (!root.is_alias || root.alias_cut == SIZE_MAX)
        return name;
    std::string_view begin = r.uri.substr(0, root.alias_cut);
    return name.starts_with(begin) ? name : r.arena().concat(begin, name);
}

bool exists(Request& r, const TryFiles::Name& candidate, std::string_view& uri)
{
    std::string_view name = candidate.text.eval(r);
    if (candidate.directory && name.ends_with('/'))
        name.remove_suffix(1);
    uri = whole_name(r, name);
    os::FileInfo info;
    std::string_view path = path_of(r, uri);
    if (int error = file_info(r, path, info)) {
        // Or nobody would learn why the fallback answers for a file that is there.
        if (!is_missing(error))
            r.log(Level::crit, "stat() \"{}\" failed {}", path, errno_text(error));
        return false;
    }
    return (info.kind == os::FileInfo::directory) == candidate.directory;
}

}  // namespace

bool has_try_files(const http::Location& location)
{
    return location.conf<Conf>(module).try_files != nullptr;
}

Task<Rc> try_names(Request& r)
{
    const TryFiles* conf = r.conf<Conf>(module).try_files.get();
    for (const TryFiles::Name& name : conf->names) {
        std::string_view uri;
        if (!exists(r, name, uri))
            continue;
        r.uri = uri.empty() ? "/" : uri;
        r.uri_changed = true;
        return next;
    }
    if (conf->code)
        return reply(conf->code);
    std::string_view target = conf->fallback.eval(r);
    return target.starts_with('@') ? r.named_redirect(target) : r.internal_redirect(target);
}

}  // namespace sluice::static_
