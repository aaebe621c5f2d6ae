// SPDX-License-Identifier: Apache-2.0
// Backlog: the bytes of an answer that came faster than the client takes them, in their order:
// first in memory, then in a file that has no name, then (when the file takes no more) what was in
// hand. It is emptied from the front; once the file is empty it gives its space back and memory is
// filled first again.
//  * Bounds: `memory` bytes of buffers and `file` bytes on disk. Beyond them may_take() is false:
//    then nobody reads the peer. What was read already is kept all the same (one buffer).
//  * A disk that is full, or no descriptor for the file, is no failure: may_take() is false until
//    what is here has gone, then the file is tried again.
//  * Files are written and read in this thread, mostly by the page cache.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "core/buf/pool.h"
#include "core/event/wait.h"
#include "core/http/request.h"
#include "core/os/fd.h"

namespace sluice::upstream {

class Backlog
{
public:
    Backlog(size_t memory, uint64_t file, const std::string& directory)
        : memory_limit_(memory), file_limit_(file), directory_(directory)
    {
    }

    bool empty() const { return size_ == 0; }
    uint64_t size() const { return size_; }
    /// `held`: bytes of buffers that count with ours. `spill`: the file may be used.
    bool may_take(size_t held, bool spill) const;
    /// What was in hand when nothing more fitted finds its place now (in the file when `spill`), so
    /// that more may be taken behind it.
    void settle(http::Request& r, bool spill);
    void append(http::Request& r, std::string_view bytes, size_t held, bool spill);

    /// The front as at most `max` slices; they stay valid until they are dropped.
    size_t front(buf::Slice* parts, size_t max) const;
    void drop(size_t n);

    event::Event dropped;  // something was
    bool cut = false;  // the peer ended before its answer did: so must ours, behind what is here

private:
    using Buffers = std::deque<buf::Buffer>;
    bool file_empty() const { return file_begin_ == file_end_; }
    size_t append_to(Buffers& buffers, std::string_view bytes, size_t limit);
    size_t write_file(http::Request& r, std::string_view bytes);
    bool open_file(http::Request& r);
    static size_t drop_from(Buffers& buffers, size_t n, size_t& held);

    size_t memory_limit_;
    uint64_t file_limit_;
    const std::string& directory_;
    Buffers memory_, rest_;  // before and behind what is in the file
    size_t memory_held_ = 0;
    os::Fd file_;
    int64_t file_begin_ = 0, file_end_ = 0;
    bool file_refused_ = false;
    uint64_t size_ = 0;
};

}  // namespace sluice::upstream
