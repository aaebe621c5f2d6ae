// SPDX-License-Identifier: Apache-2.0
#include "core/os/robust_mutex.h"

#include <time.h>

#include <cerrno>

#include "core/base/check.h"

namespace sluice::os {

int RobustMutex::init()
{
    pthread_mutexattr_t attributes;
    ::pthread_mutexattr_init(&attributes);
    ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    int error = ::pthread_mutex_init(&mutex_, &attributes);
    ::pthread_mutexattr_destroy(&attributes);
    return error;
}

RobustMutex::Got RobustMutex::got(int rc)
{
    // Anything else is a lock that was never made, or one that we hold already.
    SLUICE_CHECK(rc == 0 || rc == EOWNERDEAD || rc == EBUSY || rc == ETIMEDOUT);
    return rc == 0 ? Got::yes : rc == EOWNERDEAD ? Got::after_death : Got::no;
}

RobustMutex::Got RobustMutex::lock()
{
    return got(::pthread_mutex_lock(&mutex_));
}

RobustMutex::Got RobustMutex::try_lock()
{
    return got(::pthread_mutex_trylock(&mutex_));
}

RobustMutex::Got RobustMutex::lock_within(int milliseconds)
{
    if (Got at_once = try_lock(); at_once != Got::no)
        return at_once;
    timespec until{};
    ::clock_gettime(CLOCK_MONOTONIC, &until);
    constexpr long second = 1'000'000'000;
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += long{milliseconds % 1000} * 1'000'000;
    if (until.tv_nsec >= second) {
        until.tv_nsec -= second;
        ++until.tv_sec;
    }
    return got(::pthread_mutex_clocklock(&mutex_, CLOCK_MONOTONIC, &until));
}

void RobustMutex::consistent()
{
    ::pthread_mutex_consistent(&mutex_);
}

void RobustMutex::unlock()
{
    ::pthread_mutex_unlock(&mutex_);
}

}  // namespace sluice::os
