// SPDX-License-Identifier: Apache-2.0
// Stream: the bytes of one connection, awaited. Reads and writes are tried first and wait only when
// the kernel has nothing or no room; a read that comes back short has drained the socket
// (edge-triggered registration), so no second read merely meets EAGAIN. TCP and unix sockets, plain
// or with TLS (tls.h): then can_read() of the watch also says that decrypted bytes are waiting.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/buf/pool.h"
#include "core/event/loop.h"
#include "core/event/task.h"
#include "core/os/sys.h"

namespace sluice::net {

class TlsSession;
struct TlsSessionDelete {
    void operator()(TlsSession* session) const;
};

struct Io {
    /// file_cut: a file that is being sent is shorter than it was.
    enum Kind : uint8_t { ok, eof, timeout, reset, canceled, file_cut } kind = ok;
    size_t n = 0;
    int error = 0;  // errno of a reset
    /// Instead of an errno: TLS failed, TlsSession::error() says how.
    static constexpr int tls_error = -1;

    bool good() const { return kind == ok; }
};

class Stream
{
public:
    event::Watch& watch() { return watch_; }
    const event::Watch& watch() const { return watch_; }
    bool is_open() const { return watch_.is_open(); }
    /// With TLS: says so first (close_notify).
    void close()
    {
        tls_.reset();
        watch_.close();
    }
    /// FIN, and with TLS close_notify before it.
    void shutdown_write();

    /// Null: plain.
    TlsSession* tls() const { return tls_.get(); }
    void set_tls(TlsSession* session) { tls_.reset(session); }
    /// Of a session that was set. ok, eof (the peer went away), timeout, reset, canceled.
    event::Task<Io> handshake(event::Loop& loop, Deadline deadline);
    /// Whatever has come while nobody asked for anything is no data: TLS has messages of its own.
    bool is_silent();
    /// "recv() failed (104: Connection reset by peer)", "SSL_read() failed (SSL: ...)".
    std::string failure_text(bool reading, const Io& io) const;

    /// Reads into the room of `b` (which must have some): ok with n > 0, eof, reset, or nothing
    /// now. `again` is set when there was nothing.
    Io try_read(buf::Buffer& b, bool& again);
    /// Writes as much as the kernel takes and advances `slices` past it. `final`: close() follows
    /// at once, so the last bytes may wait for it and leave in one segment with the FIN.
    Io try_write(std::span<buf::Slice>& slices, bool& again, bool final = false);

    /// Appends what is there now to `b` as read() does; false: nothing is.
    bool read_now(buf::Buffer& b, size_t size, Io& io);

    /// Bytes moved since it was opened.
    uint64_t received() const { return received_; }
    uint64_t sent() const { return sent_; }
    void restart_counts() { received_ = sent_ = 0; }

    class Reading;
    class Writing;
    /// Appends what comes to `b`. An empty `b` is given at least `size` bytes of room once there is
    /// something to read and holds nothing while it waits; a full one grows.
    Reading read(buf::Buffer& b, size_t size, Deadline deadline);
    /// All of it; `timeout` bounds the wait between two successful writes (send_timeout). A
    /// failure says in `n` how much went out before.
    Writing write(std::span<buf::Slice> slices, ms timeout);

private:
    friend class TlsSession;
    static void advance(std::span<buf::Slice>& slices, size_t n);
    Io try_read_tls(buf::Buffer& b, bool& again);
    Io try_write_tls(std::span<buf::Slice>& slices, bool& again, bool final);

    event::Watch watch_;
    std::unique_ptr<TlsSession, TlsSessionDelete> tls_;  // ends before the descriptor does
    uint64_t received_ = 0, sent_ = 0;
};

/// A read or write that is awaited: tried at once, and again each time the socket is ready, until
/// it has an outcome. It needs no coroutine of its own.
class Transfer : public event::Watch::Awaiter
{
public:
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h)
    {
        scope_ = h.promise().cancel;
        if (done_) {  // only the budget of this turn is spent
            suspend(h);
            wake(event::Wait::ready);
            return true;
        }
        if (!suspend_unless_canceled(h))
            return false;
        enlist();
        return true;
    }
    Io await_resume()
    {
        if (!done_)
            io_.kind = result_ == event::Wait::timeout ? Io::timeout : Io::canceled;
        return io_;
    }

protected:
    using Awaiter::Awaiter;
    ~Transfer() = default;
    Io io_;
    bool done_ = false;

private:
    /// Sets done_ and io_, or says false: nothing more can be done now.
    virtual bool attempt() = 0;
    bool settle() final;
    event::CancelScope* scope_ = nullptr;
};

class Stream::Reading final : public Transfer
{
public:
    Reading(Stream& stream, buf::Buffer& b, size_t size, Deadline deadline)
        : Transfer(stream.watch_, reading, deadline), stream_(stream), buffer_(b), size_(size)
    {
    }
    bool await_ready() { return attempt() && event::Loop::current().spend(); }

private:
    bool attempt() override;
    Stream& stream_;
    buf::Buffer& buffer_;
    size_t size_;
};

class Stream::Writing final : public Transfer
{
public:
    Writing(Stream& stream, std::span<buf::Slice> slices, ms timeout)
        : Transfer(stream.watch_, writing, Clock::in(timeout)),
          stream_(stream),
          slices_(slices),
          timeout_(timeout)
    {
    }
    bool await_ready() { return attempt(); }

private:
    bool attempt() override;
    Stream& stream_;
    std::span<buf::Slice> slices_;
    ms timeout_;
};

inline Stream::Reading Stream::read(buf::Buffer& b, size_t size, Deadline deadline)
{
    return Reading(*this, b, size, deadline);
}

inline Stream::Writing Stream::write(std::span<buf::Slice> slices, ms timeout)
{
    return Writing(*this, slices, timeout);
}

}  // namespace sluice::net
