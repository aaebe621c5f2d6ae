// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/group_block.h"

namespace sluice::upstream {

GroupBlock& group_block(conf::Apply& apply)
{
    auto* found = dynamic_cast<GroupBlock*>(&apply.block);
    if (!found)
        check_failed("a directive of a group stands in one", __FILE__, __LINE__);
    return *found;
}

void balance_with(conf::Apply& apply, unsigned can, Group::MakeBalancer make)
{
    GroupBlock& block = group_block(apply);
    if (!block.group.balance_with(std::move(make), can & with_backups))
        apply.warn("balancer-redefined", "load balancing method redefined");
    block.backups = can & with_backups;
    block.slow_start = can & with_slow_start;
}

void stick_with(conf::Apply& apply, std::unique_ptr<Sticky> sticky)
{
    Group& group = group_block(apply).group;
    if (group.sticky())
        return apply.fail_directive("is duplicate");
    group.stick_with(std::move(sticky));
}

}  // namespace sluice::upstream
