// SPDX-License-Identifier: Apache-2.0
// least_time: to the server that answers soonest, as its answers so far say.
#include "core/http/module.h"
#include "core/upstream/group_block.h"
#include "core/upstream/round_robin.h"
#include "modules/lib/response_time.h"

namespace sluice::least_time {
namespace {

using upstream::Peer;
using upstream::PeerState;

class LeastTime final : public upstream::Least
{
public:
    LeastTime(bool whole, bool inflight) : whole_(whole), inflight_(inflight) {}

private:
    double score(const Peer& peer, Instant now) const override
    {
        double s = whole_ ? response_time<&PeerState::last_byte_us>(peer, now)
                          : response_time<&PeerState::header_us>(peer, now);
        // Requests that have waited for longer than answers usually take say more.
        double waited = inflight_ ? peer.mean_wait_us(now) : 0;
        return std::max(s, waited * (peer.in_use() + 1) / peer.weight);
    }
    bool whole_, inflight_;
};

void set(Apply& apply)
{
    bool whole = apply.arg(0) == "last_byte", inflight = apply.size() > 1;
    if (!whole && apply.arg(0) != "header")
        return apply.fail_at(0, fmt::format("invalid parameter \"{}\"", apply.arg(0)));
    if (inflight && apply.arg(1) != "inflight")
        return apply.fail_at(1, fmt::format("invalid parameter \"{}\"", apply.arg(1)));
    upstream::balance_with<LeastTime>(apply, upstream::with_backups | upstream::with_slow_start,
                                      whole, inflight);
}

constexpr Directive directives[] = {{"least_time", in_upstream, 1, 2, conf::run<set>}};

}  // namespace

extern const Module module;
const Module module{.name = "least_time", .directives = directives};

}  // namespace sluice::least_time
