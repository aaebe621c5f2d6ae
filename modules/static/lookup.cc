// SPDX-License-Identifier: Apache-2.0
// How a path becomes an open file: what is kept open meanwhile, and which links are followed.
#include "modules/static/static.h"

namespace sluice::static_ {

void set_open_file_cache(Apply& apply, Conf& conf)
{
    if (conf.open_file_cache.is_set())
        return apply.fail_directive("is duplicate");
    size_t max = 0;
    std::chrono::seconds inactive{60};
    bool off = false;
    for (size_t i = 0; i < apply.size(); ++i) {
        std::string_view word = apply.arg(i);
        bool good = word == "off";
        if (good)
            off = true;
        if (word.starts_with("max=")) {
            auto n = conf::parse_number(word.substr(4));
            good = n && *n > 0;
            max = good ? static_cast<size_t>(*n) : 0;
        } else if (word.starts_with("inactive=")) {
            auto time = conf::parse_seconds(word.substr(9));
            good = time.has_value();
            inactive = good ? *time : inactive;
        }
        if (!good)
            return apply.fail_at(i,
                                 fmt::format("invalid \"open_file_cache\" parameter \"{}\"", word));
    }
    if (!off && max == 0)
        return apply.fail("\"open_file_cache\" must have the \"max\" parameter");
    conf.open_file_cache.set(off ? nullptr : std::make_shared<files::OpenFiles>(max, inactive));
}

void set_disable_symlinks(Apply& apply, Conf& conf)
{
    if (conf.disable_symlinks.is_set())
        return apply.fail_directive("is duplicate");
    Symlinks links;
    bool has_mode = false, has_from = false;
    for (size_t i = 0; i < apply.size(); ++i) {
        std::string_view word = apply.arg(i);
        bool is_mode = word == "off" || word == "on" || word == "if_not_owner";
        bool is_from = word.starts_with("from=");
        if (!is_mode && !is_from)
            return apply.fail_at(i, fmt::format("invalid parameter \"{}\"", word));
        if (is_mode ? has_mode : has_from)
            return apply.fail_at(
                i, fmt::format("duplicate parameters \"{} {}\"", apply.arg(0), apply.arg(1)));
        if (is_from) {
            auto from = Template::compile(word.substr(5), apply.place(i, 5), apply.diag,
                                          http::http_block(apply).main.variables);
            if (!from)
                return;
            links.from = std::move(*from);
        }
        if (is_mode)
            links.mode = word == "on"    ? os::Links::refuse
                         : word == "off" ? os::Links::follow
                                         : os::Links::same_owner;
        (is_mode ? has_mode : has_from) = true;
    }
    if (!has_mode)
        return apply.fail(
            "\"disable_symlinks\" must have \"off\", \"on\" or \"if_not_owner\" parameter");
    if (has_from && links.mode == os::Links::follow)
        return apply.fail("\"from=\" cannot be used with \"off\" parameter");
    conf.disable_symlinks.set(std::move(links));
}

namespace {

// Without open_file_cache: idle files are closed soon, so that a folder can be unmounted, and what
// was removed gives its space back.
constexpr ms usual_inactive{5000};

files::OpenFiles& usual_files()
{
    static files::OpenFiles files(0, usual_inactive);
    return files;
}

os::Links links_of(Request& r, const Symlinks& symlinks, std::string_view path)
{
    os::Links links{symlinks.mode, 0};
    if (links.mode == os::Links::follow || symlinks.from.empty())
        return links;
    std::string_view from = symlinks.from.eval(r);
    if (from.empty() || !path.starts_with(from))
        return links;
    if (from.size() == path.size())
        return {};
    if (path[from.size()] == '/')
        links.trusted = from.size();
    else if (from.ends_with('/'))
        links.trusted = from.size() - 1;
    return links;
}

// The cache that serves; null: nothing is kept.
files::OpenFiles* cache_and_rules(Request& r, std::string_view path, files::Rules& rules)
{
    const Conf& conf = r.conf<Conf>(module);
    if (conf.disable_symlinks.is_set())
        rules.links = links_of(r, *conf.disable_symlinks, path);
    if (!conf.open_file_cache.is_set())
        return &usual_files();
    rules.valid = *conf.open_file_cache_valid;
    rules.min_uses = *conf.open_file_cache_min_uses;
    rules.errors = *conf.open_file_cache_errors;
    return conf.open_file_cache->get();
}

}  // namespace

files::Found open_file(Request& r, std::string_view path)
{
    files::Rules rules;
    files::OpenFiles* cache = cache_and_rules(r, path, rules);
    return cache ? cache->open(path, rules) : files::open_once(path, rules.links);
}

int file_info(Request& r, std::string_view path, os::FileInfo& info)
{
    files::Rules rules;
    files::OpenFiles* cache = cache_and_rules(r, path, rules);
    return cache ? cache->info(path, rules, info) : os::file_info(path.data(), rules.links, info);
}

}  // namespace sluice::static_
