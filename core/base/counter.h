// SPDX-License-Identifier: Apache-2.0
// Counter: a number with one writer that others may read at any time, also from another process
// when it lies in shared memory. Relaxed: a reader sees each value some time after it was written,
// and values of several counters need not fit each other. Costs what a plain integer costs.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice {

class Counter
{
public:
    Counter& operator++() { return *this += 1; }
    Counter& operator--() { return *this += uint64_t(-1); }
    Counter& operator+=(uint64_t n)
    {
        set(get() + n);
        return *this;
    }
    /// Where there are several writers, and all of them use only this.
    void add_shared(uint64_t n) { n_.fetch_add(n, std::memory_order_relaxed); }
    uint64_t get() const { return n_.load(std::memory_order_relaxed); }
    operator uint64_t() const { return get(); }
    void set(uint64_t n) { n_.store(n, std::memory_order_relaxed); }
    void raise(uint64_t n)
    {
        if (n > get())
            set(n);
    }

private:
    std::atomic<uint64_t> n_{0};
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);

}  // namespace sluice
