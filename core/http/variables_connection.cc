// SPDX-License-Identifier: Apache-2.0
// Variables of the connection, the server and the moment; define_core_variables() itself.
#include "core/http/connection.h"
#include "core/http/variables_core.h"
#include "core/os/host.h"

namespace sluice::http {
namespace {

// Directives of nginx's configurations test this version: it is the one whose behaviour we have.
constexpr std::string_view nginx_version = "1.31.4";

Value port_text(Request& r, uint16_t port)
{
    return port ? arena_format(r, "{}", port) : std::string_view{};
}

const std::string& host_name()
{
    static const std::string name = os::host_name();
    return name;
}

Value connection_time(Request& r, const void*)
{
    int64_t spent = (Clock::now() - r.c.started).count();
    return arena_format(r, "{}.{:03}", spent / 1000, spent % 1000);
}

Value msec(Request& r, const void*)
{
    int64_t now = Clock::wall_ms();
    return arena_format(r, "{}.{:03}", now / 1000, now % 1000);
}

template <uint32_t os::TcpInfo::*Member>
Value tcp_info_value(Request& r, const void*)
{
    os::TcpInfo info;
    if (!os::tcp_info(r.c.stream.watch().fd(), info))
        return std::nullopt;
    return arena_format(r, "{}", info.*Member);
}

}  // namespace

void define_connection_variables(Variables& v)
{
    auto fixed = [&v](std::string_view name, Variables::Get get, bool is_volatile = false) {
        v.define(name, get, nullptr, is_volatile, false);
    };
    fixed("remote_addr", [](Request& r, const void*) -> Value { return r.c.peer_host(); });
    fixed("remote_port", [](Request& r, const void*) { return port_text(r, r.c.peer.port()); });
    fixed("binary_remote_addr", [](Request& r, const void*) -> Value { return r.c.peer.bytes(); });
    fixed("server_addr",
          [](Request& r, const void*) -> Value { return r.arena().copy(r.c.local().host()); });
    fixed("server_port", [](Request& r, const void*) { return port_text(r, r.c.local().port()); });
    fixed("server_name",
          [](Request& r, const void*) -> Value { return std::string_view(r.server->first_name); });
    fixed("scheme",
          [](Request& r, const void*) -> Value { return r.c.stream.tls() ? "https" : "http"; });
    fixed("https", [](Request& r, const void*) -> Value { return r.c.stream.tls() ? "on" : ""; });
    fixed("connection",
          [](Request& r, const void*) -> Value { return arena_format(r, "{}", r.c.number); });
    fixed("connection_requests",
          [](Request& r, const void*) -> Value { return arena_format(r, "{}", r.c.requests); });
    fixed("connection_time", connection_time, true);
    fixed("pipe", [](Request& r, const void*) -> Value { return r.pipelined ? "p" : "."; });
    fixed("tcpinfo_rtt", tcp_info_value<&os::TcpInfo::rtt>, true);
    fixed("tcpinfo_rttvar", tcp_info_value<&os::TcpInfo::rttvar>, true);
    fixed("tcpinfo_snd_cwnd", tcp_info_value<&os::TcpInfo::snd_cwnd>, true);
    fixed("tcpinfo_rcv_space", tcp_info_value<&os::TcpInfo::rcv_space>, true);

    fixed("hostname", [](Request&, const void*) -> Value { return std::string_view(host_name()); });
    fixed("nginx_version", [](Request&, const void*) -> Value { return nginx_version; });
    fixed("pid",
          [](Request& r, const void*) -> Value { return arena_format(r, "{}", os::process_id()); });
    fixed("msec", msec, true);
    // The clock's texts change with the next second: a request keeps its own copy.
    fixed(
        "time_local",
        [](Request& r, const void*) -> Value { return r.arena().copy(Clock::clf_time()); }, true);
    fixed(
        "time_iso8601",
        [](Request& r, const void*) -> Value { return r.arena().copy(Clock::iso_time()); }, true);
}

void define_core_variables(Variables& variables)
{
    define_request_variables(variables);
    define_response_variables(variables);
    define_connection_variables(variables);
}

}  // namespace sluice::http
