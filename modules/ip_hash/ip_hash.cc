// SPDX-License-Identifier: Apache-2.0
// ip_hash: a client's address says which server it gets.
#include "modules/ip_hash/ip_hash.h"

#include "core/http/module.h"
#include "core/upstream/group_block.h"

namespace sluice::ip_hash {
namespace {

// All four numbers are nginx's: with others clients would change their servers.
constexpr uint32_t begin = 89, factor = 113, modulus = 6271;
constexpr int most_misses = 20;

void set(Apply& apply)
{
    upstream::balance_with<IpHash>(apply, upstream::weights_only);
}

constexpr Directive directives[] = {{"ip_hash", in_upstream, 0, 0, conf::run<set>}};

}  // namespace

upstream::Peer* IpHash::pick(const upstream::Choice& choice)
{
    return pick_for(choice.request().c.peer.bytes(), choice);
}

upstream::Peer* IpHash::pick_for(std::string_view address, const upstream::Choice& choice)
{
    if (peers().size() < 2)
        return RoundRobin::pick(choice);
    // A network of 256 addresses is one client.
    std::string_view key = address.size() == 4   ? address.substr(0, 3)
                           : address.size() > 16 ? address.substr(0, 16)
                                                 : address;
    if (key.empty())
        key = std::string_view("\0\0\0", 3);
    uint32_t hash = begin;
    for (int misses = 0; misses <= most_misses; ++misses) {
        for (char c : key)
            hash = (hash * factor + static_cast<unsigned char>(c)) % modulus;
        upstream::Peer& peer = line_.at(hash % line_.total());
        if (choice.usable(peer))
            return &peer;
    }
    return RoundRobin::pick(choice);
}

extern const Module module;
const Module module{.name = "ip_hash", .directives = directives};

}  // namespace sluice::ip_hash
