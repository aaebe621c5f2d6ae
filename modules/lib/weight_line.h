// SPDX-License-Identifier: Apache-2.0
// WeightLine: peers laid end to end, each as long as its weight. A number below total() falls on
// one of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/upstream/peer.h"

namespace sluice {

class WeightLine
{
public:
    void set(const std::vector<upstream::Peer*>& peers)
    {
        peers_ = peers;
        ends_.clear();
        uint64_t end = 0;
        for (const upstream::Peer* p : peers)
            ends_.push_back(end += static_cast<uint64_t>(p->weight));
    }
    uint64_t total() const { return ends_.empty() ? 0 : ends_.back(); }
    upstream::Peer& at(uint64_t n) const
    {
        auto it = std::upper_bound(ends_.begin(), ends_.end(), n);
        return *peers_[static_cast<size_t>(it - ends_.begin())];
    }

private:
    std::vector<upstream::Peer*> peers_;
    std::vector<uint64_t> ends_;
};

}  // namespace sluice
