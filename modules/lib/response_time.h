// SPDX-License-Identifier: Apache-2.0
// What least_time compares: how long an answer takes on average, for the weight, with those that a
// server has yet to answer. One that has not answered yet counts as fast: it is tried.
#pragma once

#include "core/upstream/peer.h"

namespace sluice {

template <std::atomic<uint32_t> upstream::PeerState::*Average>
double response_time(const upstream::Peer& peer, Instant now)
{
    double average = (peer.state().*Average).load(std::memory_order_relaxed);
    return (average + 1) * (peer.in_use() + 1) / (peer.weight * peer.ramp(now));
}

}  // namespace sluice
