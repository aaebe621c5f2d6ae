// SPDX-License-Identifier: Apache-2.0
#include "core/http/core_blocks.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/base/log_files.h"
#include "core/http/listen_directive.h"
#include "core/os/host.h"

namespace sluice::http {
namespace {

struct LocationLine {
    Location::Kind kind = Location::prefix;
    std::string name;
    bool caseless = false;
    size_t arg = 0, skip = 0;  // where the name stands
};

bool parse_location_line(conf::Apply& apply, LocationLine& line)
{
    std::string_view first = apply.arg(0);
    auto modifier = [&](std::string_view m) {
        if (m == "=")
            line.kind = Location::exact;
        else if (m == "^~")
            line.kind = Location::prefix_no_regex;
        else if (m == "~" || m == "~*")
            line.kind = Location::regex, line.caseless = m == "~*";
        else
            return false;
        return true;
    };
    if (apply.size() == 2) {
        if (!modifier(first)) {
            apply.fail_at(0, fmt::format("invalid location modifier \"{}\"", first),
                          "one of = ^~ ~ ~*");
            return false;
        }
        line.name = apply.arg(line.arg = 1);
        return true;
    }
    // The modifier may stick to the name.
    for (std::string_view m : {"=", "^~", "~*", "~"})
        if (first.starts_with(m)) {
            modifier(m);
            line.name = first.substr(line.skip = m.size());
            return true;
        }
    line.name = first;
    if (first.starts_with('@'))
        line.kind = Location::named;
    return true;
}

bool fits_inside(conf::Apply& apply, const LocationLine& line, const Location& outer)
{
    auto refuse = [&](std::string_view why) {
        apply.fail(fmt::format("location \"{}\" {}", line.name, why));
        return false;
    };
    if (outer.kind == Location::server_root)
        return true;
    if (outer.kind == Location::exact)
        return refuse(fmt::format("cannot be inside the exact location \"{}\"", outer.name));
    if (outer.kind == Location::named)
        return refuse(fmt::format("cannot be inside the named location \"{}\"", outer.name));
    if (line.kind == Location::named)
        return refuse("can be on the server level only");
    if (line.kind != Location::regex && outer.kind != Location::regex &&
        !line.name.starts_with(outer.name))
        return refuse(fmt::format("is outside location \"{}\"", outer.name));
    return true;
}

void refuse_name(conf::Apply& apply, size_t i, const Server& server)
{
    ListenLine line = server.listens.empty() ? default_listen() : server.listens.front();
    apply.fail_at(i, fmt::format("invalid server name or wildcard \"{}\" on {}", apply.arg(i),
                                 line.spec.text));
}

bool compile_pattern(conf::Apply& apply, const LocationLine& line, Location& location)
{
    if (!compile_regex(apply, line.arg, line.skip, line.caseless, location.pattern))
        return false;
    location.groups = bind_groups(location.pattern, http_block(apply).main.variables);
    return true;
}

}  // namespace

void open_http(conf::Apply& apply, HttpRoot& root)
{
    Main* main = root.main;
    if (main->present)
        return apply.fail_directive("is duplicate");
    main->present = true;
    HttpBlock block(conf::in_http, &apply.block, *main, &main->main_confs, &main->server_confs,
                    main->root, nullptr);
    apply.in.run(apply.node.children, block);
}

void open_server(conf::Apply& apply)
{
    Main& main = http_block(apply).main;
    main.servers.push_back(std::make_unique<Server>(main));
    Server& server = *main.servers.back();
    server.root.server = &server;
    HttpBlock block(conf::in_server, &apply.block, main, &main.main_confs, &server.confs,
                    server.root, &server);
    apply.in.run(apply.node.children, block);
}

void open_location(conf::Apply& apply)
{
    HttpBlock& outer = http_block(apply);
    LocationLine line;
    if (!parse_location_line(apply, line) || !fits_inside(apply, line, outer.location))
        return;
    Server& server = *outer.server;
    auto made = std::make_unique<Location>();
    Location& location = *made;
    location.kind = line.kind;
    location.name = line.name;
    location.server = &server;
    location.parent = &outer.location;
    if (line.kind == Location::regex && !compile_pattern(apply, line, location))
        return;
    server.locations.push_back(std::move(made));
    bool fresh = line.kind == Location::named
                     ? server.named.emplace(line.name, &location).second
                     : outer.location.children.add(location) == LocationTree::ok;
    if (!fresh)
        apply.fail(fmt::format("duplicate location \"{}\"", line.name));
    HttpBlock block(conf::in_location, &apply.block, outer.main, &outer.main.main_confs,
                    &server.confs, location, &server);
    apply.in.run(apply.node.children, block);
}

void open_types(conf::Apply& apply, CoreLocation& conf)
{
    auto types = conf.types.is_set() && *conf.types ? *conf.types : std::make_shared<MimeTypes>();
    for (const conf::Node& node : apply.node.children)
        for (const conf::Token& extension : node.args) {
            auto [it, fresh] = types->emplace(lower(extension.text), node.name.text);
            if (fresh)
                continue;
            apply.diag.warn(extension.pos, "duplicate-extension",
                            fmt::format("duplicate extension \"{}\", content type: \"{}\", "
                                        "previous content type: \"{}\"",
                                        extension.text, node.name.text, it->second));
            it->second = node.name.text;
        }
    conf.types.set(types);
}

void set_server_name(conf::Apply& apply)
{
    HttpBlock& block = http_block(apply);
    Server& server = *block.server;
    for (size_t i = 0; i < apply.size(); ++i) {
        std::string_view text = apply.arg(i);
        ServerName name;
        if (text.starts_with('~')) {
            if (text.size() == 1)
                return apply.fail_at(i, fmt::format("empty regex in server name \"{}\"", text));
            name.is_regex = true;
            name.text = text.substr(1);
            if (!compile_regex(apply, i, 1, true, name.pattern))
                return;
            name.groups = bind_groups(name.pattern, block.main.variables);
        } else {
            if (text.find('/') != std::string_view::npos)
                apply.warn("server-name-slash",
                           fmt::format("server name \"{}\" has suspicious symbols", text));
            name.text = text == "$hostname" ? lower(os::host_name()) : lower(text);
            size_t star = name.text.find('*');
            bool good = star == std::string::npos || name.text.starts_with("*.") ||
                        name.text.ends_with(".*");
            if (!good || name.text.find("..") != std::string::npos ||
                std::count(name.text.begin(), name.text.end(), '*') > 1)
                return refuse_name(apply, i, server);
        }
        std::string name_text = name.text;
        server.names.push_back(std::move(name));
        if (server.names.size() == 1)
            server.first_name = text == "$hostname"
                                    ? name_text
                                    : std::string(text.starts_with('.') ? text.substr(1) : text);
    }
}

void set_error_log(conf::Apply& apply, CoreLocation& conf)
{
    const std::string& path = apply.arg(0);
    Level level = Level::error;
    if (apply.size() > 1 && !level_from_name(apply.arg(1), level))
        return apply.fail_at(1, fmt::format("invalid log level \"{}\"", apply.arg(1)));
    if (!conf.error_log.is_set() || !*conf.error_log)
        conf.error_log.set(std::make_shared<Log>());
    if (path.starts_with("syslog:") || path.starts_with("memory:")) {
        std::string kind = path.substr(0, path.find(':'));
        apply.diag.lacks(kind);
        return apply.fail_at(0, fmt::format("\"{}\" logs are not built into this sluice", kind),
                             "write a file, or stderr");
    }
    (*conf.error_log)
        ->add(LogFiles::current().file(path, apply.diag.in_place(apply.node.stop)), level);
}

}  // namespace sluice::http
