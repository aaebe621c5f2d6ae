// SPDX-License-Identifier: Apache-2.0
#include "core/buf/pool.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/base/check.h"
#include "core/base/clock.h"

namespace sluice::buf {
namespace {

constexpr int classes = 9;  // 1 KiB << 0..8
PoolStats stats;

struct Free {
    Free* next;
};
struct Spares {
    Free* first = nullptr;
    size_t count = 0;
    size_t least = 0;  // since the last trim(): so many were not needed
};
Spares spares[classes];
size_t spare_bytes = 0;
constexpr size_t max_spare_bytes = 64 << 20;  // kept per worker for the next ones
constexpr ms trim_interval{5000};
Instant next_trim{0};

int class_of(size_t size)
{
    if (size <= Buffer::smallest)
        return 0;
    return static_cast<int>(std::bit_width(size - 1)) - 10;
}

size_t class_size(int index)
{
    return Buffer::smallest << index;
}

char* take_spare(int index)
{
    Spares& s = spares[index];
    Free* p = s.first;
    s.first = p->next;
    s.least = std::min(s.least, --s.count);
    spare_bytes -= class_size(index);
    return reinterpret_cast<char*>(p);
}

// What a burst left and nobody needed since goes back to the system. It is done as buffers are
// given back: a worker that has nothing to do is not woken for it.
void trim()
{
    next_trim = Clock::in(trim_interval);
    for (int index = 0; index < classes; ++index) {
        for (size_t n = spares[index].least; n > 0; --n)
            std::free(take_spare(index));
        spares[index].least = spares[index].count;
    }
}

}  // namespace

const PoolStats& pool_stats()
{
    return stats;
}

Buffer::Buffer(size_t size)
{
    int index = class_of(size);
    capacity_ = index < classes ? class_size(index) : size;
    stats.in_use += capacity_;
    if (index < classes && spares[index].first) {
        data_ = take_spare(index);
        return;
    }
    ++stats.allocated;
    data_ = static_cast<char*>(std::malloc(capacity_));
    SLUICE_CHECK(data_);
}

void Buffer::release()
{
    if (!data_)
        return;
    stats.in_use -= capacity_;
    int index = class_of(capacity_);
#ifdef __SANITIZE_ADDRESS__
    bool keep = false;  // use after release must be seen
#else
    bool keep = index < classes && spare_bytes + capacity_ <= max_spare_bytes;
#endif
    if (keep) {
        spares[index].first = new (data_) Free{spares[index].first};
        ++spares[index].count;
        spare_bytes += capacity_;
        if (Clock::now() >= next_trim)
            trim();
    } else {
        std::free(data_);
    }
    data_ = nullptr;
    capacity_ = begin_ = end_ = 0;
}

void Buffer::grow(size_t size)
{
    Buffer bigger(size > this->size() ? size : this->size());
    bigger.append(view());
    std::swap(*this, bigger);
}

void Buffer::make_room()
{
    if (room_size() > 0)
        return;
    if (size() < capacity_)
        compact();
    else
        grow(capacity_ * 2);
}

void Buffer::compact()
{
    if (begin_ == 0)
        return;
    std::memmove(data_, data_ + begin_, size());
    end_ -= begin_;
    begin_ = 0;
}

}  // namespace sluice::buf
