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

Group* Groups::define(const std::string& name)
{
    auto [it, fresh] = defined_.emplace(name, nullptr);
    if (!fresh)
        return nullptr;
    it->second = std::make_unique<Group>(name);
    return it->second.get();
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

// Without a port the same text is another address over TLS.
std::string Groups::key_of(std::string_view address, uint16_t default_port)
{
    std::string key(address);
    return default_port == 80 ? key : key + fmt::format(" {}", default_port);
}

std::shared_ptr<Secure> Groups::secure(const std::string& shape, bool& fresh)
{
    auto [it, made] = secure_.emplace(shape, nullptr);
    if (made)
        it->second = std::make_shared<Secure>();
    fresh = made;
    return it->second;
}

Group& Groups::implicit(std::string_view address, uint16_t default_port, conf::Diagnostics& diag,
                        conf::Pos pos)
{
    std::string key = key_of(address, default_port);
    if (auto it = implicit_.find(key); it != implicit_.end())
        return *it->second;
    auto group = std::make_unique<Group>(std::string(address));
    std::string host;
    uint16_t port = 0;
    PeerSource source;
    if (!split_host_port(address, default_port, host, port))
        diag.error(pos, fmt::format("invalid port in upstream \"{}\"", address));
    else if (literal(host, port, source.pattern.address))
        group->add(std::move(source.pattern));
    else if (host.starts_with("unix:"))
        diag.error(pos, fmt::format("invalid unix socket path in upstream \"{}\"", address));
    else {
        source.host = host;
        source.port = port;
        std::string why;
        if (!group->add_name(std::move(source), why))
            diag.warn(
                pos, "host-not-found",
                fmt::format(
                    "host not found in upstream \"{}\" ({}); requests get 502 until it resolves",
                    address, why));
    }
    return *implicit_.emplace(key, std::move(group)).first->second;
}

Group* Groups::dynamic(std::string_view address, uint16_t default_port)
{
    if (Group* group = find(address))
        return group;
    std::string key = key_of(address, default_port);
    if (auto it = implicit_.find(key); it != implicit_.end())
        return it->second.get();
    PeerSource source;
    if (implicit_.size() >= max_dynamic ||
        !split_host_port(address, default_port, source.host, source.port))
        return nullptr;
    auto group = std::make_unique<Group>(std::string(address));
    if (serving_)
        group->serve(board_);
    if (literal(source.host, source.port, source.pattern.address))
        group->add(std::move(source.pattern));
    else if (source.host.starts_with("unix:"))
        return nullptr;
    else
        group->add_later(std::move(source));
    return implicit_.emplace(key, std::move(group)).first->second.get();
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
    for (const auto* groups : {&defined_, &implicit_})
        for (const auto& [name, group] : *groups)
            for (const auto& peer : group->peers())
                peers.push_back({peer.get(), &group->checks});
    return board_.open(running ? &running->board_ : nullptr, peers);
}

void Groups::begin(size_t line, int pid)
{
    serving_ = true;
    board_.begin(line, pid);
    for (auto* groups : {&defined_, &implicit_})
        for (auto& [name, group] : *groups)
            group->serve(board_);
}

}  // namespace sluice::upstream
