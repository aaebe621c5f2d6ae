// SPDX-License-Identifier: Apache-2.0
#include "core/os/shared_memory.h"

#include <sys/mman.h>

#include <cerrno>

namespace sluice::os {

SharedMemory::SharedMemory(size_t bytes) : size_(bytes)
{
    void* p = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        error_ = errno;
    else
        data_ = p;
}

SharedMemory::~SharedMemory()
{
    if (data_)
        ::munmap(data_, size_);
}

}  // namespace sluice::os
