// SPDX-License-Identifier: Apache-2.0
// Store: a copy of an answer on disk (X_store). It grows in a file beside the place where it
// belongs and takes that place once it is whole; one that is not is removed. Folders are made. A
// disk that fails ends the copy and is logged, the answer goes on.
#pragma once

#include <string>
#include <string_view>

#include "core/http/request.h"
#include "core/os/fd.h"

namespace sluice::upstream {

class Store
{
public:
    /// `path` absolute; `mode` of the file.
    Store(http::Request& r, std::string_view path, uint32_t mode);
    ~Store();
    Store(const Store&) = delete;

    void write(std::string_view bytes);
    /// It is whole. `modified`: seconds since the epoch, -1: now.
    void finish(int64_t modified);

private:
    void fail(std::string_view call, int error);

    http::Request& r_;
    std::string path_, growing_;
    uint32_t mode_;
    os::Fd file_;
};

}  // namespace sluice::upstream
