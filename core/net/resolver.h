// SPDX-License-Identifier: Apache-2.0
// Name look-ups for a running worker: the system's resolver (getaddrinfo) on a helper thread, so
// that the loop never waits for it. Rare by design: names are resolved when the configuration is
// loaded.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/os/address.h"

namespace sluice::net {

/// `found` is called in the loop's thread, later, with no addresses when there are none.
void resolve(const std::string& host, uint16_t port,
             std::function<void(std::vector<os::Address>)> found);

}  // namespace sluice::net
