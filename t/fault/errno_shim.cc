// SPDX-License-Identifier: Apache-2.0
// Preloaded into the program: while the file that SLUICE_FAULT_ERRNO names holds a number,
// accept4() fails with it, as in a system that is full. Each descriptor that the program closes
// makes room for one. And where SLUICE_FAULT_STOP names a file: who next lets go of a lock that
// processes share while that file is there removes it, and stops (SIGSTOP) with the lock in its
// hand.
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace {

int room = 0;

// A worker has another environment, and its first lock of this kind comes when that is there.
char stop_path[512];
__attribute__((constructor)) void remember()
{
    const char* path = std::getenv("SLUICE_FAULT_STOP");
    std::snprintf(stop_path, sizeof stop_path, "%s", path ? path : "");
}

int wanted()
{
    static const char* path = std::getenv("SLUICE_FAULT_ERRNO");
    int error = 0;
    if (FILE* file = path ? std::fopen(path, "re") : nullptr) {
        if (std::fscanf(file, "%d", &error) != 1)
            error = 0;
        std::fclose(file);
    }
    return error;
}

template <class F>
F real(const char* name)
{
    return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int accept4(int fd, sockaddr* address, socklen_t* size, int flags)
{
    static auto next = real<int (*)(int, sockaddr*, socklen_t*, int)>("accept4");
    int saved = errno;
    if (int error = wanted(); error && room-- <= 0) {
        room = 0;
        errno = error;
        return -1;
    }
    errno = saved;
    return next(fd, address, size, flags);
}

extern "C" int close(int fd)
{
    static auto next = real<int (*)(int)>("close");
    int saved = errno;
    if (wanted())
        ++room;
    errno = saved;
    return next(fd);
}

extern "C" int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept
{
    static auto next = real<int (*)(pthread_mutex_t*)>("pthread_mutex_unlock");
    constexpr int robust = 16;  // glibc's flag of the kind; only locks of zones are
    int saved = errno;
    if (stop_path[0] && (mutex->__data.__kind & robust) && ::unlink(stop_path) == 0)
        ::raise(SIGSTOP);
    errno = saved;
    return next(mutex);
}
