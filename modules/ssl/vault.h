// SPDX-License-Identifier: Apache-2.0
// Vault: certificates and keys that changed on disk, handed by the master, who may read keys, to
// the workers, who may not. Memory that they share: the master alone writes, workers look, nobody
// waits. Each text has its place, and a version that is odd while it is written: a reader that
// meets that, or a master that died there, leaves the reader with what it has.
#pragma once

#include <string>

#include "core/base/counter.h"
#include "core/net/tls_keys.h"
#include "core/os/shared_memory.h"

namespace sluice::ssl {

class Vault
{
public:
    /// What fits into a place, bytes: a chain of several large certificates with their keys.
    static constexpr size_t place_size = 32 * 1024;

    /// Before the fork, once. Pages that are never written cost no memory. 0 or errno.
    int open(size_t places);
    bool is_open() const { return static_cast<bool>(memory_); }
    /// The master only. False: it is too large.
    bool put(size_t place, const std::string& text);
    /// How often anything was put; the same number: nothing has changed anywhere.
    uint64_t changes() const { return is_open() ? head().changes.get() : 0; }
    /// How often this text was put; 0: never.
    uint64_t version(size_t place) const { return is_open() ? versions()[place].get() / 2 : 0; }
    /// False: it is being written just now.
    bool get(size_t place, net::PemText& out) const;

private:
    struct Head {
        Counter changes;
    };
    struct Place {
        uint64_t size;
        char text[place_size - sizeof(uint64_t)];
    };
    Head& head() const { return *static_cast<Head*>(memory_.data()); }
    Counter* versions() const { return reinterpret_cast<Counter*>(&head() + 1); }
    Place& at(size_t place) const;
    os::SharedMemory memory_;
    size_t first_ = 0;  // byte at which places begin
};

}  // namespace sluice::ssl
