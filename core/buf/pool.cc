// SPDX-License-Identifier: Apache-2.0
#include "core/buf/pool.h"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/base/check.h"

namespace sluice::buf {
namespace {

constexpr int classes = 9;  // 1 KiB << 0..8
PoolStats stats;

struct Free {
    Free* next;
};
Free* spare[classes];
size_t spare_bytes = 0;
constexpr size_t max_spare_bytes = 64 << 20;  // kept per worker for the next ones

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
    if (index < classes && spare[index]) {
        Free* p = spare[index];
        spare[index] = p->next;
        spare_bytes -= capacity_;
        data_ = reinterpret_cast<char*>(p);
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
        spare[index] = new (data_) Free{spare[index]};
        spare_bytes += capacity_;
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
