// SPDX-License-Identifier: Apache-2.0
// Report: what is said while a configuration is loaded and the program starts. A line goes to the
// error log; until the program serves, one of level warn or worse also goes to standard error as
// `nginx: [emerg] text`, unless the error log is standard error. All of it is collected, for the
// verdict that `-s reload` waits for.
#pragma once

#include <string>
#include <string_view>

#include "core/base/log.h"
#include "core/conf/diag.h"

namespace sluice::process {

/// Text as it is, on standard error and standard output.
void print_error(std::string_view text);
void print(std::string_view text);

class Report
{
public:
    Report(const Log& log, bool log_is_stderr, bool to_stderr)
        : log_(&log), log_is_stderr_(log_is_stderr), to_stderr_(to_stderr)
    {
    }

    /// `extra`: further lines, each ended by '\n', for people; in the log file only when they do
    /// not go to standard error.
    void operator()(Level level, std::string_view text, std::string_view extra = {});
    void all_of(const conf::Diagnostics& diag);
    /// From here on lines go to this log.
    void use(const Log& log, bool log_is_stderr)
    {
        log_ = &log;
        log_is_stderr_ = log_is_stderr;
    }
    const std::string& collected() const { return collected_; }

private:
    const Log* log_;
    bool log_is_stderr_, to_stderr_;
    std::string collected_;
};

}  // namespace sluice::process
