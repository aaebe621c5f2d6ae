// SPDX-License-Identifier: Apache-2.0
// LogFiles: where the log files of a configuration that is being loaded are registered. The process
// layer opens them (as root, before workers are forked) and reopens them on USR1; everybody else
// only names them.
#pragma once

#include <memory>
#include <string>

#include "core/base/list.h"
#include "core/base/log.h"

namespace sluice {

class LogFiles
{
public:
    virtual ~LogFiles() = default;
    /// For error_log and access_log alike; the same path is the same sink. Relative to the prefix;
    /// "stderr" and /dev/stdout are what they say. Nothing is opened yet. `where`: " in FILE:LINE"
    /// of the directive, for the message when it cannot be opened.
    virtual std::shared_ptr<LogSink> file(const std::string& path, const std::string& where) = 0;

    /// Of the generation that is being loaded; set by the process layer (tests set their own).
    static LogFiles& current() { return *current_; }
    static void use(LogFiles* files) { current_ = files; }

private:
    inline static LogFiles* current_ = nullptr;
};

/// Lines that wait to be written. The process layer writes them out before it reopens log files and
/// before a process ends.
class BufferedLog : public ListHook<BufferedLog>
{
public:
    BufferedLog() { all().push_back(*this); }
    virtual void flush() = 0;
    static void flush_all()
    {
        all().each([](BufferedLog& log) { log.flush(); });
    }

protected:
    ~BufferedLog() = default;

private:
    static List<BufferedLog, BufferedLog>& all()
    {
        static List<BufferedLog, BufferedLog> list;
        return list;
    }
};

}  // namespace sluice
