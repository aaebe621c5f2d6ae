// SPDX-License-Identifier: Apache-2.0
// SystemFiles: the FileSource of the running program.
#pragma once

#include "core/conf/tree.h"
#include "core/os/file.h"

namespace sluice::conf {

class SystemFiles : public FileSource
{
public:
    Result<std::string, int> read(const std::string& path) override { return os::read_file(path); }
    std::vector<std::string> glob(const std::string& pattern, int& error) override
    {
        return os::glob_files(pattern, error);
    }
};

}  // namespace sluice::conf
