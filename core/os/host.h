// SPDX-License-Identifier: Apache-2.0
// Facts about this machine and about one TCP connection.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::os {

/// gethostname(2), lower case; empty when the system does not say.
std::string host_name();

struct TcpInfo {
    uint32_t rtt = 0, rttvar = 0;  // microseconds
    uint32_t snd_cwnd = 0, rcv_space = 0;
};
/// False when it is no TCP socket.
bool tcp_info(int fd, TcpInfo& out);

}  // namespace sluice::os
