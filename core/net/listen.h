// SPDX-License-Identifier: Apache-2.0
// Listening sockets as the configuration asks for them, and as the master holds them: opened before
// the workers are forked, inherited by them, kept over a reload when the next generation asks for
// the same address again. With accept=reuseport an address has one socket per worker.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/os/address.h"
#include "core/os/fd.h"
#include "core/os/socket.h"

namespace sluice::net {

/// How the workers share the clients of a listener; see acceptor.h.
enum class AcceptMode : uint8_t { exclusive, mutex, reuseport };
/// How a listener is registered with epoll.
enum class AcceptTrigger : uint8_t { level, edge };

struct ListenSpec {
    os::Address address;
    os::ListenOptions options;
    std::string text;   // as errors name it: "0.0.0.0:80", "[::]:80", "unix:/path"
    std::string where;  // " in FILE:LINE" of the directive, for errors; may be empty
    AcceptMode mode = AcceptMode::exclusive;
    bool mode_is_set = false;  // or accept_mutex decides
    AcceptTrigger trigger = AcceptTrigger::level;
    bool use_reserve = false;  // its clients may be served on the reserve, see room.h
};

struct ListenSocket {
    ListenSpec spec;
    os::Fd fd;
    bool inherited = false;  // somebody outside may serve it, too
};

/// One address. The sockets are shared by the generations that use them; the last one closes them.
struct ListenSet {
    ListenSpec spec;
    /// One; with reuseport that of worker i is sockets[i]. These and then the leaving ones are in
    /// the order in which they began to listen: the kernel's, which os::choose_first() counts in.
    std::vector<std::shared_ptr<ListenSocket>> sockets;
    /// Of workers that are no more: they get no new clients, and are closed once those that were
    /// queued there have been accepted. A crew that is larger again takes them back.
    std::vector<std::shared_ptr<ListenSocket>> leaving;
};

/// In the order of the payload's listens().
using ListenSockets = std::vector<ListenSet>;

/// How long sockets that leave are still accepted from: a handshake in flight ends at one of them.
inline constexpr int leaving_ms = 3000;

}  // namespace sluice::net
