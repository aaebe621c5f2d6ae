// SPDX-License-Identifier: Apache-2.0
// resolver, resolver_timeout, resolver_stale: who knows the addresses of names.
#pragma once

#include <memory>

#include "core/conf/conf.h"
#include "core/net/resolver.h"

namespace sluice::http {

/// What `resolver` itself says.
struct ResolverLine {
    std::shared_ptr<const net::ResolverRules> rules;
};
/// Names of servers are looked up now, blocking.
bool parse(conf::Apply& apply, size_t arg, ResolverLine& out);

struct ResolverSettings {
    conf::Setting<ResolverLine> resolver;
    conf::Setting<ms> timeout{ms{30000}};
    conf::Setting<ms> stale{ms{86400000}};

    void inherit(const ResolverSettings& parent);
    bool operator==(const ResolverSettings& other) const
    {
        return resolver->rules == other.resolver->rules && *timeout == *other.timeout &&
               *stale == *other.stale;
    }
    /// All of it. Null when nothing is written: resolv.conf and the defaults.
    std::shared_ptr<const net::ResolverRules> rules() const;
};

}  // namespace sluice::http
