// SPDX-License-Identifier: Apache-2.0
// Stream: the bytes of one connection, awaited. Reads and writes are tried first and wait only when
// the kernel has nothing or no room; a read that comes back short has drained the socket
// (edge-triggered registration), so no second read merely meets EAGAIN. Plain TCP and unix sockets.
#pragma once

#include <cstdint>
#include <span>

#include "core/buf/pool.h"
#include "core/event/loop.h"
#include "core/event/task.h"
#include "core/os/sys.h"

namespace sluice::net {

struct Io {
    enum Kind : uint8_t { ok, eof, timeout, reset, canceled } kind = ok;
    size_t n = 0;
    int error = 0;  // errno of a reset

    bool good() const { return kind == ok; }
};

class Stream
{
public:
    event::Watch& watch() { return watch_; }
    bool is_open() const { return watch_.is_open(); }
    void close() { watch_.close(); }

    /// Reads into the room of `b` (which must have some): ok with n > 0, eof, reset, or nothing
    /// now. `again` is set when there was nothing.
    Io try_read(buf::Buffer& b, bool& again);
    /// Writes as much as the kernel takes and advances `slices` past it.
    Io try_write(std::span<buf::Slice>& slices, bool& again);

    /// Bytes moved since it was opened.
    uint64_t received() const { return received_; }
    uint64_t sent() const { return sent_; }
    void restart_counts() { received_ = sent_ = 0; }

    template <event::FrameOwner Owner>
    event::Task<Io> read(Owner& owner, buf::Buffer& b, Deadline deadline)
    {
        for (;;) {
            if (watch_.can_read() && event::Loop::current().spend()) {
                bool again = false;
                Io io = try_read(b, again);
                if (!again)
                    co_return io;
            }
            event::Wait w = co_await watch_.readable(deadline);
            if (w != event::Wait::ready)
                co_return Io{w == event::Wait::timeout ? Io::timeout : Io::canceled};
        }
    }

    /// All of it; `timeout` bounds the wait between two successful writes (send_timeout).
    template <event::FrameOwner Owner>
    event::Task<Io> write(Owner& owner, std::span<buf::Slice> slices, ms timeout)
    {
        size_t total = 0;
        for (;;) {
            bool again = false;
            Io io = try_write(slices, again);
            total += io.n;
            if (io.kind != Io::ok)
                co_return io;
            if (slices.empty())
                co_return Io{Io::ok, total};
            if (!again && event::Loop::current().spend())
                continue;
            event::Wait w = co_await watch_.writable(Clock::in(timeout));
            if (w != event::Wait::ready)
                co_return Io{w == event::Wait::timeout ? Io::timeout : Io::canceled, total};
        }
    }

private:
    event::Watch watch_;
    uint64_t received_ = 0, sent_ = 0;
};

}  // namespace sluice::net
