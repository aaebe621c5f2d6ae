// SPDX-License-Identifier: Apache-2.0
// Anonymous memory that a process shares with the children it forks later, at the same address in
// all of them. Zero at first; pages cost nothing until they are touched. Move-only; unmapped in
// this process alone by its end.
#pragma once

#include <cstddef>
#include <utility>

namespace sluice::os {

class SharedMemory
{
public:
    SharedMemory() = default;
    /// Without a mapping when it fails: see error().
    explicit SharedMemory(size_t bytes);
    ~SharedMemory();
    SharedMemory(SharedMemory&& other) noexcept { swap(other); }
    SharedMemory& operator=(SharedMemory&& other) noexcept
    {
        swap(other);
        return *this;
    }

    explicit operator bool() const { return data_ != nullptr; }
    void* data() const { return data_; }
    size_t size() const { return size_; }
    /// errno of the constructor.
    int error() const { return error_; }

private:
    void swap(SharedMemory& other)
    {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(error_, other.error_);
    }
    void* data_ = nullptr;
    size_t size_ = 0;
    int error_ = 0;
};

}  // namespace sluice::os
