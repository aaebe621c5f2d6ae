// SPDX-License-Identifier: Apache-2.0
// The balancers of `hash KEY` and `hash KEY consistent`: the same server as nginx (and the Perl
// module Cache::Memcached, or Cache::Memcached::Fast with ketama) picks, of the same list.
#pragma once

#include <memory>
#include <string>

#include "core/http/module.h"
#include "core/upstream/round_robin.h"
#include "modules/lib/weight_line.h"

namespace sluice::hash {

/// By the remainder: when one server comes or goes nearly all keys move.
class Plain : public upstream::RoundRobin
{
public:
    explicit Plain(std::shared_ptr<const Template> key) : key_(std::move(key)) {}
    void set_peers(std::vector<upstream::Peer*> peers) override;
    upstream::Peer* pick(const upstream::Choice& choice) override;
    upstream::Peer* pick_for(std::string_view key, const upstream::Choice& choice);

private:
    std::shared_ptr<const Template> key_;
    WeightLine line_;
};

/// 160 points on a ring for each unit of weight; a key belongs to the next point. When one of n
/// servers goes, about 1/n of the keys move.
class Consistent : public upstream::RoundRobin
{
public:
    explicit Consistent(std::shared_ptr<const Template> key) : key_(std::move(key)) {}
    void set_peers(std::vector<upstream::Peer*> peers) override;
    upstream::Peer* pick(const upstream::Choice& choice) override;
    upstream::Peer* pick_for(std::string_view key, const upstream::Choice& choice);

private:
    /// One name in the configuration; it may have several addresses.
    struct Server {
        std::vector<upstream::Peer*> peers;
    };
    void add_points(std::string_view server, int weight, uint32_t index);
    void sort_points();
    size_t point_of(uint32_t hash) const;
    upstream::Peer* usable_of(const Server& server, const upstream::Choice& choice);

    std::shared_ptr<const Template> key_;
    std::vector<Server> servers_;
    std::vector<uint64_t> points_;  // hash << 32 | index of the server, ascending
    std::vector<uint32_t> first_;   // the first point of each value of the hash's upper 16 bits
    std::vector<upstream::Peer*> usable_;
};

}  // namespace sluice::hash
