// SPDX-License-Identifier: Apache-2.0
// OpenFiles: a worker's files by path, kept open between requests. What it costs to be right: with
// Rules::valid zero every look-up makes one stat and compares which file it is, its size and its
// times in nanoseconds with what is kept; any change is seen by the next look-up, as if the file
// were opened each time. For that it does not keep
//   - a file that was changed less than two seconds ago: a further change could fall into the same
//     tick of the file system's clock (ms; 2 s on FAT);
//   - a file on a file system that other machines or programs may change (NFS, FUSE, /proc, ...).
// With `valid` above zero what was found is believed for that long, errors and folders too, as the
// directives of open_file_cache say.
//
// Contents: of files up to small_content bytes, read once and again when they are older than a
// second (a shared mapping writes without a new time at once).
//
// Bounds: entries by `max`, contents by max_contents; the entry that was asked for longest ago goes
// first, and after `inactive` without being asked for. One thread; files in use outlive their
// entry.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/clock.h"
#include "core/base/list.h"
#include "core/buf/pool.h"
#include "core/event/timer.h"
#include "core/os/disk.h"

namespace sluice::files {

/// An open file and what it was when it was opened.
struct OpenFile {
    os::Fd fd;
    os::FileInfo info;
    uint32_t references = 0;
};

/// Shares an OpenFile among those that send it and the cache: the last one closes it.
class FileRef
{
public:
    FileRef() = default;
    explicit FileRef(OpenFile* file) : file_(file) { ++file_->references; }
    FileRef(const FileRef& other) : file_(other.file_)
    {
        if (file_)
            ++file_->references;
    }
    FileRef(FileRef&& other) noexcept : file_(std::exchange(other.file_, nullptr)) {}
    FileRef& operator=(FileRef other) noexcept
    {
        std::swap(file_, other.file_);
        return *this;
    }
    ~FileRef()
    {
        if (file_ && --file_->references == 0)
            delete file_;
    }
    explicit operator bool() const { return file_ != nullptr; }
    const OpenFile* operator->() const { return file_; }
    const OpenFile& operator*() const { return *file_; }

private:
    OpenFile* file_ = nullptr;
};

/// How a look-up is to be made; of the place that asks.
struct Rules {
    ms valid{0};            // believed for so long without a look at the disk
    uint32_t min_uses = 1;  // look-ups before a file is kept open
    bool errors = false;    // failures are believed as well
    os::Links links;
};

struct Found {
    FileRef file;  // null: `error`, or it is no regular file
    os::FileInfo info;
    int error = 0;  // errno
    std::string_view
        content;  // of a small file, all of it, until the next call; empty: not at hand
};

struct ByUseTag;
struct ContentTag;

class OpenFiles : private event::Timer, public ListHook<>
{
public:
    static constexpr size_t small_content = 4096, max_contents = 4 << 20;

    /// `max` 0: as many as a worker can spare, at most 1000.
    OpenFiles(size_t max, ms inactive);
    ~OpenFiles();

    /// `path` must end with a NUL byte behind it, as below.
    Found open(std::string_view path, const Rules& rules);
    /// 0 or errno. Opens nothing.
    int info(std::string_view path, const Rules& rules, os::FileInfo& info);

    /// Closes one file that nobody uses; false when there is none.
    bool give_up_one();
    void clear();

    size_t size() const { return entries_.size(); }
    size_t content_bytes() const { return content_bytes_; }

private:
    struct Entry;
    using Entries =
        std::unordered_map<std::string_view, std::unique_ptr<Entry>>;  // keys are the entries' own

    Entry* find(std::string_view path);
    Entry& entry_of(std::string_view path);
    void drop(Entry& entry);
    void drop_content(Entry& entry);
    void used(Entry& entry);
    static bool is_fresh(const Entry& entry, const Rules& rules);
    Found hit(Entry& entry);
    Found open_anew(std::string_view path, const Rules& rules);
    bool may_keep(const OpenFile& file, const Rules& rules);
    std::string_view content_of(Entry& entry);
    void expired() override;

    size_t max_;
    ms inactive_;
    Entries entries_;
    List<Entry, ByUseTag> by_use_;      // the latest last
    List<Entry, ContentTag> contents_;  // in the order in which they were read
    size_t content_bytes_ = 0;
    uint64_t device_ = 0;  // the last one of which we asked whether it is local
    bool device_is_local_ = false;
};

/// Without keeping anything.
Found open_once(std::string_view path, const os::Links& links);
/// Of any OpenFiles of this process: for who is short of descriptors. False when nothing is left.
bool give_up_one();
/// Empties all: the worker serves no new requests any more.
void clear_all();

}  // namespace sluice::files
