// SPDX-License-Identifier: Apache-2.0
#include "core/net/stream.h"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace sluice::net {
namespace {

constexpr int max_parts = 64;
constexpr size_t max_file_at_once = 2 << 20;  // one sendfile must not hold the loop

void advance(std::span<buf::Slice>& slices, size_t n)
{
    while (!slices.empty() && n >= slices.front().size) {
        n -= slices.front().size;
        slices = slices.subspan(1);
    }
    if (n == 0)
        return;
    buf::Slice& first = slices.front();
    if (first.file >= 0)
        first.offset += static_cast<int64_t>(n);
    else
        first.bytes.remove_prefix(n);
    first.size -= n;
}

os::Io write_memory(int fd, std::span<buf::Slice> slices, size_t& wanted)
{
    iovec parts[max_parts];
    int count = 0;
    bool file_follows = false;
    for (const buf::Slice& s : slices) {
        file_follows = s.file >= 0 && s.size > 0;
        if (file_follows || count == max_parts)
            break;
        if (s.size == 0)
            continue;
        parts[count++] = {const_cast<char*>(s.bytes.data()), s.size};
        wanted += s.size;
    }
    return os::send_parts(fd, parts, count, file_follows);
}

}  // namespace

Io Stream::try_read(buf::Buffer& b, bool& again)
{
    size_t room = b.room_size();
    os::Io io = os::recv(watch_.fd(), b.room(), room);
    if (io.ok()) {
        if (io.n == 0)
            return {Io::eof};
        auto n = static_cast<size_t>(io.n);
        // Short: the socket is drained, the next bytes make a new edge. Not so when the peer has
        // closed: the end is still to be read.
        if (n < room && !watch_.hung_up())
            watch_.drained();
        b.filled(n);
        received_ += n;
        return {Io::ok, n};
    }
    if (io.again()) {
        watch_.drained();
        again = true;
        return {};
    }
    return {Io::reset, 0, io.error};
}

Io Stream::try_write(std::span<buf::Slice>& slices, bool& again)
{
    size_t total = 0;
    while (!slices.empty() && slices.front().size == 0)
        slices = slices.subspan(1);
    if (slices.empty())
        return {Io::ok, 0};
    size_t wanted = 0;
    os::Io io;
    if (slices.front().file >= 0) {
        const buf::Slice& s = slices.front();
        wanted = std::min(s.size, max_file_at_once);
        io = os::sendfile(watch_.fd(), s.file, s.offset, wanted);
        if (io.ok() && io.n == 0)
            return {Io::reset, 0,
                    EIO};  // the file shrank under us: the length we promised cannot be kept
    } else {
        io = write_memory(watch_.fd(), slices, wanted);
    }
    if (io.again()) {
        watch_.filled();
        again = true;
        return {Io::ok, 0};
    }
    if (!io.ok())
        return {Io::reset, 0, io.error};
    total = static_cast<size_t>(io.n);
    sent_ += total;
    advance(slices, total);
    if (total < wanted) {
        watch_.filled();
        again = true;
    }
    while (!slices.empty() && slices.front().size == 0)
        slices = slices.subspan(1);
    return {Io::ok, total};
}

}  // namespace sluice::net
