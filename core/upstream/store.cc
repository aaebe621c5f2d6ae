// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/store.h"

#include <fmt/format.h>

#include "core/os/disk.h"
#include "core/os/output.h"
#include "core/os/sys.h"

namespace sluice::upstream {

Store::Store(http::Request& r, std::string_view path, uint32_t mode)
    : r_(r), path_(path), mode_(mode)
{
    static uint64_t number = 0;
    growing_ = fmt::format("{}.{}.{}.part", path_, os::process_id(), ++number);
    const char* call = "mkdir()";
    int error = os::make_folders_of(growing_, mode_);
    if (!error) {
        call = "open()";
        file_ = os::create_file(growing_, mode_, error);
    }
    if (error)
        fail(call, error);
}

Store::~Store()
{
    if (file_)
        os::remove_file(growing_);
}

void Store::fail(std::string_view call, int error)
{
    r_.log(Level::crit, "{} \"{}\" failed {} while storing the response", call, growing_,
           errno_text(error));
    if (file_)
        os::remove_file(growing_);
    file_.close();
}

void Store::write(std::string_view bytes)
{
    if (!file_ || bytes.empty())
        return;
    os::Io io = os::write_all(file_.get(), bytes.data(), bytes.size());
    if (!io.ok())
        fail("write()", io.error);
}

void Store::finish(int64_t modified)
{
    if (!file_)
        return;
    if (modified >= 0)
        os::set_modified(file_.get(), modified);
    int error = os::rename_file(growing_, path_);
    if (error)
        return fail("rename()", error);
    file_.close();
}

}  // namespace sluice::upstream
