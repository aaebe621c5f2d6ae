// SPDX-License-Identifier: Apache-2.0
// map: a variable whose value is looked up by the value of another.
#include "core/http/module.h"
#include "modules/map/table.h"

namespace sluice::map {

extern const Module module;

namespace {

using http::Value;

struct Map {
    Template source;
    Table table;
    std::vector<Template> entries;
    std::vector<http::NamedGroups> groups;  // of the regexes
    size_t fallback = Table::none;
    bool hostnames = false;
    bool is_volatile = false;
};

struct Conf {
    std::vector<std::unique_ptr<Map>> maps;
};

Value look_up(Request& r, const void* data)
{
    const Map& map = *static_cast<const Map*>(data);
    std::string_view text = map.source.eval(r);
    http::Captures captures;
    Table::Found found = map.table.find(text, map.hostnames, captures);
    if (found.regex != Table::none) {
        r.captures = captures;  // for $1 in the value, and behind it, as in nginx
        http::store_groups(r, map.groups[found.regex], captures);
    } else if (map.table.failed()) {
        r.log(Level::error, "a regular expression of a map gave up on \"{}\"", text);
    }
    size_t entry = found.entry == Table::none ? map.fallback : found.entry;
    return entry == Table::none ? std::string_view{} : map.entries[entry].eval(r);
}

// ---- reading ------------------------------------------------------------------------------------

class Reader
{
public:
    Reader(Apply& apply, Map& map)
        : apply_(apply), map_(map), variables_(http::http_block(apply).main.variables)
    {
    }

    /// The words that change how the rest is read may stand anywhere.
    void read(const std::vector<conf::Node>& lines)
    {
        for (const conf::Node& line : lines) {
            if (line.block)
                apply_.fail_node(line, "unexpected \"{\"");
            else if (!line.args.empty() || !read_option(line))
                read_line(line);
        }
    }

private:
    bool read_option(const conf::Node& line)
    {
        if (line.name.text == "hostnames")
            map_.hostnames = true;
        else if (line.name.text == "volatile")
            map_.is_volatile = true;
        else
            return false;
        return true;
    }

    void read_line(const conf::Node& line)
    {
        if (line.args.size() != 1)
            return apply_.fail_node(line, "invalid number of the map parameters");
        auto value = Template::compile(line.args[0].text, {line.stop, line.args[0].pos},
                                       apply_.diag, variables_);
        if (!value) {
            apply_.failed_ = true;
            return;
        }
        size_t entry = map_.entries.size();
        map_.entries.push_back(std::move(*value));
        std::string_view key = line.name.text;
        if (key == "default") {
            if (map_.fallback != Table::none)
                return apply_.fail_node(line, "duplicate default map parameter");
            map_.fallback = entry;
        } else if (key.starts_with('~')) {
            add_regex(line, key.substr(1), entry);
        } else {
            add_text(line, key, entry);
        }
    }

    void add_regex(const conf::Node& line, std::string_view pattern, size_t entry)
    {
        bool caseless = pattern.starts_with('*');
        auto regex = http::Regex::compile(std::string(pattern.substr(caseless)), caseless);
        if (!regex)
            return apply_.fail_in_name(line, 1 + caseless + regex.error().offset,
                                       regex.error().text);
        map_.groups.push_back(http::bind_groups(*regex, variables_));
        map_.table.add_regex(std::move(*regex), entry);
    }

    void add_text(const conf::Node& line, std::string_view key, size_t entry)
    {
        bool escaped = key.starts_with('\\');
        if (escaped)
            key.remove_prefix(1);
        std::optional<bool> fresh = map_.hostnames && !escaped ? map_.table.add_mask(key, entry)
                                                               : map_.table.add_exact(key, entry);
        if (!fresh)
            return apply_.fail_node(line, fmt::format("invalid hostname or wildcard \"{}\"", key));
        if (!*fresh)
            apply_.fail_node(line, fmt::format("conflicting parameter \"{}\"", key));
    }

    Apply& apply_;
    Map& map_;
    http::Variables& variables_;
};

void set_map(Apply& apply, Conf& conf)
{
    auto map = std::make_unique<Map>();
    if (!http::parse(apply, 0, map->source))
        return;
    std::string_view name = apply.arg(1);
    if (!name.starts_with('$') || name.size() == 1)
        return apply.fail_at(1, fmt::format("invalid variable name \"{}\"", name),
                             "it begins with $");
    Reader(apply, *map).read(apply.node.children);
    if (!http::http_block(apply).main.variables.define(name.substr(1), look_up, map.get(),
                                                       map->is_volatile))
        return apply.fail_at(1, fmt::format("the duplicate \"{}\" variable", name.substr(1)));
    conf.maps.push_back(std::move(map));
}

constexpr Directive directives[] = {
    {"map", in_http, 2, 2, call<set_map>, true},
    {"map_hash_max_size", in_http, 1, 1, conf::ignored},
    {"map_hash_bucket_size", in_http, 1, 1, conf::ignored},
};

}  // namespace

const Module module{
    .name = "map",
    .directives = directives,
    .main_conf = &conf_of<Conf, &Conf::maps>,
};

}  // namespace sluice::map
