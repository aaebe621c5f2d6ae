// SPDX-License-Identifier: Apache-2.0
// The balancer of ip_hash: the same server as nginx picks, of the same list of servers.
#pragma once

#include "core/upstream/round_robin.h"
#include "modules/lib/weight_line.h"

namespace sluice::ip_hash {

class IpHash : public upstream::RoundRobin
{
public:
    void set_peers(std::vector<upstream::Peer*> peers) override
    {
        line_.set(peers);
        RoundRobin::set_peers(std::move(peers));
    }
    upstream::Peer* pick(const upstream::Choice& choice) override;
    /// `address` is 4 or 16 bytes; empty of a client without one.
    upstream::Peer* pick_for(std::string_view address, const upstream::Choice& choice);

private:
    WeightLine line_;
};

}  // namespace sluice::ip_hash
