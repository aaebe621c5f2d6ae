// SPDX-License-Identifier: Apache-2.0
#include "core/os/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "core/os/process.h"
#include "core/os/sys.h"

namespace sluice::os {
namespace {

int write_file(const std::string& path, int flags, const std::string& text)
{
    Fd fd(::open(path.c_str(), flags | O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd)
        return errno;
    return write_all(fd.get(), text.data(), text.size()).error;
}

}  // namespace

Fd open_append(const std::string& path, int& error)
{
    Fd fd;
    if (path == "/dev/stdout" || path == "/dev/stderr")
        fd = duplicate(path == "/dev/stdout" ? STDOUT_FILENO : STDERR_FILENO);
    else
        fd = Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644));
    error = fd ? 0 : errno;
    return fd;
}

int give_file(const std::string& path, uid_t uid)
{
    struct stat info;
    if (::stat(path.c_str(), &info) != 0)
        return errno;
    if (!S_ISREG(info.st_mode))
        return 0;
    if (info.st_uid != uid && ::chown(path.c_str(), uid, static_cast<gid_t>(-1)) != 0)
        return errno;
    if ((info.st_mode & 0600) != 0600 && ::chmod(path.c_str(), info.st_mode | 0600) != 0)
        return errno;
    return 0;
}

int make_directory(const std::string& path)
{
    return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST ? 0 : errno;
}

int change_owner(const std::string& path, uid_t uid)
{
    struct stat info;
    if (::stat(path.c_str(), &info) != 0)
        return errno;
    if (info.st_uid != uid && ::chown(path.c_str(), uid, static_cast<gid_t>(-1)) != 0)
        return errno;
    return 0;
}

WholeFile::~WholeFile()
{
    if (!beside_.empty())
        ::unlink(beside_.c_str());
}

int WholeFile::prepare(const std::string& path, const std::string& text)
{
    path_ = path;
    text_ = text;
    struct stat info;
    if (::lstat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
        return ::access(path.c_str(), W_OK) == 0 || errno == ENOENT ? 0 : errno;
    std::string beside = path + ".tmp." + std::to_string(process_id());
    ::unlink(beside.c_str());
    int error = write_file(beside, O_EXCL | O_NOFOLLOW, text);
    if (error == 0)
        beside_ = beside;
    return error;
}

int WholeFile::commit()
{
    if (beside_.empty())
        return write_file(path_, 0, text_);
    if (::rename(beside_.c_str(), path_.c_str()) != 0)
        return errno;
    beside_.clear();
    return 0;
}

int rename_file(const std::string& from, const std::string& to)
{
    return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

void remove_file(const std::string& path)
{
    ::unlink(path.c_str());
}

}  // namespace sluice::os
