// SPDX-License-Identifier: Apache-2.0
// The command line: nginx's options, parsed as nginx does (flags may be combined, a value may stick
// to its letter), and the texts of -h, -v and -V.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace sluice::process {

struct CommandLine {
    bool help = false, version = false, build = false;  // -h, -v, -V
    bool test = false, dump = false, quiet = false;     // -t, -T, -q
    std::string signal;                                 // of -s
    std::optional<std::string> prefix, error_log, conf, globals;
};

/// Without argv[0]. The error is nginx's text without "nginx: ".
Result<CommandLine, std::string> parse_command_line(const std::vector<std::string_view>& args);

/// Chosen at compile time; paths that do not begin with '/' are relative to the prefix.
struct Defaults {
    std::string_view prefix, sbin, conf, error_log, http_log, pid, lock, user, group;
};
extern const Defaults defaults;

/// "nginx/1.31.4 (sluice/0.1.0)": what -v and the log say we are.
std::string_view version();
std::string version_text();                                   // -v
std::string build_text(const std::string& built_in_modules);  // what -V adds
std::string help_text();
std::string_view compiler();

/// `path` below `prefix` (which ends with '/') unless it is absolute.
std::string below(std::string_view prefix, std::string_view path);

}  // namespace sluice::process
