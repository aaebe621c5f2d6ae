// SPDX-License-Identifier: Apache-2.0
#include "core/process/inherited.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/conf/values.h"
#include "core/os/process.h"
#include "core/os/socket.h"
#include "core/os/sys.h"

namespace sluice::process {
namespace {

constexpr const char* ours = "SLUICE_SOCKETS";
constexpr const char* of_nginx = "NGINX";
constexpr int first_of_manager = 3;  // SD_LISTEN_FDS_START
constexpr int most = 65536;          // more descriptors than that are a mistake

bool take_variable(const char* name, std::string& value)
{
    bool set = os::environment(name, value);
    os::forget_environment(name);
    return set;
}

}  // namespace

Inherited Inherited::from_environment(Report& report)
{
    Inherited in;
    std::string list, pid, n;
    bool from_nginx = take_variable(of_nginx, n);
    if (take_variable(ours, list)) {
        size_t colon = list.find(':');
        auto master = conf::parse_number(std::string_view(list).substr(0, colon));
        if (colon != std::string::npos && master && *master == os::parent_id()) {
            in.predecessor_ = os::parent_id();
            in.add_list(std::string_view(list).substr(colon + 1), ours, report);
        } else {
            report(Level::warn, fmt::format("{}=\"{}\" is not for this process", ours, list));
        }
    } else if (from_nginx) {
        in.add_list(n, of_nginx, report);
        if (!in.sockets_.empty())
            in.predecessor_ = os::parent_id();
    }
    bool for_us = take_variable("LISTEN_PID", pid) && pid == std::to_string(os::process_id());
    bool listed = take_variable("LISTEN_FDS", n);
    os::forget_environment("LISTEN_FDNAMES");
    if (for_us && listed) {
        auto number = conf::parse_number(n);
        for (int i = 0; number && i < std::min<int64_t>(*number, most); ++i)
            in.add(first_of_manager + i, "LISTEN_FDS", report);
    }
    return in;
}

// Numbers, each ended by ';' or ':'. NGINX may well be something else: a path, somebody's flag.
void Inherited::add_list(std::string_view list, const char* variable, Report& report)
{
    while (!list.empty()) {
        size_t end = list.find_first_of(";:");
        auto fd = conf::parse_number(list.substr(0, end));
        if (end == list.npos || !fd || *fd < first_of_manager || *fd > INT32_MAX) {
            report(Level::warn,
                   fmt::format("invalid socket number \"{}\" in {} environment variable, "
                               "ignoring the rest of the variable",
                               list.substr(0, end), variable));
            return;
        }
        add(static_cast<int>(*fd), variable, report);
        list.remove_prefix(end + 1);
    }
}

void Inherited::add(int fd, const char* variable, Report& report)
{
    if (!os::adopt_listener(fd)) {
        report(Level::warn,
               fmt::format("descriptor {} in {} is not a listening stream socket", fd, variable));
        return;
    }
    sockets_.push_back({os::local_address(fd), os::Fd(fd)});
}

os::Fd Inherited::take(const os::Address& address)
{
    auto at = std::find_if(sockets_.begin(), sockets_.end(),
                           [&](const Socket& s) { return s.address == address; });
    if (at == sockets_.end())
        return {};
    os::Fd fd = std::move(at->fd);
    sockets_.erase(at);
    return fd;
}

void Inherited::close_rest(const Log& log)
{
    for (const Socket& s : sockets_)
        log(Level::notice, "closing the inherited socket {}: no \"listen\" asks for it",
            s.address.text());
    sockets_.clear();
}

std::vector<std::string> environment_for_successor(const std::vector<int>& sockets)
{
    std::string list;
    for (int fd : sockets)
        list += fmt::format("{};", fd);
    std::vector<std::string> out = os::environment_entries();
    std::erase_if(out, [](const std::string& entry) {
        // WATCHDOG_PID would tell the successor that the manager does not watch it.
        for (std::string_view name : {"NGINX=", "SLUICE_SOCKETS=", "WATCHDOG_PID="})
            if (entry.starts_with(name))
                return true;
        return false;
    });
    out.push_back(fmt::format("{}={}:{}", ours, os::process_id(), list));
    out.push_back(fmt::format("{}={}", of_nginx, list));
    return out;
}

}  // namespace sluice::process
