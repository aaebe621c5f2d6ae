// SPDX-License-Identifier: Apache-2.0
// RobustMutex: a lock in SharedMemory between processes, which a holder's death opens: the next who
// locks learns of it, must put right what the lock protects, and says so with consistent(). One
// that dies on the way leaves the same to the next. A holder that is stopped (SIGSTOP, a debugger)
// is not dead and keeps it: who must go on meanwhile waits with lock_within(). Not recursive; the
// waiting sleeps in the kernel.
#pragma once

#include <pthread.h>

namespace sluice::os {

class RobustMutex
{
public:
    enum class Got {
        no,  // somebody has it, and kept it
        yes,
        after_death,  // held now, and what it protects may be half changed
    };

    /// Once, by whoever makes the memory. 0 or errno.
    int init();
    Got lock();
    Got try_lock();
    /// Waits at most `milliseconds`, by the steady clock.
    Got lock_within(int milliseconds);
    void consistent();
    void unlock();

private:
    Got got(int rc);
    pthread_mutex_t mutex_;
};

}  // namespace sluice::os
