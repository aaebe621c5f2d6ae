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
};

/// For reading, without waiting for the other end of a FIFO. `path` must end with a NUL byte behind
/// it.
Fd open_file(const char* path, FileInfo& info, int& error);
/// 0 or errno; links are followed.
int file_info(const char* path, FileInfo& info);
/// Opens (or makes, 0644), appends and closes: for log files with a name per request. 0 or errno.
int append_file(const char* path, std::string_view text);
/// realpath(3); empty when it fails, with errno in `error`.
std::string real_path(const char* path, int& error);

}  // namespace sluice::os
