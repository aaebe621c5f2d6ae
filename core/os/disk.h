// SPDX-License-Identifier: Apache-2.0
// Files of the disk: open, stat, read, append. All descriptors are close-on-exec; errors are errno
// values. Ordinary file I/O may block for as long as the disk takes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/os/fd.h"
#include "core/os/sys.h"

namespace sluice::os {

struct FileInfo {
    enum Kind : uint8_t { none, regular, directory, other } kind = none;
    int64_t size = 0;
    int64_t modified = 0;  // seconds since the epoch
    // Which file it is and in which state: whatever is done to a file or its rights changes one of
    // them, unless it is done within one tick of the file system's clock (a few ms; FAT: 2 s).
    uint64_t device = 0, inode = 0;
    int64_t modified_ns = 0, changed_ns = 0;  // since the epoch

    bool same_state(const FileInfo& now) const
    {
        return inode == now.inode && changed_ns == now.changed_ns && size == now.size &&
               modified_ns == now.modified_ns && device == now.device && kind == now.kind;
    }
};

/// What becomes of symbolic links in a path.
struct Links {
    enum Mode : uint8_t {
        follow,
        same_owner,  // ELOOP when a link and what it leads to belong to two users
        refuse,      // ELOOP for the last name, ENOTDIR for those before it
    } mode = follow;
    size_t trusted = 0;  // bytes at the path's start whose links are followed; up to a '/'

    bool operator==(const Links&) const = default;
};

/// For reading, without waiting for the other end of a FIFO. `path` must end with a NUL byte behind
/// it.
Fd open_file(const char* path, const Links& links, FileInfo& info, int& error);
/// 0 or errno.
int file_info(const char* path, const Links& links, FileInfo& info);
/// On a file system of this machine, of which we know that only this kernel changes its files.
bool is_local(int fd);
/// Opens (or makes, 0644), appends and closes: for log files with a name per request. 0 or errno.
int append_file(const char* path, std::string_view text);
/// For writing, new or emptied. No Fd: errno in `error`.
Fd create_file(const std::string& path, uint32_t mode, int& error);
/// The folders that a path of a file needs; `mode` is the file's: who may read it may look for it.
/// 0 or errno.
int make_folders_of(const std::string& path, uint32_t mode);
/// mtime, in seconds since the epoch.
void set_modified(int fd, int64_t seconds);
/// realpath(3); empty when it fails, with errno in `error`.
std::string real_path(const char* path, int& error);

}  // namespace sluice::os
