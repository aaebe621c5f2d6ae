// SPDX-License-Identifier: Apache-2.0
// MemoryFiles: a FileSource over a map, for tests and fuzzing. Globs know * and ?, neither for
// a slash.
#pragma once

#include <cerrno>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/conf/tree.h"

namespace sluice::conf {

class MemoryFiles : public FileSource
{
public:
    MemoryFiles() = default;
    MemoryFiles(std::initializer_list<std::pair<const std::string, std::string>> files)
        : files_(files)
    {
    }

    void add(std::string path, std::string text) { files_[std::move(path)] = std::move(text); }

    Result<std::string, int> read(const std::string& path) override
    {
        auto it = files_.find(path);
        if (it == files_.end())
            return fail(int{ENOENT});
        return it->second;
    }

    std::vector<std::string> glob(const std::string& pattern, int&) override
    {
        std::vector<std::string> found;
        for (const auto& [path, text] : files_)
            if (matches(pattern, path))
                found.push_back(path);
        return found;
    }

private:
    static bool matches(std::string_view pattern, std::string_view path)
    {
        if (pattern.empty())
            return path.empty();
        if (pattern[0] == '*')
            return matches(pattern.substr(1), path) ||
                   (!path.empty() && path[0] != '/' && matches(pattern, path.substr(1)));
        if (path.empty() || (pattern[0] == '?' ? path[0] == '/' : pattern[0] != path[0]))
            return false;
        return matches(pattern.substr(1), path.substr(1));
    }

    std::map<std::string, std::string> files_;
};

}  // namespace sluice::conf
