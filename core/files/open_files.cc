// SPDX-License-Identifier: Apache-2.0
#include "core/files/open_files.h"

#include <algorithm>
#include <cerrno>

#include "core/base/hash.h"
#include "core/event/loop.h"
#include "core/os/process.h"

namespace sluice::files {

struct OpenFiles::Entry : ListHook<ByUseTag>, ListHook<ContentTag> {
    explicit Entry(std::string_view p) : path(p) {}
    std::string path;
    FileRef file;  // null: only `info` or `error` is known, or nothing but `uses`
    os::FileInfo info;
    int error = 0;
    uint32_t uses = 0;
    Instant asked, checked;
    os::Links links;
    buf::Buffer content;
    Instant content_read;
};

namespace {

constexpr size_t usual_max = 1000;
constexpr size_t share_of_descriptors = 8;  // at most this part of the process's limit
constexpr int64_t settled_ns = 2000000000;
constexpr ms content_age{1000};

List<OpenFiles>& all()
{
    static List<OpenFiles> list;
    return list;
}

bool is_settled(const os::FileInfo& info)
{
    return Clock::wall_ms() * 1000000 - info.changed_ns >= settled_ns;
}

}  // namespace

OpenFiles::OpenFiles(size_t max, ms inactive) : max_(max), inactive_(inactive)
{
    all().push_back(*this);
}

OpenFiles::~OpenFiles()
{
    clear();
}

OpenFiles::Entry* OpenFiles::find(std::string_view path)
{
    auto it = entries_.find(path);
    return it == entries_.end() ? nullptr : it->second.get();
}

OpenFiles::Entry& OpenFiles::entry_of(std::string_view path)
{
    if (max_ == 0) {
        uint64_t limit = os::file_limit().soft;
        max_ = std::clamp<uint64_t>(limit / share_of_descriptors, 1, usual_max);
    }
    if (Entry* entry = find(path))
        return *entry;
    while (entries_.size() >= max_)
        drop(by_use_.front());
    auto made = std::make_unique<Entry>(path);
    Entry& entry = *made;
    entries_.emplace(entry.path, std::move(made));
    return entry;
}

void OpenFiles::drop(Entry& entry)
{
    drop_content(entry);
    entries_.erase(entry.path);
}

void OpenFiles::drop_content(Entry& entry)
{
    content_bytes_ -= entry.content.capacity();
    entry.content.release();
    entry.ListHook<ContentTag>::unlink();
}

void OpenFiles::used(Entry& entry)
{
    entry.asked = Clock::now();
    entry.ListHook<ByUseTag>::unlink();
    by_use_.push_back(entry);
    if (!event::Timer::set())
        event::Loop::current().timers().add(*this, Clock::in(inactive_));
}

void OpenFiles::expired()
{
    while (!by_use_.empty() && by_use_.front().asked + inactive_ <= Clock::now())
        drop(by_use_.front());
    if (!by_use_.empty())
        event::Loop::current().timers().add(*this, by_use_.front().asked + inactive_);
}

bool OpenFiles::is_fresh(const Entry& entry, const Rules& rules)
{
    return Clock::now() < entry.checked + rules.valid && entry.links == rules.links;
}

Found OpenFiles::hit(Entry& entry)
{
    used(entry);
    return {entry.file, entry.info, entry.error, entry.file ? content_of(entry) : ""};
}

Found OpenFiles::open(std::string_view path, const Rules& rules)
{
    Entry* entry = find(path);
    if (!entry)
        return open_anew(path, rules);
    ++entry->uses;
    bool known = entry->file || entry->error || entry->info.kind == os::FileInfo::directory;
    if (known && is_fresh(*entry, rules))
        return hit(*entry);
    // What is kept was allowed to be opened; with links to be checked only opening tells whether
    // it still is.
    if (entry->file && rules.links.mode == os::Links::follow && entry->links == rules.links) {
        os::FileInfo info;
        if (os::file_info(path.data(), {}, info) == 0 && info.same_state(entry->file->info)) {
            entry->checked = Clock::now();
            return hit(*entry);
        }
    }
    return open_anew(path, rules);
}

bool OpenFiles::may_keep(const OpenFile& file, const Rules& rules)
{
    if (file.info.kind != os::FileInfo::regular)
        return false;
    if (rules.valid.count() > 0)
        return true;
    if (rules.links.mode != os::Links::follow || !is_settled(file.info))
        return false;
    if (file.info.device != device_) {
        device_ = file.info.device;
        device_is_local_ = os::is_local(file.fd.get());
    }
    return device_is_local_;
}

Found OpenFiles::open_anew(std::string_view path, const Rules& rules)
{
    Found found = open_once(path, rules.links);
    Entry* entry = find(path);  // what it holds is out of date
    bool believed = rules.valid.count() > 0;
    bool keep = found.file    ? may_keep(*found.file, rules)
                : found.error ? believed && rules.errors && !os::is_shortage(found.error)
                              : believed && found.info.kind == os::FileInfo::directory;
    if (!keep) {
        if (entry)
            drop(*entry);
        return found;
    }
    if (!entry)
        entry = &entry_of(path);
    drop_content(*entry);
    entry->uses = std::max(entry->uses, 1u);
    entry->info = found.info;
    entry->error = found.error;
    entry->links = rules.links;
    entry->checked = Clock::now();
    entry->file = entry->uses >= rules.min_uses ? found.file : FileRef();
    used(*entry);
    if (entry->file)
        found.content = content_of(*entry);
    return found;
}

std::string_view OpenFiles::content_of(Entry& entry)
{
    auto size = static_cast<size_t>(entry.info.size);
    if (size == 0 || size > small_content)
        return {};
    if (entry.content && Clock::now() - entry.content_read < content_age)
        return entry.content.view();
    drop_content(entry);
    buf::Buffer content(size);
    os::Io io = os::pread(entry.file->fd.get(), content.room(), size, 0);
    if (!io.ok() || static_cast<size_t>(io.n) != size)
        return {};  // who sends it will meet the same and say so
    content.filled(size);
    while (content_bytes_ + content.capacity() > max_contents)
        drop_content(contents_.front());
    entry.content = std::move(content);
    entry.content_read = Clock::now();
    content_bytes_ += entry.content.capacity();
    contents_.push_back(entry);
    return entry.content.view();
}

int OpenFiles::info(std::string_view path, const Rules& rules, os::FileInfo& info)
{
    if (rules.valid.count() == 0)
        return os::file_info(path.data(), rules.links, info);
    Entry* entry = find(path);
    bool known =
        entry && (entry->file || entry->error || entry->info.kind == os::FileInfo::directory);
    if (known && is_fresh(*entry, rules)) {
        used(*entry);
        info = entry->info;
        return entry->error;
    }
    int error = os::file_info(path.data(), rules.links, info);
    bool keep =
        error ? rules.errors && !os::is_shortage(error) : info.kind == os::FileInfo::directory;
    if (keep) {
        Entry& made = entry_of(path);
        drop_content(made);
        made.file = {};
        made.info = info;
        made.error = error;
        made.links = rules.links;
        made.checked = Clock::now();
        used(made);
    } else if (entry && !(entry->file && error == 0 && info.same_state(entry->file->info))) {
        drop(*entry);
    }
    return error;
}

bool OpenFiles::give_up_one()
{
    Entry* oldest = nullptr;
    by_use_.each([&](Entry& entry) {
        if (!oldest && entry.file && entry.file->references == 1)
            oldest = &entry;
    });
    if (oldest)
        drop(*oldest);
    return oldest != nullptr;
}

void OpenFiles::clear()
{
    while (!by_use_.empty())
        drop(by_use_.front());
    cancel();
}

Found open_once(std::string_view path, const os::Links& links)
{
    Found found;
    os::Fd fd;
    do {
        fd = os::open_file(path.data(), links, found.info, found.error);
    } while (os::is_shortage(found.error) && give_up_one());
    if (fd && found.info.kind == os::FileInfo::regular)
        found.file = FileRef(new OpenFile{std::move(fd), found.info});
    return found;
}

bool give_up_one()
{
    bool given = false;
    all().each([&](OpenFiles& files) { given = given || files.give_up_one(); });
    return given;
}

void clear_all()
{
    all().each([](OpenFiles& files) { files.clear(); });
}

}  // namespace sluice::files
