// SPDX-License-Identifier: Apache-2.0
//
// Blocking sockets with deadlines, for the client and the fake origin.
//
// An address is "PORT", "HOST:PORT", "[V6]:PORT" or "unix:/path" (a bare path works too). Calls
// that wait take a deadline and say what ended them; none raises SIGPIPE. Sockets are
// close-on-exec, so that the server under test never inherits one.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::runner {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

enum class Io { ok, eof, timeout, error };

class TlsEnd;
struct TlsOptions;

Deadline in_seconds(double seconds);
void sleep_seconds(double seconds);

class Socket
{
public:
    Socket();
    explicit Socket(int fd);
    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket&& other) noexcept;
    ~Socket();

    static Socket connect(const std::string& address);  // not open on failure
    static Socket listen(const std::string& address);   // throws SpecError
    Socket accept(Deadline deadline);                   // not open on timeout

    bool open() const { return fd_ >= 0; }
    int fd() const { return fd_; }
    Io read_some(std::string& into, Deadline deadline);  // appends
    /// `more`: the kernel may keep it until something follows, also the end.
    Io write_all(std::string_view bytes, Deadline deadline, bool more = false);
    /// From here on everything is TLS. False: it failed, see tls()->describe().
    bool start_tls(const TlsOptions& options, bool as_server, Deadline deadline);
    TlsEnd* tls() const { return tls_.get(); }
    void shut_write();
    void reset();  // closes with RST
    void close();

private:
    bool wait(short events, Deadline deadline) const;

    int fd_ = -1;
    std::unique_ptr<TlsEnd> tls_;
};

}  // namespace sluice::runner
