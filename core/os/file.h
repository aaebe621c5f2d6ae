// SPDX-License-Identifier: Apache-2.0
// Reading whole files and expanding globs, for the configuration and what it names. Descriptors are
// close-on-exec and gone on return. Errors are errno values.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"

namespace sluice::os {

/// The whole file; EISDIR for a directory.
Result<std::string, int> read_file(const std::string& path);

/// glob(3), sorted. No match is an empty list; `error` is set when a directory could not be read.
std::vector<std::string> glob_files(const std::string& pattern, int& error);

}  // namespace sluice::os
