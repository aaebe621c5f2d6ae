// SPDX-License-Identifier: Apache-2.0
// least_conn: to the server with the fewest requests at it, for its weight.
#include "core/http/module.h"
#include "core/upstream/group_block.h"
#include "core/upstream/round_robin.h"

namespace sluice::least_conn {
namespace {

class LeastConn final : public upstream::Least
{
    double score(const upstream::Peer& peer, Instant now) const override
    {
        return peer.in_use() / (peer.weight * peer.ramp(now));
    }
};

void set(Apply& apply)
{
    upstream::balance_with<LeastConn>(apply, upstream::with_backups | upstream::with_slow_start);
}

constexpr Directive directives[] = {{"least_conn", in_upstream, 0, 0, conf::run<set>}};

}  // namespace

extern const Module module;
const Module module{.name = "least_conn", .directives = directives};

}  // namespace sluice::least_conn
