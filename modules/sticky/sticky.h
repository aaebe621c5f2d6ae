// SPDX-License-Identifier: Apache-2.0
// How clients are bound to servers: by a cookie of ours, by a variable that names the server's
// route, or by what the server itself gave them, which is learnt.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/hash.h"
#include "core/http/module.h"
#include "core/upstream/balancer.h"

namespace sluice::sticky {

extern const Module module;

using upstream::Choice;
using upstream::Peer;

/// What names a server in a cookie: its route, or the MD5 of its address in hex.
std::string name_of(const Peer& peer);

/// Peers by a name; made again when they have changed.
template <class Key, class Hash>
class Index
{
public:
    template <class NameOf>
    void refresh(const std::vector<Peer*>& peers, NameOf name_of)
    {
        if (known_)
            return;
        known_ = true;
        map_.clear();
        for (Peer* p : peers)
            map_.emplace(name_of(*p), p);
    }
    void forget() { known_ = false; }
    template <class K>
    Peer* find(const K& key) const
    {
        auto it = map_.find(key);
        return it == map_.end() ? nullptr : it->second;
    }

private:
    bool known_ = false;
    std::unordered_map<Key, Peer*, Hash, std::equal_to<>> map_;
};
using ByName = Index<std::string, ViewHash>;

class Cookie final : public upstream::Sticky
{
public:
    struct Attributes {
        std::optional<std::chrono::seconds> expires;
        bool for_ever = false, httponly = false, secure = false;
        Template domain, path, samesite;
    };
    Cookie(std::string name, Attributes attributes)
        : name_(std::move(name)), attributes_(std::move(attributes))
    {
    }
    Peer* find(const Choice& choice, const std::vector<Peer*>& peers) override;
    void peers_changed() override { index_.forget(); }
    void answered(Request& r, Peer& peer) override;

private:
    std::string name_;
    Attributes attributes_;
    ByName index_;
};

class Route final : public upstream::Sticky
{
public:
    explicit Route(std::vector<Template> from) : from_(std::move(from)) {}
    Peer* find(const Choice& choice, const std::vector<Peer*>& peers) override;
    void peers_changed() override { index_.forget(); }
    void answered(Request&, Peer&) override {}

private:
    std::vector<Template> from_;
    ByName index_;
};

class Learn final : public upstream::Sticky
{
public:
    /// In the zone: a session's server.
    struct Session {
        uint64_t peer;  // Peer::key
        uint32_t used;  // seconds of steady time

        /// The clock of the worker that used it last may be a little ahead of ours: then no time
        /// has passed.
        bool is_over(uint32_t now, std::chrono::seconds timeout) const
        {
            return now >= used && std::chrono::seconds(now - used) >= timeout;
        }
    };
    struct Rules {
        std::vector<Template> create, lookup;
        zone::Zone* zone = nullptr;
        std::chrono::seconds timeout{600};
    };
    explicit Learn(Rules rules) : rules_(std::move(rules)) {}
    Peer* find(const Choice& choice, const std::vector<Peer*>& peers) override;
    void peers_changed() override { index_.forget(); }
    void answered(Request& r, Peer& peer) override;

private:
    void forget_old(zone::Table& table, uint32_t now) const;

    Rules rules_;
    Index<uint64_t, std::hash<uint64_t>> index_;
};

}  // namespace sluice::sticky
