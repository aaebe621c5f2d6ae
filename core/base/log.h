// SPDX-License-Identifier: Apache-2.0
// The error log: levels, targets and the line format that log readers expect of nginx:
//   2026/11/21 08:48:28 [error] PID#TID: *CONNECTION text
// A Log is a set of targets, each with its own threshold; it belongs to a configuration and is
// immutable once that runs. Formatting is bounded: a line longer than 4096 bytes is cut.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

enum class Level : uint8_t { emerg = 1, alert, crit, error, warn, notice, info, debug };

std::string_view level_name(Level level);
/// Level by its name in the configuration; false when there is none such.
bool level_from_name(std::string_view name, Level& out);

/// Where lines go; a line ends with '\n' and is written at once, whole.
class LogSink
{
public:
    virtual ~LogSink() = default;
    virtual void write(std::string_view line) = 0;
};

class Log
{
public:
    static constexpr size_t max_line = 4096;

    void add(std::shared_ptr<LogSink> sink, Level threshold);
    bool wants(Level level) const { return level <= max_; }
    bool empty() const { return targets_.empty(); }

    /// `connection` 0 means none. Cold: what leads here is kept out of the way of what does not.
    [[gnu::cold]] void write(Level level, uint64_t connection, std::string_view text) const;
    [[gnu::cold]] void write(Level level, uint64_t connection, fmt::string_view format,
                             fmt::format_args args) const;

    template <class... A>
    void operator()(Level level, fmt::format_string<A...> format, A&&... a) const
    {
        if (wants(level))
            write(level, 0, format, fmt::make_format_args(a...));
    }

    /// What every line carries as PID#TID; set after each fork.
    static void set_process_id(int pid);

private:
    struct Target {
        std::shared_ptr<LogSink> sink;
        Level threshold;
    };
    std::vector<Target> targets_;
    Level max_ = static_cast<Level>(0);
};

/// Appends ` (errno: text)` the way nginx words system errors: "(13: Permission denied)".
std::string errno_text(int error);

}  // namespace sluice
