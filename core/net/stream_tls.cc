// SPDX-License-Identifier: Apache-2.0
// A stream's own part of TLS.
#include <fmt/format.h>

#include "core/base/log.h"
#include "core/net/tls.h"
#include "core/os/socket.h"

namespace sluice::net {

void TlsSessionDelete::operator()(TlsSession* session) const
{
    delete session;
}

Io Stream::try_read_tls(buf::Buffer& b, bool& again)
{
    Io io = tls_->read(b, again);
    received_ += io.n;
    return io;
}

Io Stream::try_write_tls(std::span<buf::Slice>& slices, bool& again, bool final)
{
    Io io = tls_->write(slices, again, final);
    sent_ += io.n;
    return io;
}

void Stream::shutdown_write()
{
    if (tls_)
        tls_->say_goodbye();
    os::shutdown_write(watch_.fd());
}

event::Task<Io> Stream::handshake(event::Loop& loop, Deadline deadline)
{
    using Step = TlsSession::Step;
    for (;;) {
        if (tls_->is_server() && watch_.can_read()) {
            // Signing for a client may take a millisecond: who is ready for less goes first. Those
            // in front have waited longer, so it is not long past the deadline that we look at it.
            event::Wait turn = co_await loop.heavy();
            if (turn == event::Wait::canceled)
                co_return Io{Io::canceled};
            if (deadline <= Clock::now())
                co_return Io{Io::timeout};
        }
        Step step = tls_->handshake();
        event::Wait w = event::Wait::ready;
        if (step == Step::want_read)
            w = co_await watch_.readable(deadline);
        else if (step == Step::want_write)
            w = co_await watch_.writable(deadline);
        else if (step == Step::done)
            co_return Io{};
        else if (step == Step::closed)
            co_return Io{Io::eof};
        else
            co_return Io{Io::reset, 0, tls_->system_error() ? tls_->system_error() : Io::tls_error};
        if (w == event::Wait::timeout)
            co_return Io{Io::timeout};
        if (w == event::Wait::canceled)
            co_return Io{Io::canceled};
    }
}

bool Stream::is_silent()
{
    // A read that just filled its buffer has not told whether that was all: this one does.
    if (!tls_ && !watch_.can_read())
        return true;
    if (watch_.hung_up())
        return false;
    buf::Buffer b(1);
    bool again = false;
    Io io = try_read(b, again);
    return io.good() && again;
}

std::string Stream::failure_text(bool reading, const Io& io) const
{
    if (io.error == Io::tls_error && tls_)
        return fmt::format("{} failed {}", reading ? "SSL_read()" : "SSL_write()", tls_->error());
    return fmt::format("{} failed {}", reading ? "recv()" : "writev()", errno_text(io.error));
}

}  // namespace sluice::net
