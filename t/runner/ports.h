// SPDX-License-Identifier: Apache-2.0
//
// A set of TCP ports that belongs to one running block.
//
// Blocks run in parallel, in many processes. A Ports holds a lock on one of the fixed slots of 16
// consecutive ports below the kernel's ephemeral range for as long as it lives, and only takes a
// slot whose ports can all be bound on 127.0.0.1. Port 0 is the server's; the others are free to
// use.
#pragma once

namespace sluice::runner {

class Ports
{
public:
    static constexpr int count = 16;

    Ports();
    ~Ports();
    Ports(const Ports&) = delete;
    Ports& operator=(const Ports&) = delete;

    int at(int index) const { return base_ + index; }

private:
    int base_ = 0;
    int lock_ = -1;
};

}  // namespace sluice::runner
