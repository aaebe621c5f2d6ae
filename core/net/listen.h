// SPDX-License-Identifier: Apache-2.0
// A listening socket as the configuration asks for it, and as the master holds it: opened before
// the workers are forked, inherited by them, kept over a reload when the next generation asks for
// the same address again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/os/address.h"
#include "core/os/fd.h"
#include "core/os/socket.h"

namespace sluice::net {

struct ListenSpec {
    os::Address address;
    os::ListenOptions options;
    std::string text;  // as errors name it: "0.0.0.0:80", "[::]:80", "unix:/path"
};

struct ListenSocket {
    ListenSpec spec;
    os::Fd fd;
};

/// Shared by the generations that use it; the last one closes it.
using ListenSockets = std::vector<std::shared_ptr<ListenSocket>>;

}  // namespace sluice::net
