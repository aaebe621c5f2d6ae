// SPDX-License-Identifier: Apache-2.0
#include "modules/ssl/vault.h"

#include <openssl/crypto.h>

#include <atomic>
#include <cstring>

namespace sluice::ssl {
namespace {

constexpr size_t page = 4096;

}  // namespace

int Vault::open(size_t places)
{
    first_ = (sizeof(Head) + places * sizeof(Counter) + page - 1) / page * page;
    memory_ = os::SharedMemory(first_ + places * sizeof(Place));
    return memory_ ? 0 : memory_.error();
}

Vault::Place& Vault::at(size_t place) const
{
    return reinterpret_cast<Place*>(static_cast<char*>(memory_.data()) + first_)[place];
}

bool Vault::put(size_t place, const std::string& text)
{
    Place& to = at(place);
    if (text.size() > sizeof to.text)
        return false;
    Counter& version = versions()[place];
    version.set(version.get() | 1);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    OPENSSL_cleanse(to.text, to.size);
    std::memcpy(to.text, text.data(), text.size());
    to.size = text.size();
    std::atomic_thread_fence(std::memory_order_seq_cst);
    ++version;
    ++head().changes;
    return true;
}

bool Vault::get(size_t place, net::PemText& out) const
{
    const Place& from = at(place);
    uint64_t before = versions()[place].get();
    std::atomic_thread_fence(std::memory_order_seq_cst);
    size_t size = from.size;
    if (before % 2 || size > sizeof from.text)
        return false;
    std::string copy(from.text, size);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    bool same = versions()[place].get() == before;
    out.set(std::move(copy));
    return same;
}

}  // namespace sluice::ssl
