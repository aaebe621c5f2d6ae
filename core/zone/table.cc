// SPDX-License-Identifier: Apache-2.0
#include "core/zone/table.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <new>
#include <vector>

#include "core/base/check.h"
#include "core/base/hash.h"

namespace sluice::zone {
namespace {

static_assert(sizeof(Node) == Table::cell_size);

// What stands before this in the program has been stored when what follows is, for whoever looks
// after our death. (A killed process has executed its instructions in order; the kernel that hands
// its lock on makes them visible.)
void in_order()
{
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace

// A further cell of a key. Its state lies where that of a node does.
struct Table::Part {
    static constexpr size_t room = 52;
    Node::State state;
    uint32_t of;  // the node
    uint32_t next;
    char text[room];
};

Table::Table(os::SharedMemory memory, uint64_t seed)
    : memory_(std::move(memory)), header_(format(memory_, seed))
{
    auto* base = static_cast<char*>(memory_.data());
    buckets_ = reinterpret_cast<uint32_t*>(base + cell_size * ((sizeof(Header) + 63) / 64));
    size_t buckets_size = (size_t{header_.bucket_mask} + 1) * sizeof(uint32_t);
    // Cell 0 is never touched: it may overlap the end of the buckets.
    cells_ = reinterpret_cast<Node*>(reinterpret_cast<char*>(buckets_) + buckets_size) - 1;
}

Table::Header& Table::format(os::SharedMemory& memory, uint64_t seed)
{
    static_assert(sizeof(Part) == cell_size);
    SLUICE_CHECK(memory && memory.size() >= min_memory && memory.size() <= max_memory);
    auto* header = new (memory.data()) Header{};
    SLUICE_CHECK(header->mutex.init() == 0);
    size_t room = memory.size() - cell_size * ((sizeof(Header) + 63) / 64);
    size_t buckets = std::max<size_t>(std::bit_floor(room / cell_size), 16);  // 1 to 2 nodes each
    header->seed = seed;
    header->bucket_mask = static_cast<uint32_t>(buckets - 1);
    header->cells = static_cast<uint32_t>((room - buckets * sizeof(uint32_t)) / cell_size) + 1;
    header->fresh = 1;
    return *header;
}

size_t Table::cells_for(size_t key_size)
{
    if (key_size <= Node::inline_key)
        return 1;
    return 1 + (key_size - Node::inline_key + Part::room - 1) / Part::room;
}

uint32_t Table::hash(std::string_view key) const
{
    return static_cast<uint32_t>(hash_bytes(key, header_.seed));
}

bool Table::fits(const Node& node, std::string_view key, uint32_t hash) const
{
    return node.hash_ == hash && node.key_size_ == key.size() && begins_with(node, key);
}

// Its key is at least as long.
bool Table::begins_with(const Node& node, std::string_view key) const
{
    size_t n = std::min(key.size(), Node::inline_key);
    if (n && std::memcmp(node.key_, key.data(), n) != 0)
        return false;
    key.remove_prefix(n);
    for (uint32_t i = node.more_; !key.empty(); i = part(i).next) {
        n = std::min(key.size(), Part::room);
        if (std::memcmp(part(i).text, key.data(), n) != 0)
            return false;
        key.remove_prefix(n);
    }
    return true;
}

Node* Table::find(std::string_view key, uint32_t hash, uint32_t owner)
{
    for (uint32_t i = bucket(hash); i; i = cell(i).next_)
        if (cell(i).owner_ == owner && fits(cell(i), key, hash))
            return &cell(i);
    return nullptr;
}

Node* Table::find_prefix(std::string_view prefix, uint32_t hash)
{
    for (uint32_t i = bucket(hash); i; i = cell(i).next_)
        if (cell(i).hash_ == hash && cell(i).key_size_ >= prefix.size() &&
            begins_with(cell(i), prefix))
            return &cell(i);
    return nullptr;
}

std::string Table::key_of(const Node& node, size_t from) const
{
    std::string key(node.key_, std::min<size_t>(node.key_size_, Node::inline_key));
    for (uint32_t i = node.more_; i && key.size() < node.key_size_; i = part(i).next)
        key.append(part(i).text, std::min<size_t>(node.key_size_ - key.size(), Part::room));
    return key.substr(std::min(from, key.size()));
}

// ---- cells --------------------------------------------------------------------------------------

bool Table::has_room(size_t key_size) const
{
    return key_size <= max_key && cells_for(key_size) <= cells() - header_.counts.used;
}

uint32_t Table::take()
{
    uint32_t i = header_.free;
    if (i)
        header_.free = cell(i).next_;
    else
        i = header_.fresh++;
    SLUICE_DCHECK(i < header_.cells && cell(i).state_ == Node::free);
    ++header_.counts.used;
    return i;
}

void Table::give(uint32_t i)
{
    cell(i).state_ = Node::free;
    in_order();
    cell(i).next_ = header_.free;
    header_.free = i;
    --header_.counts.used;
}

// All of a node but its being there.
Node* Table::prepare(std::string_view key, uint32_t hash, uint32_t owner, uint32_t now)
{
    if (!has_room(key.size())) {
        ++header_.counts.refused;
        return nullptr;
    }
    uint32_t self = take();
    Node& node = cell(self);
    node.key_size_ = static_cast<uint16_t>(key.size());
    node.hash_ = hash;
    node.owner_ = owner;
    node.used_at_ = now;
    node.more_ = 0;
    std::memset(node.value_, 0, sizeof node.value_);
    size_t n = std::min(key.size(), Node::inline_key);
    key.copy(node.key_, n);
    key.remove_prefix(n);
    for (uint32_t* link = &node.more_; !key.empty(); key.remove_prefix(n)) {
        uint32_t i = take();
        Part& p = part(i);
        n = std::min(key.size(), Part::room);
        key.copy(p.text, n);
        p.of = self;
        p.next = 0;
        in_order();
        p.state = Node::part;
        *link = i;
        link = &p.next;
    }
    header_.owned = header_.owned || owner != 0;
    return &node;
}

void Table::publish(Node& node)
{
    in_order();
    node.state_ = Node::live;
    in_order();
    link(node);
}

void Table::link(Node& node)
{
    uint32_t& first = bucket(node.hash_);
    node.next_ = first;
    first = number(node);
    link_newest(node);
    ++header_.counts.nodes;
}

void Table::link_newest(Node& node)
{
    node.newer_ = 0;
    node.older_ = header_.newest;
    (header_.newest ? cell(header_.newest).newer_ : header_.oldest) = number(node);
    header_.newest = number(node);
}

void Table::unlink_order(Node& node)
{
    (node.newer_ ? cell(node.newer_).older_ : header_.newest) = node.older_;
    (node.older_ ? cell(node.older_).newer_ : header_.oldest) = node.newer_;
}

void Table::touch(Node& node, uint32_t now)
{
    node.used_at_ = now;
    if (header_.newest == number(node))
        return;
    unlink_order(node);
    link_newest(node);
}

void Table::remove(Node& node)
{
    uint32_t self = number(node);
    node.state_ = Node::free;  // from here on it is not there
    in_order();
    uint32_t* link = &bucket(node.hash_);
    while (*link != self)
        link = &cell(*link).next_;
    *link = node.next_;
    unlink_order(node);
    --header_.counts.nodes;
    for (uint32_t i = node.more_; i;) {
        uint32_t next = part(i).next;
        give(i);
        i = next;
    }
    give(self);
}

// ---- the dead -----------------------------------------------------------------------------------

size_t Table::drop_owner(uint32_t owner)
{
    if (!header_.owned)
        return 0;
    size_t dropped = 0;
    for (Node* node = oldest(); node;) {
        Node* next = newer(*node);
        if (node->owner_ == owner) {
            remove(*node);
            ++dropped;
        }
        node = next;
    }
    return dropped;
}

// Has its whole key. Looks at numbers before it follows them.
bool Table::sound(const Node& node) const
{
    uint32_t i = node.more_;
    for (size_t n = cells_for(node.key_size_); n > 1; --n) {
        if (i == 0 || i >= header_.fresh || part(i).state != Node::part ||
            part(i).of != number(node))
            return false;
        i = part(i).next;
    }
    return i == 0;
}

Table::Recovered Table::recover()
{
    Recovered result;
    header_.fresh = std::min(std::max(header_.fresh, 1u), header_.cells);
    std::vector<uint32_t> order;
    for (uint32_t i = 1; i < header_.fresh; ++i) {
        if (cell(i).state_ == Node::live && !sound(cell(i))) {
            cell(i).state_ = Node::free;
            ++result.lost;
        }
        if (cell(i).state_ == Node::live)
            order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return cell(a).used_at_ < cell(b).used_at_; });
    std::fill_n(buckets_, size_t{header_.bucket_mask} + 1, 0u);
    header_.newest = header_.oldest = header_.free = 0;
    header_.counts.nodes.set(0);
    header_.counts.used.set(header_.fresh - 1);
    for (uint32_t i = header_.fresh; --i > 0;) {
        // A part's state lies where a node's does; `of` may name what has ended since.
        Node::State state = cell(i).state_;
        bool in_use = state == Node::live;
        if (state == Node::part) {
            uint32_t of = part(i).of;
            in_use = of != 0 && of < header_.fresh && cell(of).state_ == Node::live;
        }
        if (!in_use)
            give(i);
    }
    for (uint32_t i : order)
        link(cell(i));
    result.kept = order.size();
    ++header_.counts.recovered;
    return result;
}

}  // namespace sluice::zone
