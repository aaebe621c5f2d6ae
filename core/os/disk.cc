// SPDX-License-Identifier: Apache-2.0
#include "core/os/disk.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

namespace sluice::os {
namespace {

FileInfo info_of(const struct stat& s)
{
    auto kind = S_ISREG(s.st_mode)   ? FileInfo::regular
                : S_ISDIR(s.st_mode) ? FileInfo::directory
                                     : FileInfo::other;
    return {kind, s.st_size, s.st_mtime};
}

}  // namespace

Fd open_file(const char* path, FileInfo& info, int& error)
{
    error = 0;
    ++counters.file;
    Fd fd(::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    struct stat s {
    };
    ++counters.file;
    if (!fd || ::fstat(fd.get(), &s) != 0) {
        error = errno;
        return {};
    }
    info = info_of(s);
    return fd;
}

int file_info(const char* path, FileInfo& info)
{
    struct stat s {
    };
    ++counters.file;
    if (::stat(path, &s) != 0)
        return errno;
    info = info_of(s);
    return 0;
}

int append_file(const char* path, std::string_view text)
{
    ++counters.file;
    Fd fd(::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
    if (!fd)
        return errno;
    return write_all(fd.get(), text.data(), text.size()).error;
}

std::string real_path(const char* path, int& error)
{
    error = 0;
    std::unique_ptr<char, decltype(&std::free)> found(::realpath(path, nullptr), &std::free);
    if (!found) {
        error = errno;
        return {};
    }
    return found.get();
}

}  // namespace sluice::os
