// SPDX-License-Identifier: Apache-2.0
#include "core/os/disk.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

namespace sluice::os {
namespace {

int64_t nanoseconds(const timespec& t)
{
    return int64_t{t.tv_sec} * 1000000000 + t.tv_nsec;
}

FileInfo info_of(const struct stat& s)
{
    auto kind = S_ISREG(s.st_mode)   ? FileInfo::regular
                : S_ISDIR(s.st_mode) ? FileInfo::directory
                                     : FileInfo::other;
    return {kind,
            s.st_size,
            s.st_mtime,
            s.st_dev,
            s.st_ino,
            nanoseconds(s.st_mtim),
            nanoseconds(s.st_ctim)};
}

Fd open_at(int at, const char* name, int flags)
{
    ++counters.file;
    return Fd(::openat(at, name, flags | O_CLOEXEC));
}

int stat_of(int fd, struct stat& s)
{
    ++counters.file;
    return ::fstat(fd, &s) == 0 ? 0 : errno;
}

// One step of a checked path: opens `name` in the folder `at` unless it is a link that may not be
// followed.
Fd step(int at, const char* name, int flags, Links::Mode mode, int& error)
{
    Fd fd = open_at(at, name, flags | O_NOFOLLOW);
    if (fd)
        return fd;
    error = errno;
    // What a link makes of O_NOFOLLOW and of O_DIRECTORY.
    if (mode == Links::refuse || (error != ELOOP && error != ENOTDIR))
        return {};
    struct stat link {
    };
    ++counters.file;
    if (::fstatat(at, name, &link, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISLNK(link.st_mode))
        return {};
    fd = open_at(at, name, flags);
    struct stat target {
    };
    error = fd ? stat_of(fd.get(), target) : errno;
    if (error == 0 && target.st_uid != link.st_uid)
        error = ELOOP;
    return error ? Fd() : std::move(fd);
}

// Component by component, so that nobody can put a link into a part that has been looked at.
Fd open_checked(std::string path, const Links& links, int flags, int& error)
{
    constexpr int folder = O_PATH | O_DIRECTORY;
    size_t at = 0;
    Fd fd;
    error = 0;
    if (links.trusted && links.trusted < path.size()) {
        at = links.trusted;
        fd = open_at(AT_FDCWD, path.substr(0, at).c_str(), folder);
    } else {
        fd = open_at(AT_FDCWD, path.starts_with('/') ? "/" : ".", folder);
    }
    if (!fd)
        error = errno;
    while (!error) {
        at = path.find_first_not_of('/', at);
        if (at == std::string::npos)  // it ends with a slash: the folder itself
            return step(fd.get(), ".", flags, links.mode, error);
        size_t end = path.find('/', at);
        bool last = end == std::string::npos;
        if (!last)
            path[end] = '\0';
        fd = step(fd.get(), path.c_str() + at, last ? flags : folder, links.mode, error);
        if (last)
            return fd;
        at = end + 1;
    }
    return {};
}

}  // namespace

Fd open_file(const char* path, const Links& links, FileInfo& info, int& error)
{
    constexpr int flags = O_RDONLY | O_NONBLOCK;
    error = 0;
    Fd fd = links.mode == Links::follow ? open_at(AT_FDCWD, path, flags)
                                        : open_checked(path, links, flags, error);
    struct stat s {
    };
    if (!fd) {
        if (!error)
            error = errno;
        return {};
    }
    error = stat_of(fd.get(), s);
    if (error)
        return {};
    info = info_of(s);
    return fd;
}

int file_info(const char* path, const Links& links, FileInfo& info)
{
    struct stat s {
    };
    int error = 0;
    if (links.mode != Links::follow) {
        Fd fd = open_checked(path, links, O_RDONLY | O_NONBLOCK, error);
        if (!fd)
            return error;
        error = stat_of(fd.get(), s);
    } else {
        ++counters.file;
        error = ::stat(path, &s) == 0 ? 0 : errno;
    }
    if (!error)
        info = info_of(s);
    return error;
}

bool is_local(int fd)
{
    struct statfs s {
    };
    ++counters.file;
    if (::fstatfs(fd, &s) != 0)
        return false;
    switch (static_cast<uint32_t>(s.f_type)) {
    case EXT4_SUPER_MAGIC:  // of ext2 and ext3 too
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
    case OVERLAYFS_SUPER_MAGIC:
    case SQUASHFS_MAGIC:
    case 0x2fc12fc1:  // ZFS, which is not in the kernel's tree
        return true;
    default: return false;
    }
}

int append_file(const char* path, std::string_view text)
{
    ++counters.file;
    Fd fd(::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
    if (!fd)
        return errno;
    return write_all(fd.get(), text.data(), text.size()).error;
}

Fd create_file(const std::string& path, uint32_t mode, int& error)
{
    ++counters.file;
    Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    error = fd ? 0 : errno;
    if (fd) [[maybe_unused]]
        int rc = ::fchmod(fd.get(), mode);  // whatever the umask says
    return fd;
}

int make_folders_of(const std::string& path, uint32_t mode)
{
    mode |= (mode & 0444) >> 2;
    for (size_t at = 1; (at = path.find('/', at)) != std::string::npos; ++at) {
        ++counters.file;
        if (::mkdir(path.substr(0, at).c_str(), mode) != 0 && errno != EEXIST && errno != EROFS &&
            errno != EACCES)
            return errno;  // of others open() tells
    }
    return 0;
}

void set_modified(int fd, int64_t seconds)
{
    timespec times[2] = {{0, UTIME_OMIT}, {static_cast<time_t>(seconds), 0}};
    ++counters.file;
    ::futimens(fd, times);
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
