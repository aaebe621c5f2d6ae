// SPDX-License-Identifier: Apache-2.0
#include "ports.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "perl.h"

namespace sluice::runner {

namespace {

constexpr int first_port = 12000;
constexpr int slots = 1200;

bool can_bind(int port)
{
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    bool ok = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return ok;
}

bool all_free(int base)
{
    for (int i = 0; i < Ports::count; i++) {
        if (!can_bind(base + i))
            return false;
    }
    return true;
}

}  // namespace

Ports::Ports()
{
    std::string dir = "/tmp/sluice-spec-ports." + std::to_string(::getuid());
    ::mkdir(dir.c_str(), 0700);
    int start = static_cast<int>(::getpid() * 7919L % slots);
    for (int i = 0; i < slots; i++) {
        int slot = (start + i) % slots;
        std::string path = dir + "/" + std::to_string(slot);
        int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
            throw SpecError("cannot open " + path);
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0 && all_free(first_port + slot * count)) {
            base_ = first_port + slot * count;
            lock_ = fd;
            return;
        }
        ::close(fd);
    }
    throw SpecError("no free ports");
}

Ports::~Ports()
{
    ::close(lock_);
}

}  // namespace sluice::runner
