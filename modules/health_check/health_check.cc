// SPDX-License-Identifier: Apache-2.0
// health_check: servers of an upstream group are asked whether they live, before clients find out.
#include <map>

#include "core/base/hash.h"
#include "core/http/service.h"
#include "core/upstream/groups.h"
#include "modules/health_check/prober.h"

namespace sluice::health_check {

extern const Module module;

namespace {

constexpr int64_t max_grpc_status = 16;  // UNAUTHENTICATED

struct Named {
    Match match;
    uint64_t identity = 0;
};

struct Main {
    std::map<std::string, std::unique_ptr<Named>> matches;
    std::vector<std::shared_ptr<Check>> checks;  // of all locations
};

/// Not inherited: it belongs to its location.
struct Conf {
    std::vector<std::shared_ptr<Check>> checks;
};

uint64_t identity_of(const conf::Node& node, uint64_t seed)
{
    for (const auto& arg : node.args)
        seed = hash_bytes(arg.text, seed + 1);
    for (const conf::Node& child : node.children)
        seed = identity_of(child, hash_bytes(child.name.text, seed));
    return seed;
}

void open_match(Apply& apply, Main& main)
{
    auto& named = main.matches[apply.arg(0)];
    if (named)
        return apply.fail(fmt::format("duplicate match \"{}\"", apply.arg(0)));
    named = std::make_unique<Named>();
    named->identity = identity_of(apply.node, 1);
    named->match.read(apply);
}

bool parse_times(Apply& apply, size_t i, std::string_view name, std::string_view value,
                 Check& check)
{
    ms* to = name == "interval"         ? &check.interval
             : name == "jitter"         ? &check.jitter
             : name == "timeout"        ? &check.timeout
             : name == "keepalive_time" ? &check.keepalive_time
                                        : nullptr;
    auto time = to ? conf::parse_ms(value) : std::nullopt;
    if (time)
        *to = *time;
    bool never = (to == &check.interval || to == &check.timeout) && time && time->count() == 0;
    if (!time || never)
        apply.fail_at(i, fmt::format("invalid parameter \"{}\"", apply.arg(i)));
    return time && !never;
}

bool parse_count(Apply& apply, size_t i, std::string_view value, int64_t most, int64_t& out)
{
    auto n = parse_decimal(value);
    if (n && *n >= 1 && *n <= most) {
        out = *n;
        return true;
    }
    apply.fail_at(i, fmt::format("invalid parameter \"{}\"", apply.arg(i)));
    return false;
}

bool parse_type(Apply& apply, size_t i, std::string_view value, Check& check)
{
    check.type = value == "tcp" ? Check::tcp : value == "grpc" ? Check::grpc : Check::http;
    if (check.type != Check::http || value == "http")
        return true;
    apply.fail_at(i, fmt::format("invalid parameter \"{}\"", apply.arg(i)), "http, tcp or grpc");
    return false;
}

bool parse_parameter(Apply& apply, size_t i, Check& check)
{
    std::string_view word = apply.arg(i), name = word.substr(0, word.find('='));
    std::string_view value = word.substr(std::min(word.size(), name.size() + 1));
    int64_t n = 0;
    if (word == "mandatory")
        return check.spec.mandatory = true;
    if (word == "persistent")
        return check.spec.persistent = true;
    bool is_uri = value.starts_with('/') && value.find_first_of(" \r\n\t") == value.npos;
    if (name == "uri" && is_uri) {
        check.uri = value;
        return true;
    }
    if (name == "match" && !value.empty()) {
        check.match_name = value;
        return true;
    }
    if (name == "type")
        return parse_type(apply, i, value, check);
    if (name == "grpc_service" && !value.empty()) {
        check.grpc_service = value;
        return true;
    }
    if (name == "grpc_status") {
        bool good = parse_count(apply, i, value, max_grpc_status, n);
        check.grpc_status = static_cast<int>(n);
        return good;
    }
    if (name == "fails" || name == "passes") {
        bool good = parse_count(apply, i, value, UINT32_MAX, n);
        (name == "fails" ? check.fails : check.passes) = static_cast<uint32_t>(n);
        return good;
    }
    if (name == "port") {
        bool good = parse_count(apply, i, value, 65535, n);
        check.port = static_cast<uint16_t>(n);
        return good;
    }
    return parse_times(apply, i, name, value, check);
}

void add_check(Apply& apply, Conf& conf)
{
    auto check = std::make_shared<Check>();
    check->pos = apply.node.name.pos;
    check->spec.identity = identity_of(apply.node, 2);
    for (size_t i = 0; i < apply.size(); ++i)
        if (!parse_parameter(apply, i, *check))
            return;
    if (check->spec.persistent && !check->spec.mandatory)
        return apply.fail("\"persistent\" goes with \"mandatory\"");
    if (check->type != Check::http && (!check->match_name.empty() || check->uri != "/"))
        return apply.fail(fmt::format("\"uri\" and \"match\" do not go with \"type={}\"",
                                      check->type == Check::tcp ? "tcp" : "grpc"));
    if (check->type != Check::grpc && (!check->grpc_service.empty() || check->grpc_status))
        return apply.fail("\"grpc_service\" and \"grpc_status\" go with \"type=grpc\"");
    conf.checks.push_back(check);
}

void finish_location(Finish& finish, void* object)
{
    Conf& conf = *static_cast<Conf*>(object);
    Main& main = finish.main.conf<Main>(module);
    for (const auto& check : conf.checks) {
        const auto* bound = upstream::Groups::of(finish.main).of_location(*finish.location);
        if (!bound) {
            finish.diag.error(check->pos, "no upstream group to check",
                              "\"health_check\" stands beside a \"proxy_pass\" without variables");
            continue;
        }
        if (!bound->http && check->type == Check::http) {
            finish.diag.error(check->pos, "no HTTP is spoken with this upstream group",
                              "write \"health_check type=tcp\"");
            continue;
        }
        check->location = finish.location;
        check->group = bound->group;
        check->secure = bound->secure;
        check->tls_name = bound->tls_name;
        if (!check->match_name.empty()) {
            auto named = main.matches.find(check->match_name);
            if (named == main.matches.end()) {
                finish.diag.error(check->pos,
                                  fmt::format("unknown match \"{}\"", check->match_name));
                continue;
            }
            check->match = &named->second->match;
            check->spec.identity =
                hash_bytes("match", check->spec.identity ^ named->second->identity);
        }
        check->index = check->group->checks.size();
        if (check->index == upstream::PeerHealth::most) {
            finish.diag.error(check->pos,
                              fmt::format("more than {} health checks of upstream \"{}\"",
                                          check->index, check->group->name()));
            continue;
        }
        check->group->checks.push_back(check->spec);
        main.checks.push_back(check);
    }
}

std::shared_ptr<void> start(http::Service& service)
{
    const auto& checks = service.main().conf<Main>(module).checks;
    if (checks.empty())
        return nullptr;
    return std::make_shared<Prober>(checks, service);
}

constexpr Directive directives[] = {
    {"health_check", in_location, 0, any, call<add_check>},
    {"match", in_http, 1, 1, call<open_match>, true},
};

}  // namespace

const Module module{
    .name = "health_check",
    .directives = directives,
    .main_conf = &conf_of<Main, &Main::matches, &Main::checks>,
    .location_conf = &conf_of<Conf, &Conf::checks>,
    .install = [](Install& in) { in.at_start(start); },
    .finish_location = finish_location,
};

}  // namespace sluice::health_check
