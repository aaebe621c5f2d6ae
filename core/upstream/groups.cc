// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/groups.h"

#include "core/base/bytes.h"

namespace sluice::upstream {

Groups& Groups::of(http::Main& main)
{
    if (!main.upstreams)
        main.upstreams = std::make_shared<Groups>();
    return *static_cast<Groups*>(main.upstreams.get());
}

std::vector<const Group*> Groups::all() const
{
    std::vector<const Group*> groups;
    for (const auto& [name, group] : defined_)
        groups.push_back(group.get());
    return groups;
}

std::vector<Group*> Groups::defined()
{
    std::vector<Group*> groups;
    for (const auto& [name, group] : defined_)
        groups.push_back(group.get());
    return groups;
}

bool split_host_port(std::string_view address, uint16_t default_port, std::string& host,
                     uint16_t& port)
{
    if (address.starts_with("unix:")) {
        host = address;
        port = 0;
        return address.size() > 5;
    }
    size_t colon = address.rfind(':');
    size_t bracket = address.rfind(']');
    if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
        host = address;
        port = default_port;
        return !host.empty();
    }
    auto n = parse_decimal(address.substr(colon + 1));
    if (!n || *n < 1 || *n > 65535)
        return false;
    host = address.substr(0, colon);
    port = static_cast<uint16_t>(*n);
    return !host.empty();
}

Group* Groups::define(const std::string& name, std::string place)
{
    auto [it, fresh] = defined_.emplace(name, nullptr);
    if (!fresh)
        return nullptr;
    places_.emplace(name, std::move(place));
    it->second = std::make_unique<Group>(name);
    return it->second.get();
}

std::string Groups::hint_for(std::string_view address) const
{
    size_t best = 3;
    const std::pair<const std::string, std::string>* found = nullptr;
    for (const auto& declared : places_) {
        size_t distance = conf::edit_distance(address, declared.first, best - 1);
        if (distance < best && 2 * distance < declared.first.size()) {
            best = distance;
            found = &declared;
        }
    }
    return found ? fmt::format("did you mean upstream \"{}\" (declared at {})?", found->first,
                               found->second)
                 : "";
}

Group* Groups::find(std::string_view name) const
{
    auto it = defined_.find(name);
    return it == defined_.end() ? nullptr : it->second.get();
}

namespace {

bool literal(const std::string& host, uint16_t port, os::Address& out)
{
    if (host.starts_with("unix:"))
        return os::Address::from_unix(std::string_view(host).substr(5), out);
    return os::Address::from_literal(host, port, out);
}

}  // namespace

// Without a port the same text is another address over TLS, and a name is another one for another
// resolver.
std::string Groups::key_of(std::string_view address, uint16_t default_port,
                           const net::ResolverRules* resolver)
{
    std::string key(address);
    if (default_port != 80)
        key += fmt::format(" {}", default_port);
    if (resolver)
        key += fmt::format(" {}", static_cast<const void*>(resolver));
    return key;
}

std::shared_ptr<Secure> Groups::secure(const std::string& shape, bool& fresh)
{
    auto [it, made] = secure_.emplace(shape, nullptr);
    if (made)
        it->second = std::make_shared<Secure>();
    fresh = made;
    return it->second;
}

Group& Groups::implicit(std::string_view address, uint16_t default_port, http::Finish& finish,
                        conf::Pos pos)
{
    const auto& resolver = finish.location->resolver;
    std::string host;
    uint16_t port = 0;
    PeerSource source;
    bool good = split_host_port(address, default_port, host, port);
    bool is_literal = good && literal(host, port, source.pattern.address);
    std::string key = key_of(address, default_port, is_literal ? nullptr : resolver.get());
    if (auto it = implicit_.find(key); it != implicit_.end())
        return *it->second;
    auto group = std::make_unique<Group>(std::string(address));
    group->resolver = resolver;
    if (!good)
        finish.diag.error(pos, fmt::format("invalid port in upstream \"{}\"", address));
    else if (is_literal)
        group->add(std::move(source.pattern));
    else if (host.starts_with("unix:"))
        finish.diag.error(pos, fmt::format("invalid unix socket path in upstream \"{}\"", address));
    else {
        source.host = host;
        source.port = port;
        std::string why;
        if (!group->add_name(std::move(source), why))
            finish.diag.warn(
                pos, "host-not-found",
                fmt::format(
                    "host not found in upstream \"{}\" ({}); requests get 502 until it resolves",
                    address, why),
                conf::Pos{}, hint_for(address));
    }
    return *implicit_.emplace(key, std::move(group)).first->second;
}

Group* Groups::dynamic(std::string_view address, uint16_t default_port,
                       const std::shared_ptr<const net::ResolverRules>& resolver)
{
    if (Group* group = find(address))
        return group;
    PeerSource source;
    if (!split_host_port(address, default_port, source.host, source.port))
        return nullptr;
    bool is_literal = literal(source.host, source.port, source.pattern.address);
    if (!is_literal && source.host.starts_with("unix:"))
        return nullptr;
    std::string key = key_of(address, default_port, is_literal ? nullptr : resolver.get());
    for (auto* groups : {&implicit_, &dynamic_})
        if (auto it = groups->find(key); it != groups->end())
            return it->second.get();
    if (dynamic_.size() >= max_dynamic && !make_room())
        return nullptr;
    auto group = std::make_unique<Group>(std::string(address));
    group->resolver = resolver;
    if (is_literal)
        group->add(std::move(source.pattern));
    else
        group->add_lazily(std::move(source));
    if (serving_) {
        group->serve(board_, resolvers_, *log_);
        for (const auto& peer : group->peers())
            board_.adopt(*peer);
    }
    return dynamic_.emplace(key, std::move(group)).first->second.get();
}

// The group that nobody uses, longest.
bool Groups::make_room()
{
    auto oldest = dynamic_.end();
    for (auto it = dynamic_.begin(); it != dynamic_.end(); ++it)
        if (it->second->users == 0 &&
            (oldest == dynamic_.end() || it->second->used < oldest->second->used))
            oldest = it;
    if (oldest == dynamic_.end())
        return false;
    dynamic_.erase(oldest);
    return true;
}

void Groups::bind(const http::Location& location, Bound bound)
{
    bound_.insert_or_assign(&location, std::move(bound));
}

const Groups::Bound* Groups::of_location(const http::Location& location) const
{
    auto it = bound_.find(&location);
    return it == bound_.end() ? nullptr : &it->second;
}

std::string Groups::open(const Groups* running)
{
    std::vector<Board::Entry> peers;
    bool names = false;
    for (const auto* groups : {&defined_, &implicit_})
        for (const auto& [name, group] : *groups) {
            names = names || (group->has_names() && !group->checks.empty());
            for (const auto& peer : group->peers())
                peers.push_back({peer.get(), &group->checks});
        }
    return board_.open(running ? &running->board_ : nullptr, peers, names);
}

void Groups::count_names(net::ResolverCounts& counts, const Log& log)
{
    resolvers_.count_in(counts);
    log_ = &log;
}

void Groups::begin(size_t line, int pid)
{
    serving_ = true;
    board_.begin(line, pid);
    for (auto* groups : {&defined_, &implicit_})
        for (auto& [name, group] : *groups)
            group->serve(board_, resolvers_, *log_);
}

}  // namespace sluice::upstream
