// SPDX-License-Identifier: Apache-2.0
#include "core/os/host.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/bytes.h"

namespace sluice::os {

std::string host_name()
{
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0)
        return {};
    return lower(name);
}

bool tcp_info(int fd, TcpInfo& out)
{
    ::tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return false;
    out = {info.tcpi_rtt, info.tcpi_rttvar, info.tcpi_snd_cwnd, info.tcpi_rcv_space};
    return true;
}

}  // namespace sluice::os
