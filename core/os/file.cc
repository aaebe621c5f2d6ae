// SPDX-License-Identifier: Apache-2.0
#include "core/os/file.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::os {

namespace {

Result<std::string, int> read_all(int fd)
{
    struct stat st;
    if (::fstat(fd, &st) != 0)
        return fail(int{errno});
    if (S_ISDIR(st.st_mode))
        return fail(int{EISDIR});

    // The size is a hint only: a pipe has none, and a file may grow while it is read.
    std::string text;
    size_t step = st.st_size > 0 ? static_cast<size_t>(st.st_size) + 1 : 16384;
    for (;;) {
        size_t have = text.size();
        text.resize(have + step);
        ssize_t n = ::read(fd, text.data() + have, step);
        if (n < 0 && errno == EINTR)
            n = 0;
        else if (n <= 0) {
            text.resize(have);
            return n < 0 ? Result<std::string, int>(fail(int{errno})) : text;
        }
        text.resize(have + static_cast<size_t>(n));
        step = 16384;
    }
}

}  // namespace

Result<std::string, int> read_file(const std::string& path)
{
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail(int{errno});
    Result<std::string, int> text = read_all(fd);
    ::close(fd);
    return text;
}

std::vector<std::string> glob_files(const std::string& pattern, int& error)
{
    error = 0;
    std::vector<std::string> paths;
    glob_t found{};
    int rc = ::glob(pattern.c_str(), 0, nullptr, &found);
    if (rc == 0)
        paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    else if (rc != GLOB_NOMATCH)
        error = errno ? errno : EIO;
    ::globfree(&found);
    return paths;
}

}  // namespace sluice::os
