// SPDX-License-Identifier: Apache-2.0
// Resolver: addresses of hosts, and of services (SRV), from DNS servers (DnsChannel) behind
// /etc/hosts. Each worker has its own, one for each `resolver` that its configuration writes, made
// when the first name is asked for: who has no names has nothing of it.
//  * Nothing waits here but for the disk: /etc/hosts is read for each question that is not known,
//    resolv.conf when it has changed (looked at once a second at most).
//  * An answer holds for its TTL, or for `valid`, at least a second; that there is none (or that
//    servers failed) for one second. Who asks again meanwhile gets it, who asks while the question
//    is on its way shares it.
//  * Who has waited for `timeout` is told so; the answer is kept all the same when it comes.
//  * A name has both kinds of addresses unless the rules exclude one; if one kind cannot be had for
//    a failure, the other one is the answer. The addresses of a service are those of its hosts.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/clock.h"
#include "core/base/list.h"
#include "core/event/timer.h"
#include "core/net/scoreboard.h"
#include "core/os/address.h"
#include "core/os/disk.h"

namespace sluice::net {

class DnsChannel;

/// What a configuration says about resolving names.
struct ResolverRules {
    std::vector<os::Address> servers;  // none: resolv.conf's
    bool ipv4 = true, ipv6 = true;
    ms valid{0};  // 0: as long as the TTL says
    ms timeout{30000};
    ms stale{86400000};  // how long users keep the last good answer when there is no new one
    std::string resolv_conf = "/etc/resolv.conf";

    bool operator==(const ResolverRules&) const = default;
};

/// What is known of a name.
struct Names {
    enum Kind : uint8_t {
        found,
        missing,    // there is no such name, or it has no address
        failed,     // the servers do not say
        timed_out,  // not in time
    } kind = failed;
    int code = 0;           // as nginx's log numbers it: RFC 1035's, or errno
    std::string_view text;  // and words it; never dies
    struct Place {
        os::Address address;  // port 0, but of services
        uint16_t priority = 0, weight = 0;
        bool operator==(const Place&) const = default;
    };
    std::vector<Place> places;
    Instant until{0};  // it holds
};

/// Who asks; unlinks itself when it goes.
struct NameAskerTag;
class NameAsker : public ListHook<NameAskerTag>
{
public:
    /// Never from inside ask(). May ask again.
    virtual void answered(const Names& names) = 0;

protected:
    ~NameAsker() = default;
};

class Resolver : private event::Timer
{
public:
    /// Both outlive it.
    Resolver(const ResolverRules& rules, ResolverCounts& counts);
    ~Resolver();
    Resolver(const Resolver&) = delete;

    /// An asker asks one thing at a time. `service`: a name of SRV records to put before `host`
    /// ("http": "_http._tcp"); empty: none, the addresses of the host.
    void ask(std::string_view host, std::string_view service, NameAsker& asker);
    const ResolverRules& rules() const { return rules_; }
    ResolverCounts& counts() { return counts_; }

private:
    class Entry;
    DnsChannel* channel();
    void finished(Entry& entry);
    void expired() override;
    void forget_old();

    const ResolverRules& rules_;
    ResolverCounts& counts_;
    std::unordered_map<std::string, std::unique_ptr<Entry>> entries_;
    struct ToldTag;
    List<Entry, ToldTag> finished_;  // to be told about
    size_t forget_at_ = 64;
    os::FileInfo resolv_conf_;
    Instant looked_at_{0};
    // Last: what they still ask is asked by the entries.
    std::unique_ptr<DnsChannel> channel_;
    std::vector<std::unique_ptr<DnsChannel>> retired_;  // of an older resolv.conf
};

/// Those of one worker.
class Resolvers
{
public:
    /// `rules` are kept.
    Resolver& of(const std::shared_ptr<const ResolverRules>& rules);
    /// Where it is counted from now on.
    void count_in(ResolverCounts& counts) { counts_ = &counts; }
    bool empty() const { return made_.empty(); }

private:
    ResolverCounts own_counts_;
    ResolverCounts* counts_ = &own_counts_;
    std::vector<std::pair<std::shared_ptr<const ResolverRules>, std::unique_ptr<Resolver>>> made_;
};

/// The name whose SRV records are asked for.
std::string service_name(std::string_view host, std::string_view service);

}  // namespace sluice::net
