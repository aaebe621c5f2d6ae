// SPDX-License-Identifier: Apache-2.0
// Files that are written: logs and the pid file. Functions return errno, 0 when all is well.
#pragma once

#include <sys/types.h>

#include <string>

#include "core/os/fd.h"

namespace sluice::os {

/// O_APPEND | O_CREAT, mode 0644; /dev/stdout and /dev/stderr are the descriptors of that name,
/// even where they are sockets and could not be opened.
Fd open_append(const std::string& path, int& error);
/// Gives the file to this user and lets the user write, as far as that is not so yet.
int give_file(const std::string& path, uid_t uid);

/// A file that appears under its name only when it is complete. What is no regular file (/dev/null,
/// a symbolic link) is written in place.
class WholeFile
{
public:
    ~WholeFile();
    /// Writes it beside `path`. An error is that of opening or writing.
    int prepare(const std::string& path, const std::string& text);
    /// Now it is there.
    int commit();

private:
    std::string path_, beside_, text_;
};

/// mode 0700; one that is there is fine.
int make_directory(const std::string& path);
int change_owner(const std::string& path, uid_t uid);

int rename_file(const std::string& from, const std::string& to);
void remove_file(const std::string& path);

}  // namespace sluice::os
