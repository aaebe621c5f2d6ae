// SPDX-License-Identifier: Apache-2.0
// access_log and log_format.
#include "core/http/module.h"
#include "core/os/disk.h"
#include "modules/log/batch.h"
#include "modules/log/format.h"

#ifndef SLUICE_HTTP_LOG_PATH
#define SLUICE_HTTP_LOG_PATH "logs/access.log"
#endif

namespace sluice::log {

extern const Module module;

namespace {

constexpr std::string_view combined =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
    "\"$http_referer\" "
    "\"$http_user_agent\"";

struct Formats {
    std::vector<std::shared_ptr<Format>> list;
    std::unordered_map<std::string, std::shared_ptr<Batch>> batches;  // by path as written

    std::shared_ptr<Format> find(std::string_view name) const
    {
        for (auto& format : list)
            if (format->name() == name)
                return format;
        return nullptr;
    }
};

struct Target {
    std::shared_ptr<Batch> batch;  // null: the path has variables
    Template path;
    std::shared_ptr<Format> format;
    Template condition;
    bool has_condition = false;
};

struct Targets {
    std::vector<Target> list;
    bool off = false;
};

struct Conf {
    Setting<Targets> targets;
};

// ---- reading ------------------------------------------------------------------------------------

bool compile_format(Format& format, const std::string& text, const conf::Place& place,
                    conf::Diagnostics& diag, http::Variables& variables)
{
    auto part = Template::compile(text, place, diag, variables);
    if (part)
        format.add(*part);
    return part.has_value();
}

std::shared_ptr<Format> combined_format(Formats& formats, http::Variables& variables,
                                        conf::Diagnostics& diag)
{
    auto found = formats.find("combined");
    if (found)
        return found;
    auto format = std::make_shared<Format>("combined", Escape::text);
    compile_format(*format, std::string(combined), {}, diag, variables);
    formats.list.push_back(format);
    return format;
}

void set_format(Apply& apply, Formats& formats)
{
    const std::string& name = apply.arg(0);
    if (name == "combined" || formats.find(name))
        return apply.fail_at(0, fmt::format("duplicate \"log_format\" name \"{}\"", name));
    Escape escape = Escape::text;
    size_t first = 1;
    if (apply.arg(1).starts_with("escape=")) {
        std::string_view how = std::string_view(apply.arg(1)).substr(7);
        if (how == "json")
            escape = Escape::json;
        else if (how == "none")
            escape = Escape::none;
        else if (how != "default")
            return apply.fail_at(1, fmt::format("unknown log format escaping \"{}\"", how),
                                 "default, json or none");
        first = 2;
    }
    auto format = std::make_shared<Format>(name, escape);
    for (size_t i = first; i < apply.size(); ++i)
        if (!compile_format(*format, apply.arg(i), apply.place(i), apply.diag,
                            http::http_block(apply).main.variables))
            return;
    formats.list.push_back(std::move(format));
}

bool read_option(Apply& apply, size_t i, Target& target, Buffering& buffering)
{
    std::string_view word = apply.arg(i);
    auto value = [&](std::string_view key) { return word.substr(key.size()); };
    if (word.starts_with("buffer=")) {
        auto size = conf::parse_size(value("buffer="));
        if (!size || *size == 0) {
            apply.fail_at(i, fmt::format("invalid buffer size \"{}\"", word));
            return false;
        }
        buffering.size = *size;
        return true;
    }
    if (word.starts_with("flush=")) {
        auto time = conf::parse_ms(value("flush="));
        if (!time || time->count() == 0) {
            apply.fail_at(i, fmt::format("invalid flush time \"{}\"", word));
            return false;
        }
        buffering.flush = *time;
        return true;
    }
    if (word == "gzip" || word.starts_with("gzip=")) {
        apply.fail_at(i, "compressed access logs are not supported",
                      "write plain text and let logrotate compress it");
        return false;
    }
    if (word.starts_with("if=")) {
        auto condition = Template::compile(value("if="), apply.place(i, 3), apply.diag,
                                           http::http_block(apply).main.variables);
        if (!condition)
            return false;
        target.condition = std::move(*condition);
        target.has_condition = true;
        return true;
    }
    apply.fail_at(i, fmt::format("invalid parameter \"{}\"", word));
    return false;
}

std::shared_ptr<Batch> batch_of(Formats& formats, const std::string& path, Buffering buffering,
                                const std::string& where = {})
{
    auto& batch = formats.batches[path];
    if (!batch)
        batch = std::make_shared<Batch>(LogFiles::current().file(path, where), buffering);
    return batch;
}

bool set_path(Apply& apply, Formats& formats, Target& target, Buffering buffering)
{
    const std::string& path = apply.arg(0);
    if (path.find('$') != std::string::npos) {
        if (buffering.size) {
            apply.fail("buffered logs cannot have variables in name");
            return false;
        }
        return http::parse(apply, 0, target.path);
    }
    target.batch = batch_of(formats, path, buffering, apply.diag.in_place(apply.node.stop));
    if (!target.batch->set_buffering(buffering)) {
        apply.fail(
            fmt::format("access_log \"{}\" already defined with conflicting parameters", path));
        return false;
    }
    return true;
}

void set_access_log(Apply& apply, Conf& conf)
{
    const std::string& path = apply.arg(0);
    Targets& targets = conf.targets.edit();
    if (path == "off") {
        if (apply.size() > 1)
            return apply.fail_at(1, fmt::format("invalid parameter \"{}\"", apply.arg(1)));
        targets.off = true;
        return;
    }
    if (path.starts_with("syslog:")) {
        apply.diag.lacks("syslog");
        return apply.fail_at(0, "\"syslog\" logs are not built into this sluice",
                             "write a file, /dev/stdout or /dev/stderr");
    }
    auto& main = http::http_block(apply).main;
    Formats& formats = main.conf<Formats>(module);
    Target target;
    if (apply.size() == 1)
        target.format = combined_format(formats, main.variables, apply.diag);
    else if (apply.arg(1) == "combined")
        target.format = combined_format(formats, main.variables, apply.diag);
    else if (!(target.format = formats.find(apply.arg(1))))
        return apply.fail_at(1, fmt::format("unknown log format \"{}\"", apply.arg(1)));
    Buffering buffering;
    for (size_t i = 2; i < apply.size(); ++i)
        if (!read_option(apply, i, target, buffering))
            return;
    if (buffering.flush.count() && !buffering.size)
        return apply.fail(fmt::format("no buffer is defined for access_log \"{}\"", path));
    if (set_path(apply, formats, target, buffering))
        targets.list.push_back(std::move(target));
}

// Servers and locations for which nobody wrote access_log have nginx's default.
void finish_location(Finish& finish, void* conf)
{
    auto& targets = static_cast<Conf*>(conf)->targets;
    if (targets.is_set() || finish.main.servers.empty())
        return;
    Formats& formats = finish.main.conf<Formats>(module);
    Target target;
    target.format = combined_format(formats, finish.main.variables, finish.diag);
    target.batch = batch_of(formats, SLUICE_HTTP_LOG_PATH, {});
    targets.edit().list.push_back(std::move(target));
}

// ---- writing ------------------------------------------------------------------------------------

void write_named(Request& r, const Target& target)
{
    std::string_view path = target.path.eval(r);
    bool absolute = path.starts_with('/');
    path = r.arena().concat(absolute ? std::string_view{} : std::string_view(r.main().prefix), path,
                            std::string_view("\0", 1));
    if (path.substr(0, path.size() - 1).find('\0') != std::string_view::npos)
        return;
    static std::string line;  // a worker has one thread
    line.clear();
    target.format->render(r, line);
    if (int error = os::append_file(path.data(), line))
        r.log(Level::crit, "open() \"{}\" failed {}", path.substr(0, path.size() - 1),
              errno_text(error));
}

bool writes_log(const http::Location& location)
{
    const Targets& targets = *location.conf<Conf>(module).targets;
    return !targets.off && !targets.list.empty();
}

Task<Rc> on_log(Request& r)
{
    for (const Target& target : r.conf<Conf>(module).targets->list) {
        if (target.has_condition) {
            std::string_view wanted = target.condition.eval(r);
            if (wanted.empty() || wanted == "0")
                continue;
        }
        if (!target.batch) {
            write_named(r, target);
            continue;
        }
        size_t start = target.batch->text().size();
        target.format->render(r, target.batch->text());
        target.batch->line_added(start);
    }
    return next;
}

constexpr Directive directives[] = {
    {"log_format", in_http, 2, any, call<set_format>},
    {"access_log", everywhere | conf::in_if_location | conf::in_limit_except, 1, any,
     call<set_access_log>},
    {"open_log_file_cache", everywhere, 1, 4, conf::ignored},
};

}  // namespace

const Module module{
    .name = "log",
    .directives = directives,
    .main_conf = &conf_of<Formats, &Formats::list, &Formats::batches>,
    .location_conf = &conf_of<Conf, &Conf::targets>,
    .install = [](Install& in) { in.at(Phase::log, on_log, writes_log); },
    .finish_location = finish_location,
};

}  // namespace sluice::log
