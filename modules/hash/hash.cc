// SPDX-License-Identifier: Apache-2.0
// hash: a key of the request says which server it gets.
#include "modules/hash/hash.h"

#include <fmt/format.h>

#include "core/base/crc32.h"
#include "core/upstream/group_block.h"

namespace sluice::hash {
namespace {

constexpr int most_misses = 20;  // nginx's, as are the ways from keys to numbers

void set(Apply& apply)
{
    auto key = std::make_shared<Template>();
    if (!http::parse(apply, 0, *key))
        return;
    if (apply.size() == 1)
        return upstream::balance_with<Plain>(apply, upstream::weights_only,
                                             std::shared_ptr<const Template>(key));
    if (apply.arg(1) != "consistent")
        return apply.fail_at(1, fmt::format("invalid parameter \"{}\"", apply.arg(1)));
    upstream::balance_with<Consistent>(apply, upstream::weights_only,
                                       std::shared_ptr<const Template>(key));
}

constexpr Directive directives[] = {{"hash", in_upstream, 1, 2, conf::run<set>}};

}  // namespace

void Plain::set_peers(std::vector<upstream::Peer*> peers)
{
    line_.set(peers);
    RoundRobin::set_peers(std::move(peers));
}

upstream::Peer* Plain::pick(const upstream::Choice& choice)
{
    return pick_for(key_->eval(choice.request()), choice);
}

upstream::Peer* Plain::pick_for(std::string_view key, const upstream::Choice& choice)
{
    if (peers().size() < 2 || key.empty())
        return RoundRobin::pick(choice);
    uint32_t sum = 0;
    for (int miss = 0; miss <= most_misses; ++miss) {
        uint32_t crc = crc32_begin;
        if (miss > 0)
            crc = crc32(crc, fmt::format_int(miss).c_str());
        sum += (crc32_end(crc32(crc, key)) >> 16) & 0x7FFF;
        upstream::Peer& peer = line_.at(sum % line_.total());
        if (choice.usable(peer))
            return &peer;
    }
    return RoundRobin::pick(choice);
}

extern const Module module;
const Module module{.name = "hash", .directives = directives};

}  // namespace sluice::hash
