// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.h"

#include <algorithm>
#include <cstring>

#include "core/base/clock.h"

namespace sluice {
namespace {

constexpr std::string_view names[] = {"stderr", "emerg",  "alert", "crit", "error",
                                      "warn",   "notice", "info",  "debug"};
int process_id = 0;

}  // namespace

std::string_view level_name(Level level)
{
    return names[static_cast<size_t>(level)];
}

bool level_from_name(std::string_view name, Level& out)
{
    for (size_t i = 1; i < std::size(names); ++i)
        if (names[i] == name) {
            out = static_cast<Level>(i);
            return true;
        }
    return false;
}

void Log::add(std::shared_ptr<LogSink> sink, Level threshold)
{
    max_ = std::max(max_, threshold);
    targets_.push_back({std::move(sink), threshold});
}

void Log::set_process_id(int pid)
{
    process_id = pid;
}

void Log::write(Level level, uint64_t connection, std::string_view text) const
{
    fmt::basic_memory_buffer<char, max_line> line;
    auto out = fmt::appender(line);
    fmt::format_to(out, "{} [{}] {}#{}: ", Clock::log_time(), level_name(level), process_id,
                   process_id);
    if (connection)
        fmt::format_to(out, "*{} ", connection);
    line.append(text.data(), text.data() + std::min(text.size(), max_line - line.size() - 1));
    line.push_back('\n');
    for (const Target& target : targets_)
        if (level <= target.threshold)
            target.sink->write({line.data(), line.size()});
}

void Log::write(Level level, uint64_t connection, fmt::string_view format,
                fmt::format_args args) const
{
    write(level, connection, fmt::vformat(format, args));
}

std::string errno_text(int error)
{
    return fmt::format("({}: {})", error, std::strerror(error));
}

}  // namespace sluice
