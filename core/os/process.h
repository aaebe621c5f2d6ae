// SPDX-License-Identifier: Apache-2.0
// Processes: fork and wait, daemonising, titles, limits, identity, environment. Used by
// core/process alone; nothing in a worker forks. Functions that can fail return errno, 0 when all
// is well.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/os/fd.h"

namespace sluice::os {

/// fork(2): the child's pid, 0 in the child, or -1 with errno in `error`.
int fork_process(int& error);
/// Ends the process at once: no destructors, no atexit (which belong to the parent).
[[noreturn]] void exit_now(int code);
int parent_id();
/// Runs the same program file as we do. False also where the system does not let us look.
bool runs_our_program(int pid);

struct Death {
    int pid = 0;
    bool by_signal = false;
    int code = 0;  // exit code or signal
    bool core_dumped = false;
};
/// The next child that has ended; false when there is none now.
bool reap(Death& out);

/// The next child that was stopped, or went on; false when there is none now.
struct Halt {
    int pid = 0;
    bool stopped = false;
};
bool halted(Halt& out);

/// A session of its own, umask 0, stdin and stdout on /dev/null.
int detach();
/// dup2(2) without close-on-exec: for the standard descriptors.
int replace_fd(int from, int to);
/// Another close-on-exec descriptor of the same.
Fd duplicate(int fd);

/// Takes the memory of argv and the environment for the title. Once, at start, from main's argv.
void init_title(int argc, char** argv);
/// What ps shows. Without init_title() nothing happens.
void set_title(const std::string& title);

struct FileLimit {
    uint64_t soft = 0, hard = 0;
};
FileLimit file_limit();
int set_file_limit(uint64_t soft, uint64_t hard);
int set_core_limit(uint64_t bytes);
int set_priority(int nice);
/// CPU numbers; ones that do not exist are an error.
int set_affinity(const std::vector<int>& cpus);
int change_directory(const std::string& path);
std::string system_name();  // "Linux 6.1.0"

/// False when there is no such name.
bool find_user(const std::string& name, uid_t& uid, gid_t& gid);
bool find_group(const std::string& name, gid_t& gid);

/// initgroups, setgid, setuid; `step` names the one that failed.
int become(const std::string& user, uid_t uid, gid_t gid, const char*& step);
/// Capabilities stay with us when become() makes another user of us; then keep_only_net_raw().
int keep_capabilities();
/// Of all capabilities only CAP_NET_RAW: connections from foreign addresses (IP_TRANSPARENT).
int keep_only_net_raw();
int forbid_new_privileges();
/// No file that is executed from here on gets a capability (needs CAP_SETPCAP: before become()).
int empty_bounding_set();
/// Core dumps, and tracing by others of the same user.
int set_dumpable(bool on);

/// From here on SIGABRT writes the present call stack to this descriptor, as addresses that
/// addr2line(1) understands, and then ends the process as it always does.
void trace_on_abort(int fd);

/// Replaces the program; searched in PATH when argv[0] has no '/'. Of the descriptors above 2 only
/// `keep` stay open, no signal is blocked. Returns errno, or not at all.
int execute(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
            std::span<const int> keep);

/// Leaves only these "NAME=value" in the environment.
void replace_environment(const std::vector<std::string>& entries);
/// Value of a variable; false when it is not set.
bool environment(const std::string& name, std::string& value);
/// All of it, "NAME=value" each.
std::vector<std::string> environment_entries();
void forget_environment(const std::string& name);

}  // namespace sluice::os
