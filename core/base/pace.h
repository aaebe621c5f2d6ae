// SPDX-License-Identifier: Apache-2.0
// Pace: bytes against a rate. A second's worth may go at once, what follows evenly, in pieces of a
// quarter of a second so that nobody wakes for single bytes.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/clock.h"

namespace sluice {

class Pace
{
public:
    /// `rate` in bytes a second, 0: none. `ahead`: bytes that do not count.
    void start(uint64_t rate, uint64_t ahead, Instant now)
    {
        rate_ = rate;
        ahead_ = ahead;
        since_ = now;
    }
    bool limits() const { return rate_ > 0; }

    /// How many of `wanted` bytes may go now that `gone` have. 0: ask again after `wait`.
    uint64_t allowance(uint64_t gone, uint64_t wanted, Instant now, ms& wait) const
    {
        auto passed = static_cast<uint64_t>((now - since_).count()) + 1000;
        // A rate beyond the range of the product is one that nobody reaches.
        if (rate_ == 0 || rate_ > UINT64_MAX / 2 / (passed + 1000))
            return wanted;
        uint64_t budget = rate_ * passed / 1000;
        budget = budget > UINT64_MAX - ahead_ ? UINT64_MAX : budget + ahead_;
        uint64_t piece = std::min(wanted, std::max<uint64_t>(rate_ / 4, 1));
        if (budget >= gone && budget - gone >= piece)
            return std::min(wanted, budget - gone);
        uint64_t missing = gone + piece - budget;
        wait = ms(std::min<uint64_t>(missing / rate_, 3600) * 1000 +
                  missing % rate_ * 1000 / rate_ + 1);
        return 0;
    }

private:
    uint64_t rate_ = 0, ahead_ = 0;
    Instant since_{0};
};

}  // namespace sluice
