// SPDX-License-Identifier: Apache-2.0
#include "core/process/log_files.h"

#include <algorithm>
#include <utility>

#include "core/os/output.h"
#include "core/os/sys.h"
#include "core/process/command_line.h"

namespace sluice::process {
namespace {

constexpr ms tell_every{60000};

}  // namespace

void LogFile::write(std::string_view line)
{
    if (!fd_)
        return;
    os::Io io = os::write_all(fd_.get(), line.data(), line.size());
    if (!io.ok())  // a full disk must not stop the service
        lost(line, io.error);
}

void LogFile::lost(std::string_view lines, int error)
{
    auto n = static_cast<uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
    lost_ += n;
    if (losses_)
        *losses_ += n;
    bool due = told_at_ == Instant::never() || Clock::now() - told_at_ >= tell_every;
    static bool telling = false;  // perhaps to this very file
    if (!losses_log_ || !due || telling)
        return;
    told_at_ = Clock::now();
    telling = true;
    (*losses_log_)(Level::alert, "write() to \"{}\" failed {}, {} lines are lost", path_,
                   errno_text(error), std::exchange(lost_, 0));
    telling = false;
}

int LogFile::open()
{
    // Standard streams have no name to reopen, and may be elsewhere by now.
    bool standard = path_ == "stderr" || path_ == "/dev/stdout" || path_ == "/dev/stderr";
    if (standard && fd_)
        return 0;
    int error = 0;
    os::Fd fd = os::open_append(path_ == "stderr" ? "/dev/stderr" : path_, error);
    if (error == 0)
        fd_ = std::move(fd);
    return error;
}

std::shared_ptr<LogFile> LogRegistry::open_later(const std::string& path, const std::string& where)
{
    std::string full = path == "stderr" ? path : below(prefix_, path);
    std::weak_ptr<LogFile>& entry = files_[full];
    std::shared_ptr<LogFile> file = entry.lock();
    if (!file) {
        file = std::make_shared<LogFile>(full, where);
        entry = file;
    }
    return file;
}

template <class F>
void LogRegistry::each(F&& f)
{
    for (auto at = files_.begin(); at != files_.end();) {
        if (std::shared_ptr<LogFile> file = at->second.lock()) {
            f(*file);
            ++at;
        } else {
            at = files_.erase(at);
        }
    }
}

bool LogRegistry::open_new(Failure& out)
{
    bool good = true;
    each([&](LogFile& file) {
        if (!good || file.is_open())
            return;
        if (int error = file.open()) {
            out = {file.path(), error, file.where()};
            good = false;
        }
    });
    return good;
}

std::vector<LogRegistry::Failure> LogRegistry::reopen()
{
    std::vector<Failure> failures;
    each([&](LogFile& file) {
        if (int error = file.open())
            failures.push_back({file.path(), error, {}});
    });
    return failures;
}

std::vector<LogRegistry::Failure> LogRegistry::give_to(unsigned uid)
{
    std::vector<Failure> failures;
    each([&](LogFile& file) {
        if (file.path().starts_with("/dev/") || file.path() == "stderr")
            return;
        if (int error = os::give_file(file.path(), uid))
            failures.push_back({file.path(), error, {}});
    });
    return failures;
}

size_t LogRegistry::size()
{
    size_t n = 0;
    each([&](LogFile&) { ++n; });
    return n;
}

LogRegistry& log_registry()
{
    static LogRegistry registry;
    LogFiles::use(&registry);
    return registry;
}

}  // namespace sluice::process
