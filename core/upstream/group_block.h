// SPDX-License-Identifier: Apache-2.0
// For modules with directives inside `upstream { }`: the group that stands there, and giving it a
// balancer.
//     constexpr Directive directives[] = {{"newest", in_upstream, 0, 0, conf::run<set>}};
#pragma once

#include <memory>
#include <utility>

#include "core/conf/conf.h"
#include "core/upstream/group.h"

namespace sluice::upstream {

/// An `upstream { }` while it is read.
class GroupBlock : public conf::Block
{
public:
    GroupBlock(conf::Block* outer, Group& g) : Block(conf::in_upstream, outer), group(g) {}
    void* conf(size_t set, const void* tag) override { return parent->conf(set, tag); }

    Group& group;
    /// What `server` lines below may say: the balancer's directive decides it.
    bool backups = true, slow_start = true;
};

/// Of the block in which a directive of in_upstream stands.
GroupBlock& group_block(conf::Apply& apply);

/// What a balancer can do besides weights; a `server` line below its directive that asks for more
/// is an error.
enum Can : unsigned { weights_only = 0, with_backups = 1, with_slow_start = 2 };

/// A second one in a group is nginx's warning, and the last one counts.
void balance_with(conf::Apply& apply, unsigned can, Group::MakeBalancer make);

/// B is made from copies of `args` in each group of peers.
template <class B, class... A>
void balance_with(conf::Apply& apply, unsigned can, A... args)
{
    balance_with(apply, can,
                 Group::MakeBalancer([args...] { return std::make_unique<B>(args...); }));
}

/// Binds clients of the group; a second one is nginx's `is duplicate`.
void stick_with(conf::Apply& apply, std::unique_ptr<Sticky> sticky);

}  // namespace sluice::upstream
