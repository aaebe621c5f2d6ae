// SPDX-License-Identifier: Apache-2.0
// random: any server, by weight; with `two` the better one of two.
#include "modules/random/random.h"

#include "core/http/module.h"
#include "core/upstream/group_block.h"
#include "modules/lib/response_time.h"

namespace sluice::random {
namespace {

constexpr int most_misses = 20;

double connections(const upstream::Peer& peer, Instant)
{
    return static_cast<double>(peer.in_use()) / peer.weight;
}

void set(Apply& apply)
{
    Score score = apply.size() > 0 ? &connections : nullptr;
    if (apply.size() > 0 && apply.arg(0) != "two")
        return apply.fail_at(0, fmt::format("invalid parameter \"{}\"", apply.arg(0)));
    if (apply.size() > 1) {
        if (apply.arg(1) == "least_time=header")
            score = &response_time<&upstream::PeerState::header_us>;
        else if (apply.arg(1) == "least_time=last_byte")
            score = &response_time<&upstream::PeerState::last_byte_us>;
        else if (apply.arg(1) != "least_conn")
            return apply.fail_at(1, fmt::format("invalid parameter \"{}\"", apply.arg(1)));
    }
    upstream::balance_with<Random>(apply, upstream::weights_only, score);
}

constexpr Directive directives[] = {{"random", in_upstream, 0, 2, conf::run<set>}};

}  // namespace

upstream::Peer* Random::draw(const upstream::Choice& choice, const upstream::Peer* but)
{
    for (int misses = 0; misses <= most_misses; ++misses) {
        upstream::Peer& peer = line_.at(dice_.below(line_.total()));
        if (&peer != but && choice.usable(peer))
            return &peer;
    }
    return nullptr;
}

upstream::Peer* Random::pick(const upstream::Choice& choice)
{
    if (peers().size() < 2)
        return RoundRobin::pick(choice);
    upstream::Peer* first = draw(choice, nullptr);
    if (!first)
        return RoundRobin::pick(choice);
    if (!score_)
        return first;
    upstream::Peer* second = draw(choice, first);
    if (!second)
        return first;
    return score_(*second, choice.now()) < score_(*first, choice.now()) ? second : first;
}

extern const Module module;
const Module module{.name = "random", .directives = directives};

}  // namespace sluice::random
