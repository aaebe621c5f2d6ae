// SPDX-License-Identifier: Apache-2.0
#include "core/http/resolver_directive.h"

#include <fmt/format.h>

#include "core/base/bytes.h"
#include "core/conf/values.h"

namespace sluice::http {
namespace {

constexpr uint16_t dns_port = 53;

bool invalid(conf::Apply& apply, size_t i)
{
    apply.fail_at(i, fmt::format("invalid parameter: {}", apply.arg(i)));
    return false;
}

bool parse_switch(conf::Apply& apply, size_t i, std::string_view value, bool& out)
{
    out = value == "on";
    return out || value == "off" || invalid(apply, i);
}

bool add_server(conf::Apply& apply, size_t i, std::vector<os::Address>& servers)
{
    std::string text = apply.arg(i), host = text;
    uint16_t port = dns_port;
    os::Address address;
    if (os::Address::from_literal(text, port, address)) {
        servers.push_back(address);
        return true;
    }
    if (size_t colon = text.rfind(':'); colon != text.npos && text.find(']', colon) == text.npos) {
        auto n = parse_decimal(std::string_view(text).substr(colon + 1));
        if (!n || *n < 1 || *n > 65535) {
            apply.fail_at(i, fmt::format("invalid port in resolver \"{}\"", text));
            return false;
        }
        port = static_cast<uint16_t>(*n);
        host = text.substr(0, colon);
    }
    if (os::Address::from_literal(host, port, address)) {
        servers.push_back(address);
        return true;
    }
    auto found = os::resolve(host, port);
    if (!found || found->empty()) {
        apply.fail_at(i, fmt::format("host not found in resolver \"{}\"", text));
        return false;
    }
    servers.insert(servers.end(), found->begin(), found->end());
    return true;
}

}  // namespace

bool parse(conf::Apply& apply, size_t arg, ResolverLine& out)
{
    auto rules = std::make_shared<net::ResolverRules>();
    for (size_t i = arg; i < apply.size(); ++i) {
        std::string_view word = apply.arg(i), name = word.substr(0, word.find('='));
        std::string_view value = word.substr(std::min(word.size(), name.size() + 1));
        bool good = true;
        if (word.starts_with("valid=")) {
            auto time = conf::parse_seconds(value);
            good = time || invalid(apply, i);
            rules->valid = time.value_or(std::chrono::seconds{0});
        } else if (word.starts_with("ipv4=")) {
            good = parse_switch(apply, i, value, rules->ipv4);
        } else if (word.starts_with("ipv6=")) {
            good = parse_switch(apply, i, value, rules->ipv6);
        } else if (word.starts_with("status_zone=")) {
            good = !value.empty() || invalid(apply, i);
        } else {
            good = add_server(apply, i, rules->servers);
        }
        if (!good)
            return false;
    }
    if (rules->servers.empty())
        apply.fail("no name servers defined");
    else if (!rules->ipv4 && !rules->ipv6)
        apply.fail("\"ipv4\" and \"ipv6\" cannot both be \"off\"");
    out.rules = rules;
    return !apply.failed();
}

void ResolverSettings::inherit(const ResolverSettings& parent)
{
    resolver.inherit(parent.resolver);
    timeout.inherit(parent.timeout);
    stale.inherit(parent.stale);
}

std::shared_ptr<const net::ResolverRules> ResolverSettings::rules() const
{
    if (!resolver.is_set() && !timeout.is_set() && !stale.is_set())
        return nullptr;
    auto rules = std::make_shared<net::ResolverRules>();
    if (resolver.is_set())
        *rules = *resolver->rules;
    rules->timeout = *timeout;
    rules->stale = *stale;
    return rules;
}

}  // namespace sluice::http
