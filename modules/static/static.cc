// SPDX-License-Identifier: Apache-2.0
#include "modules/static/static.h"

#include "core/os/disk.h"

namespace sluice::static_ {

using http::Location;
using http::Value;

std::string_view document_root(Request& r)
{
    const Root& root = *r.conf<Conf>(module).root;
    if (root.text.is_constant())
        return root.absolute;
    std::string_view path = root.text.eval(r);
    if (!root.is_alias && path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    return path.starts_with('/') ? path : r.arena().concat(r.main().prefix, path);
}

std::string_view path_of(Request& r, std::string_view uri)
{
    const Root& root = *r.conf<Conf>(module).root;
    std::string_view rest = uri;
    if (root.is_alias)
        rest = root.alias_cut >= uri.size() ? std::string_view{} : uri.substr(root.alias_cut);
    std::string_view path = r.arena().concat(document_root(r), rest, std::string_view("", 1));
    return path.substr(0, path.size() - 1);
}

namespace {

void set_root(Apply& apply, Conf& conf)
{
    Location& location = http::http_block(apply).location;
    bool is_alias = apply.name() == "alias";
    if (conf.root.is_set())
        return apply.fail_directive(
            conf.root->is_alias == is_alias ? "is duplicate"
            : is_alias ? "is duplicate, \"root\" directive was specified earlier"
                       : "is duplicate, \"alias\" directive was specified earlier");
    Root root;
    root.is_alias = is_alias;
    if (is_alias && location.kind == Location::named)
        return apply.fail("the \"alias\" directive cannot be used inside the named location");
    if (is_alias)
        root.alias_cut = location.kind == Location::regex ? SIZE_MAX : location.name.size();
    for (std::string_view name :
         {"$document_root", "${document_root}", "$realpath_root", "${realpath_root}"})
        if (apply.arg(0).find(name) != std::string::npos)
            return apply.fail_at(
                0, fmt::format("the {} variable cannot be used in the \"{}\" directive",
                               name.find("real") == name.npos ? "$document_root" : "$realpath_root",
                               apply.name()));
    if (http::parse(apply, 0, root.text))
        conf.root.set(std::move(root));
}

void set_index(Apply& apply, Conf& conf)
{
    for (size_t i = 0; i < apply.size(); ++i) {
        if (apply.arg(i).starts_with('/') && i + 1 != apply.size())
            apply.warn(
                "index-order",
                fmt::format("only the last index in \"index\" directive should be absolute"));
        if (apply.arg(i).empty())
            return apply.fail_at(
                i, fmt::format("index \"{}\" in \"index\" directive is invalid", apply.arg(i)));
        Template name;
        if (!http::parse(apply, i, name))
            return;
        conf.index.edit().push_back(std::move(name));
    }
}

void finish_location(Finish& finish, void* p)
{
    auto& conf = *static_cast<Conf*>(p);
    Root root = *conf.root;
    if (!conf.root.is_set())
        root.text = Template("html");
    if (root.text.is_constant()) {
        root.absolute = root.text.literal();
        if (!root.absolute.starts_with('/'))
            root.absolute.insert(0, finish.main.prefix);
        if (!root.is_alias && root.absolute.ends_with('/'))
            root.absolute.pop_back();
    }
    conf.root.set(std::move(root));
    if (!conf.index.is_set())
        conf.index.edit().push_back(Template("index.html"));
}

Value document_root_value(Request& r, const void*)
{
    return document_root(r);
}

Value request_filename_value(Request& r, const void*)
{
    return path_of(r, r.uri);
}

Value realpath_root_value(Request& r, const void*)
{
    std::string_view root = document_root(r);
    std::string_view path = r.arena().concat(root, std::string_view("", 1));
    int error = 0;
    std::string real = os::real_path(path.data(), error);
    if (error) {
        r.log(Level::crit, "realpath() \"{}\" failed {}", root, errno_text(error));
        return std::nullopt;
    }
    return r.arena().copy(real);
}

constexpr conf::Where where = everywhere | conf::in_if_location;

constexpr Directive directives[] = {
    {"root", where, 1, 1, call<set_root>},
    {"alias", in_location, 1, 1, call<set_root>},
    {"index", everywhere, 1, any, call<set_index>},
    {"try_files", in_server | in_location, 2, any, call<set_try_files>},
    {"max_ranges", everywhere, 1, 1, store<&Conf::max_ranges>},
    {"if_modified_since", everywhere, 1, 1, store<&Conf::if_modified_since>},

    {"open_file_cache", everywhere, 1, 2, call<set_open_file_cache>},
    {"open_file_cache_valid", everywhere, 1, 1, store<&Conf::open_file_cache_valid>},
    {"open_file_cache_min_uses", everywhere, 1, 1, store<&Conf::open_file_cache_min_uses>},
    {"open_file_cache_errors", everywhere, 1, 1, store<&Conf::open_file_cache_errors>},
    {"disable_symlinks", everywhere, 1, 2, call<set_disable_symlinks>},

    {"open_file_cache_events", everywhere, 1, 1, conf::ignored},
    {"directio", everywhere, 1, 1, conf::ignored},
    {"directio_alignment", everywhere, 1, 1, conf::ignored},
    {"aio", everywhere, 1, 1, conf::ignored},
    {"aio_write", everywhere, 1, 1, conf::ignored},
};

}  // namespace

const Module module{
    .name = "static",
    .directives = directives,
    .location_conf = &conf_of<Conf, &Conf::root, &Conf::index, &Conf::max_ranges,
                              &Conf::if_modified_since, &Conf::try_files, &Conf::open_file_cache,
                              &Conf::open_file_cache_valid, &Conf::open_file_cache_min_uses,
                              &Conf::open_file_cache_errors, &Conf::disable_symlinks>,
    .install =
        [](Install& in) {
            in.at(Phase::precontent, try_names, has_try_files);
            in.at(Phase::content, serve_index);
            in.at(Phase::content, serve_file);
            in.main.variables.define("document_root", document_root_value, nullptr, true, false);
            in.main.variables.define("request_filename", request_filename_value, nullptr, true,
                                     false);
            in.main.variables.define("realpath_root", realpath_root_value, nullptr, true, false);
        },
    .finish_location = finish_location,
};

}  // namespace sluice::static_
