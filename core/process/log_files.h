// SPDX-License-Identifier: Apache-2.0
// LogFiles of this process: one LogFile per path while somebody holds it. A generation that is
// being loaded gets files that are open already, and new ones that open_new() opens. Before its
// file is open a sink drops lines; a write error is never fatal, and told. "stderr" is the
// descriptor that was standard error at start, whatever that is redirected to later.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/counter.h"
#include "core/base/log_files.h"
#include "core/os/fd.h"

namespace sluice::process {

class LogFile final : public LogSink
{
public:
    explicit LogFile(std::string path, std::string where = {})
        : path_(std::move(path)), where_(std::move(where))
    {
    }

    void write(std::string_view line) override;
    /// 0 or errno; an open file stays as it is when the new one cannot be opened.
    int open();
    bool is_open() const { return static_cast<bool>(fd_); }
    const std::string& path() const { return path_; }
    const std::string& where() const { return where_; }
    int fd() const { return fd_.get(); }
    /// Where it is said that lines could not be written (a full disk), at most once a minute for
    /// each file, and counted. Null: nowhere. Both outlive the next call.
    static void report_losses(const Log* log, Counter* lines)
    {
        losses_log_ = log;
        losses_ = lines;
    }

private:
    void lost(std::string_view lines, int error);

    inline static const Log* losses_log_ = nullptr;
    inline static Counter* losses_ = nullptr;
    std::string path_, where_;
    os::Fd fd_;
    uint64_t lost_ = 0;  // lines that have not been told
    Instant told_at_ = Instant::never();
};

class LogRegistry final : public LogFiles
{
public:
    /// For relative paths.
    void set_prefix(std::string prefix) { prefix_ = std::move(prefix); }

    std::shared_ptr<LogSink> file(const std::string& path, const std::string& where) override
    {
        return open_later(path, where);
    }
    std::shared_ptr<LogFile> open_later(const std::string& path, const std::string& where = {});

    struct Failure {
        std::string path;
        int error = 0;
        std::string where;  // of the first directive that names it, as for file()
    };
    /// Opens what is not open yet; the first failure ends it. False: `out` says which.
    bool open_new(Failure& out);
    /// Opens everything again (the files may have been renamed); what fails stays with its old
    /// file.
    std::vector<Failure> reopen();
    /// Regular files become writable for this user.
    std::vector<Failure> give_to(unsigned uid);
    /// How many files are in use.
    size_t size();

private:
    template <class F>
    void each(F&& f);

    std::string prefix_;
    std::map<std::string, std::weak_ptr<LogFile>> files_;
};

LogRegistry& log_registry();

}  // namespace sluice::process
