// SPDX-License-Identifier: Apache-2.0
// What the main and events levels of a configuration say: the conf objects and their directive
// rows.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/conf/rows.h"
#include "core/conf/setting.h"
#include "core/conf/values.h"
#include "core/net/room.h"

namespace sluice::process {

struct ErrorLog {
    std::string path;  // or "stderr"
    Level level = Level::error;
    std::string where = {};  // " in FILE:LINE"
};

struct User {
    std::string name, group;
    unsigned uid = 0, gid = 0;
    bool known = false;  // false: nobody to become
};

struct MainConf {
    conf::Setting<bool> daemon{true};
    conf::Setting<bool> master_process{true};
    conf::Setting<size_t> worker_processes{1};
    conf::Setting<std::string> pid;
    conf::Setting<uint64_t> worker_rlimit_nofile;
    conf::Setting<conf::Size> worker_rlimit_core;
    conf::Setting<std::chrono::milliseconds> worker_shutdown_timeout;
    conf::Setting<std::chrono::milliseconds> worker_watchdog;
    conf::Pos worker_watchdog_at;
    conf::Setting<bool> worker_dumpable{false};
    conf::Setting<bool> graceful_term{false};  // where it is not set: on for PID 1
    conf::Setting<std::string> working_directory;
    conf::Setting<std::chrono::milliseconds> timer_resolution;
    conf::Setting<bool> pcre_jit{true};
    conf::Setting<std::string> lock_file;
    conf::Setting<std::string> debug_points;
    conf::Setting<int> worker_priority;
    conf::Setting<User> user;
    std::vector<ErrorLog> error_logs;
    std::vector<std::string> env;                // "NAME" or "NAME=value"
    std::vector<std::vector<int>> cpu_affinity;  // CPU numbers, one list a worker
    bool cpu_affinity_auto = false;
    std::vector<std::string> thread_pools;
    bool has_events = false;
};

struct EventsConf {
    conf::Setting<size_t> worker_connections{512};
    conf::Setting<bool> multi_accept{false};
    conf::Setting<bool> accept_mutex{false};
    conf::Setting<size_t> reserve_fds{16};  // per worker
    conf::Setting<net::Room::Answer> fd_exhaustion{net::Room::Answer::respond};
    conf::Setting<std::chrono::milliseconds> accept_mutex_delay{std::chrono::milliseconds{500}};
    conf::Setting<size_t> worker_aio_requests{32};
    conf::Setting<std::string> use;
};

/// The rows of both levels. `events` looks for its conf object through the outer Block (tag of
/// EventsConf).
conf::DirectiveSet main_directives();

/// The CPUs of worker `index`; empty: no binding.
std::vector<int> worker_cpus(const MainConf& main, size_t index);

/// The environment of a worker: TZ and what `env` lines name, from the present one.
std::vector<std::string> worker_environment(const MainConf& main);

}  // namespace sluice::process
