// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/backlog.h"

#include <algorithm>

#include "core/http/connection.h"
#include "core/http/service.h"
#include "core/os/disk.h"
#include "core/os/sys.h"

namespace sluice::upstream {
namespace {

constexpr size_t memory_step = 16384;     // a buffer of the part in memory
constexpr size_t file_at_once = 1 << 20;  // of one write to the client

}  // namespace

bool Backlog::may_take(size_t held, bool spill) const
{
    if (!rest_.empty())
        return false;
    if (file_empty() && memory_held_ + held + memory_step <= memory_limit_)
        return true;
    return spill && !file_refused_ && static_cast<uint64_t>(file_end_) < file_limit_;
}

// As much as fits; grows the last buffer's content, then takes new ones while `limit` allows.
size_t Backlog::append_to(Buffers& buffers, std::string_view bytes, size_t limit)
{
    size_t done = 0;
    while (done < bytes.size()) {
        if (buffers.empty() || buffers.back().room_size() == 0) {
            if (memory_held_ + memory_step > limit)
                break;
            buffers.emplace_back(memory_step);
            memory_held_ += buffers.back().capacity();
        }
        size_t n = std::min(buffers.back().room_size(), bytes.size() - done);
        buffers.back().append(bytes.substr(done, n));
        done += n;
    }
    return done;
}

void Backlog::append(http::Request& r, std::string_view bytes, size_t held, bool spill)
{
    size_ += bytes.size();
    size_t limit = memory_limit_ > held ? memory_limit_ - held : 0;
    if (file_empty() && rest_.empty())
        bytes.remove_prefix(append_to(memory_, bytes, limit));
    if (!bytes.empty() && rest_.empty() && spill)
        bytes.remove_prefix(write_file(r, bytes));
    if (!bytes.empty())
        append_to(rest_, bytes, SIZE_MAX);
}

void Backlog::settle(http::Request& r, bool spill)
{
    if (rest_.empty())
        return;
    if (memory_.empty() && file_empty()) {
        memory_.swap(rest_);  // it may be on its way to the client: buffers stay where they are
        return;
    }
    while (spill && !rest_.empty()) {
        size_t size = rest_.front().size(), written = write_file(r, rest_.front().view());
        drop_from(rest_, written, memory_held_);
        if (written < size)
            return;
    }
}

bool Backlog::open_file(http::Request& r)
{
    int error = 0;
    file_ = os::temporary_file(directory_, error);
    if (!file_ && os::is_shortage(error)) {
        net::Room& room = r.c.service.room();
        room.short_of("open()", error);
        room.shed_descriptor();
        if (room.lend(net::Room::For::request))
            file_ = os::temporary_file(directory_, error);
    }
    if (!file_) {
        r.log(Level::crit, "open() of a temporary file in \"{}\" failed {} while reading upstream",
              directory_, errno_text(error));
        return false;
    }
    r.log(Level::warn,
          "an upstream response is buffered to a temporary file in {} while reading upstream",
          directory_);
    return true;
}

size_t Backlog::write_file(http::Request& r, std::string_view bytes)
{
    uint64_t left = file_limit_ - std::min<uint64_t>(file_limit_, static_cast<uint64_t>(file_end_));
    bytes = bytes.substr(0, left);
    if (file_refused_ || bytes.empty())
        return 0;
    if (!file_ && !open_file(r)) {
        file_refused_ = true;
        return 0;
    }
    os::Io io = os::pwrite_all(file_.get(), bytes.data(), bytes.size(), file_end_);
    file_end_ += io.n;
    if (!io.ok()) {
        file_refused_ = true;
        r.log(Level::warn,
              "pwrite() to a temporary file in \"{}\" failed {}, the upstream has to wait for the "
              "client",
              directory_, errno_text(io.error));
    }
    return static_cast<size_t>(io.n);
}

size_t Backlog::front(buf::Slice* parts, size_t max) const
{
    size_t n = 0;
    for (const buf::Buffer& b : memory_)
        if (n < max)
            parts[n++] = buf::Slice(b.view());
    if (n > 0)
        return n;
    if (!file_empty()) {
        size_t size = std::min<size_t>(static_cast<size_t>(file_end_ - file_begin_), file_at_once);
        parts[0] = buf::Slice::of_file(file_.get(), file_begin_, size);
        return 1;
    }
    for (const buf::Buffer& b : rest_)
        if (n < max)
            parts[n++] = buf::Slice(b.view());
    return n;
}

size_t Backlog::drop_from(Buffers& buffers, size_t n, size_t& held)
{
    while (n > 0 && !buffers.empty()) {
        size_t part = std::min(n, buffers.front().size());
        buffers.front().consume(part);
        n -= part;
        if (buffers.front().empty()) {
            held -= buffers.front().capacity();
            buffers.pop_front();
        }
    }
    return n;
}

void Backlog::drop(size_t n)
{
    size_ -= n;
    n = drop_from(memory_, n, memory_held_);
    if (n > 0 && !file_empty()) {
        auto part = std::min<int64_t>(static_cast<int64_t>(n), file_end_ - file_begin_);
        file_begin_ += part;
        n -= static_cast<size_t>(part);
    }
    drop_from(rest_, n, memory_held_);
    if (file_empty() && file_end_ > 0) {
        os::truncate(file_.get());
        file_begin_ = file_end_ = 0;
    }
    if (file_empty() && memory_.empty())
        memory_.swap(rest_);
    if (size_ == 0)
        file_refused_ = false;
    dropped.set();
}

}  // namespace sluice::upstream
