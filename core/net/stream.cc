// SPDX-License-Identifier: Apache-2.0
#include "core/net/stream.h"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace sluice::net {
namespace {

constexpr int max_parts = 64;
constexpr size_t max_file_at_once = 2 << 20;  // one sendfile must not hold the loop
constexpr int max_writes = 16;                // then others have their turn

os::Io write_memory(int fd, std::span<buf::Slice> slices, size_t& wanted, bool final)
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
        parts[count++] = {const_cast<char*>(s.memory), s.size};
        wanted += s.size;
    }
    return os::send_parts(fd, parts, count, file_follows || final);
}

}  // namespace

void Stream::advance(std::span<buf::Slice>& slices, size_t n)
{
    while (!slices.empty() && n >= slices.front().size) {
        n -= slices.front().size;
        slices = slices.subspan(1);
    }
    if (n == 0)
        return;
    slices.front().drop(n);
}

Io Stream::try_read(buf::Buffer& b, bool& again)
{
    if (tls_) [[unlikely]]
        return try_read_tls(b, again);
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

Io Stream::try_write(std::span<buf::Slice>& slices, bool& again, bool final)
{
    if (tls_) [[unlikely]]
        return try_write_tls(slices, again, final);
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
        // The length that we promised cannot be kept. Short of it is no room, mostly: no event
        // would come for a file that has ended.
        if (io.ok() && static_cast<size_t>(io.n) < wanted &&
            os::file_size(s.file) <= s.offset + io.n)
            return {Io::file_cut, 0};
    } else {
        io = write_memory(watch_.fd(), slices, wanted, final);
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

bool Transfer::settle()
{
    if (done_ || result_ != event::Wait::ready || attempt())
        return true;
    if (scope_ && scope_->asked()) {
        result_ = event::Wait::canceled;
        return true;
    }
    suspend_in(handle(), scope_);
    enlist();
    return false;
}

bool Stream::read_now(buf::Buffer& b, size_t size, Io& io)
{
    if (!watch_.can_read()) {
        if (b.empty())
            b.release();
        return false;
    }
    if (b.empty() && b.capacity() < size)
        b = buf::Buffer(size);
    else
        b.make_room();
    bool again = false;
    io = try_read(b, again);
    if (again && b.empty())
        b.release();
    return !again;
}

bool Stream::Reading::attempt()
{
    return done_ = stream_.read_now(buffer_, size_, io_);
}

bool Stream::Writing::attempt()
{
    if (!watch_.can_write())
        return false;
    size_t total = io_.n;
    for (int i = 0; i < max_writes; ++i) {
        bool again = false;
        io_ = stream_.try_write(slices_, again);
        if (io_.n > 0)
            deadline_ = Clock::in(timeout_);
        io_.n = total += io_.n;
        if (io_.kind != Io::ok || slices_.empty())
            return done_ = true;
        if (again)
            break;
    }
    return false;  // no room, or enough for one turn: then it is still ready
}

}  // namespace sluice::net
