// SPDX-License-Identifier: Apache-2.0
// Fd: the owner of one descriptor. Move-only; closes it on destruction. Whatever makes descriptors
// in core/os makes them close-on-exec. A descriptor that is registered with epoll is owned by an
// event::Watch, which unregisters it before it closes it.
#pragma once

#include <utility>

namespace sluice::os {

class Fd
{
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept
    {
        if (this != &other) {
            close();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Fd() { close(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    /// Gives the descriptor away without closing it.
    int release() { return std::exchange(fd_, -1); }
    void close();

private:
    int fd_ = -1;
};

/// The errno of a call that makes a descriptor means that there is none left, or no memory for it.
bool is_shortage(int error);

/// Called after each close by an Fd, where set: somebody waits for a descriptor (net::Room).
extern void (*descriptor_closed)();

}  // namespace sluice::os
