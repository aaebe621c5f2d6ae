// SPDX-License-Identifier: Apache-2.0
#include "core/net/resolver.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/event/loop.h"
#include "core/net/dns_channel.h"

namespace sluice::net {
namespace {

constexpr ms least{1000};       // that an answer holds
constexpr ms hosts_file{5000};  // that what stands there holds
constexpr ms look_again{1000};  // at resolv.conf

struct Reason {
    int code;
    std::string_view text;
};

// nginx's, which tools look for.
Reason reason_of(int status)
{
    switch (status) {
    case ARES_EFORMERR:
    case ARES_EBADRESP:
    case ARES_EBADNAME: return {1, "Format error"};
    case ARES_ENODATA:
    case ARES_ENOTFOUND: return {3, "Host not found"};
    case ARES_ENOTIMP: return {4, "Unimplemented"};
    case ARES_EREFUSED: return {5, "Operation refused"};
    case ARES_ETIMEOUT: return {ETIMEDOUT, "Operation timed out"};
    default: return {2, "Server failure"};
    }
}

}  // namespace

std::string service_name(std::string_view host, std::string_view service)
{
    if (service.find('.') != service.npos)
        return fmt::format("{}.{}", service, host);
    return fmt::format("_{}._tcp.{}", service, host);
}

/// A name, what is known of it, and who wants to know.
class Resolver::Entry : public ::sluice::ListHook<ToldTag>, private event::Timer
{
public:
    Entry(Resolver& resolver, std::string_view host, std::string_view service)
        : resolver_(resolver), host_(host), service_(service)
    {
    }
    void ask(NameAsker& asker)
    {
        asker.unlink();
        askers_.push_back(asker);
        if (known_ && Clock::now() < names_.until) {
            resolver_.finished(*this);
            return;
        }
        if (outstanding_ == 0)
            begin();
        if (outstanding_ != 0 && !event::Timer::set())
            event::Loop::current().timers().add(*this, Clock::in(resolver_.rules_.timeout));
    }
    void tell()
    {
        List<NameAsker, NameAskerTag> askers;
        askers.splice_back(askers_);
        Names names =
            late_ ? Names{Names::timed_out, ETIMEDOUT, "Operation timed out", {}, {}} : names_;
        late_ = false;
        while (NameAsker* asker = askers.pop_front())
            asker->answered(names);
    }
    bool told_later() const { return ::sluice::ListHook<ToldTag>::linked(); }
    bool idle() const
    {
        return outstanding_ == 0 && askers_.empty() && !told_later() &&
               Clock::now() >= names_.until;
    }

private:
    /// One question to the servers.
    struct Question final : DnsChannel::Asker {
        explicit Question(Entry& e) : entry(e) {}
        ~Question() = default;
        void replied(DnsReply r) override
        {
            reply = std::move(r);
            entry.one_replied();
        }
        Entry& entry;
        DnsReply reply;
    };
    /// A host that has the service.
    struct Target final : NameAsker {
        explicit Target(Entry& e, const DnsReply::Service& s) : entry(e), service(s) {}
        ~Target() = default;
        void answered(const Names& n) override
        {
            names = n;
            entry.one_replied();
        }
        Entry& entry;
        DnsReply::Service service;
        Names names;
    };

    void begin()
    {
        DnsChannel* channel = resolver_.channel();
        targets_.clear();
        for (Question& q : questions_)
            q.reply = {DnsReply::missing, ARES_ENOTFOUND, 0, {}, {}};
        ++resolver_.counts_.questions;
        outstanding_ = 1;  // ours: replies may come at once
        if (!channel) {
            questions_[0].reply = {DnsReply::failed, ARES_ENOMEM, 0, {}, {}};
        } else if (!service_.empty()) {
            ++outstanding_;
            channel->ask_services(service_name(host_, service_), questions_[0]);
        } else if (!from_hosts_file(*channel)) {
            if (resolver_.rules_.ipv4) {
                ++outstanding_;
                channel->ask_addresses(host_, AF_INET, questions_[0]);
            }
            if (resolver_.rules_.ipv6) {
                ++outstanding_;
                channel->ask_addresses(host_, AF_INET6, questions_[1]);
            }
        }
        one_replied();
    }
    bool from_hosts_file(const DnsChannel& channel)
    {
        DnsReply& reply = questions_[0].reply;
        for (const os::Address& a : channel.in_hosts_file(host_))
            if (a.family() == AF_INET ? resolver_.rules_.ipv4 : resolver_.rules_.ipv6)
                reply.addresses.push_back(a);
        if (reply.addresses.empty())
            return false;
        reply.kind = DnsReply::found;
        reply.ttl = static_cast<uint32_t>(hosts_file.count() / 1000);
        return true;
    }
    void one_replied()
    {
        if (--outstanding_ != 0)
            return;
        if (!service_.empty() && targets_.empty() && questions_[0].reply.kind == DnsReply::found)
            ask_targets();
        else
            finish();
    }
    void ask_targets()
    {
        for (const DnsReply::Service& s : questions_[0].reply.services)
            targets_.push_back(std::make_unique<Target>(*this, s));
        outstanding_ = targets_.size();
        for (auto& target : targets_)
            resolver_.ask(target->service.host, {}, *target);
    }

    void finish()
    {
        Names names;
        Instant now = Clock::now();
        uint32_t ttl = UINT32_MAX;
        int failure = ARES_SUCCESS;
        for (const Question& q : questions_) {
            if (q.reply.kind == DnsReply::failed && failure == ARES_SUCCESS)
                failure = q.reply.status;
            if (q.reply.kind == DnsReply::found)
                ttl = std::min(ttl, q.reply.ttl);
            for (const os::Address& a : q.reply.addresses)
                names.places.push_back({a, 0, 0});
        }
        names.until = now + ms{int64_t{1000} * ttl};
        bool target_failed = false;
        for (const auto& target : targets_) {
            const DnsReply::Service& s = target->service;
            names.until = std::min(names.until, std::max(target->names.until, now + least));
            target_failed = target_failed || target->names.kind > Names::missing;
            for (Names::Place place : target->names.places) {
                place.address.set_port(s.port);
                names.places.push_back({place.address, s.priority, s.weight});
            }
        }
        if (target_failed)
            failure = ARES_ESERVFAIL;
        bool found = !names.places.empty();
        names.kind = found                     ? Names::found
                     : failure != ARES_SUCCESS ? Names::failed
                                               : Names::missing;
        if (found && resolver_.rules_.valid.count())
            names.until = now + resolver_.rules_.valid;
        names.until = found ? std::max(names.until, now + least) : now + least;
        if (failure == ARES_ETIMEOUT && !found)
            names.kind = Names::timed_out;
        if (!found) {
            Reason reason = reason_of(failure != ARES_SUCCESS ? failure : ARES_ENOTFOUND);
            names.code = reason.code;
            names.text = reason.text;
        }
        ++(found                          ? resolver_.counts_.found
           : names.kind == Names::missing ? resolver_.counts_.missing
                                          : resolver_.counts_.failed);
        names_ = std::move(names);
        known_ = true;
        late_ = false;
        targets_.clear();
        event::Timer::cancel();
        resolver_.finished(*this);
    }
    void expired() override
    {
        late_ = true;
        resolver_.finished(*this);
    }

    Resolver& resolver_;
    std::string host_, service_;
    Names names_;
    bool known_ = false;
    bool late_ = false;  // who waits is told that it takes too long
    size_t outstanding_ = 0;
    std::array<Question, 2> questions_{Question(*this), Question(*this)};
    std::vector<std::unique_ptr<Target>> targets_;
    List<NameAsker, NameAskerTag> askers_;
};

Resolver::Resolver(const ResolverRules& rules, ResolverCounts& counts)
    : rules_(rules), counts_(counts)
{
}

Resolver::~Resolver() = default;

void Resolver::ask(std::string_view host, std::string_view service, NameAsker& asker)
{
    std::string key = fmt::format("{}/{}", service, host);
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    auto it = entries_.find(key);
    if (it == entries_.end()) {
        if (entries_.size() >= forget_at_)
            forget_old();
        it = entries_.emplace(key, std::make_unique<Entry>(*this, host, service)).first;
    }
    it->second->ask(asker);
}

// Each name is looked at a bounded number of times: half of the room at least is free then.
void Resolver::forget_old()
{
    std::erase_if(entries_, [](const auto& e) { return e.second->idle(); });
    forget_at_ = std::max<size_t>(64, 2 * entries_.size());
}

// Those of resolv.conf change with it.
DnsChannel* Resolver::channel()
{
    std::erase_if(retired_, [](const auto& channel) { return channel->idle(); });
    Instant now = Clock::now();
    if (rules_.servers.empty() && (!channel_ || now - looked_at_ >= look_again)) {
        looked_at_ = now;
        os::FileInfo info;
        os::file_info(rules_.resolv_conf.c_str(), {}, info);
        if (channel_ && !info.same_state(resolv_conf_))
            retired_.push_back(std::move(channel_));
        resolv_conf_ = info;
    }
    if (!channel_) {
        // Three rounds of this patience, doubled each time: two servers that are silent leave time
        // for a second question to each.
        ms patience = std::clamp(rules_.timeout / 8, ms{250}, ms{2000});
        channel_ = std::make_unique<DnsChannel>(
            DnsChannel::Rules{rules_.servers, rules_.resolv_conf, patience});
        if (!*channel_)
            channel_.reset();
    }
    return channel_.get();
}

// Told in a turn of its own: nobody hears of an answer while he asks.
void Resolver::finished(Entry& entry)
{
    if (entry.told_later())
        return;
    finished_.push_back(entry);
    if (!event::Timer::set())
        event::Loop::current().timers().add(*this, Clock::now());
}

void Resolver::expired()
{
    List<Entry, ToldTag> now;
    now.splice_back(finished_);
    while (Entry* entry = now.pop_front())
        entry->tell();
}

Resolver& Resolvers::of(const std::shared_ptr<const ResolverRules>& rules)
{
    for (auto& [known, resolver] : made_)
        if (*known == *rules)
            return *resolver;
    made_.emplace_back(rules, std::make_unique<Resolver>(*rules, *counts_));
    return *made_.back().second;
}

}  // namespace sluice::net
