// SPDX-License-Identifier: Apache-2.0
// Preloaded into the program under test: counts heap allocations of all its processes together in
// the file that $MALLOC_COUNT names (8 bytes, native order). The allocator itself is glibc's.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
}

namespace {

std::atomic<uint64_t> nowhere;
std::atomic<uint64_t>* counter = &nowhere;

__attribute__((constructor)) void begin()
{
    const char* path = std::getenv("MALLOC_COUNT");
    int fd = path ? ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (fd < 0 || ::ftruncate(fd, sizeof *counter) != 0)
        return;
    void* p = ::mmap(nullptr, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    if (p != MAP_FAILED)
        counter = static_cast<std::atomic<uint64_t>*>(p);
}

void count()
{
    counter->fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

extern "C" {

void* malloc(size_t n)
{
    count();
    return __libc_malloc(n);
}

void* calloc(size_t n, size_t size)
{
    count();
    return __libc_calloc(n, size);
}

void* realloc(void* p, size_t n)
{
    count();
    return __libc_realloc(p, n);
}

void* aligned_alloc(size_t align, size_t n)
{
    count();
    return __libc_memalign(align, n);
}

int posix_memalign(void** out, size_t align, size_t n)
{
    count();
    *out = __libc_memalign(align, n);
    return *out ? 0 : 12;  // ENOMEM
}

}  // extern "C"
