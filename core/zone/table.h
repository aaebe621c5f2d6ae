// SPDX-License-Identifier: Apache-2.0
// Table: nodes found by the bytes of their key, in memory that processes share, from the newest to
// the oldest. Memory is cells of 64 bytes: a node is one with its head, 16 bytes of value and the
// first 16 bytes of its key, and further cells for longer keys (52 bytes each), so nothing
// fragments. Links are cell numbers; 0 is none. Cells that were never used cost no memory.
//
// Every operation but those marked (unlocked) needs the lock, see zone.h. A process may be killed
// at any instruction: a node is there or not by one store of its state, made when all else in it is
// true, and index, order and list of free cells can be made again from the states: recover(). A
// value is written by whoever holds the lock, and must be good after any part of its stores.
//
// A node may have an owner (a process). Nodes of equal keys and different owners are different.
//
// find O(1), add O(key), remove O(key), drop_owner and recover O(cells that were ever used).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/base/counter.h"
#include "core/os/robust_mutex.h"
#include "core/os/shared_memory.h"

namespace sluice::zone {

/// A node's first cell.
class Node
{
public:
    static constexpr size_t value_size = 16, inline_key = 16;

    template <class T>
    T& value()
    {
        static_assert(sizeof(T) <= value_size && alignof(T) <= 8);
        static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
        return *reinterpret_cast<T*>(value_);
    }
    uint32_t owner() const { return owner_; }

private:
    friend class Table;
    enum State : uint8_t { free, live, part };

    State state_;
    uint16_t key_size_;
    uint32_t hash_;
    uint32_t next_;  // in the bucket; of free cells: in the list of them
    uint32_t newer_, older_;
    uint32_t more_;  // the rest of the key
    uint32_t owner_;
    uint32_t used_at_;  // what touch() was told
    alignas(8) unsigned char value_[value_size];
    char key_[inline_key];
};

class Table
{
public:
    static constexpr size_t cell_size = 64, max_key = 65535;
    static constexpr size_t min_memory = 8 * 4096, max_memory = size_t{1} << 37;

    /// Formats memory of min_memory to max_memory bytes, which must be zero. `seed` keeps others
    /// from choosing keys that meet in one bucket.
    Table(os::SharedMemory memory, uint64_t seed);
    Table(const Table&) = delete;

    os::RobustMutex& mutex() { return header_.mutex; }

    /// The hash that find() and add() take. (unlocked)
    uint32_t hash(std::string_view key) const;
    Node* find(std::string_view key, uint32_t hash, uint32_t owner = 0);
    /// The newest node whose key begins so, among those that were added under `hash`: what stands
    /// behind the prefix in its key is data that the prefix finds.
    Node* find_prefix(std::string_view prefix, uint32_t hash);
    /// The node's key, from `from` on.
    std::string key_of(const Node& node, size_t from = 0) const;
    /// Calls f(Node&) for the nodes of this key, whoever owns them. f may not remove nodes.
    template <class F>
    void each(std::string_view key, uint32_t hash, F f)
    {
        for (uint32_t i = bucket(hash); i; i = cell(i).next_)
            if (fits(cell(i), key, hash))
                f(cell(i));
    }
    /// A node that was not there, the newest now, its value all zero until `value` has been copied;
    /// null: no room. `now` is seconds of steady time.
    template <class T>
    Node* add(std::string_view key, uint32_t hash, uint32_t owner, const T& value, uint32_t now)
    {
        Node* node = prepare(key, hash, owner, now);
        if (node) {
            node->value<T>() = value;
            publish(*node);
        }
        return node;
    }
    void remove(Node& node);
    /// It was used: the newest now.
    void touch(Node& node, uint32_t now);
    Node* oldest() { return optional(header_.oldest); }
    Node* newer(const Node& node) { return optional(node.newer_); }
    /// Whether a key of this size finds room. Longer ones than max_key never do.
    bool has_room(size_t key_size) const;

    /// Removes what this process owned; how many nodes.
    size_t drop_owner(uint32_t owner);
    struct Recovered {
        size_t kept = 0, lost = 0;  // nodes; lost ones were being made or removed
    };
    Recovered recover();

    /// (unlocked) Each is right on its own.
    struct Counts {
        Counter used;       // gauge: cells
        Counter nodes;      // gauge
        Counter refused;    // there was no room for a node
        Counter evicted;    // removed to make room, by the owner's count
        Counter recovered;  // times that a process died inside
        Counter missed;     // times that somebody went on without the lock; see zone.h
    };
    const Counts& counts() const { return header_.counts; }
    Counts& counts() { return header_.counts; }
    size_t cells() const { return header_.cells - 1; }

private:
    struct Part;
    struct Header {
        os::RobustMutex mutex;
        uint64_t seed;
        uint32_t cells;  // with number 0, which is no cell
        uint32_t bucket_mask;
        uint32_t fresh;  // this and all behind it were never used
        uint32_t free;   // the first one of the list
        uint32_t newest, oldest;
        bool owned;  // some node had an owner
        Counts counts;
    };

    static Header& format(os::SharedMemory& memory, uint64_t seed);
    static size_t cells_for(size_t key_size);
    Node& cell(uint32_t i) const { return cells_[i]; }
    Part& part(uint32_t i) const { return reinterpret_cast<Part&>(cells_[i]); }
    uint32_t number(const Node& node) const { return static_cast<uint32_t>(&node - cells_); }
    Node* optional(uint32_t i) const { return i ? &cells_[i] : nullptr; }
    uint32_t& bucket(uint32_t hash) const { return buckets_[hash & header_.bucket_mask]; }
    bool fits(const Node& node, std::string_view key, uint32_t hash) const;
    bool begins_with(const Node& node, std::string_view prefix) const;

    Node* prepare(std::string_view key, uint32_t hash, uint32_t owner, uint32_t now);
    void publish(Node& node);
    uint32_t take();
    void give(uint32_t i);
    void link(Node& node);
    void link_newest(Node& node);
    void unlink_order(Node& node);
    bool sound(const Node& node) const;

    os::SharedMemory memory_;
    Header& header_;
    uint32_t* buckets_;
    Node* cells_;
};

}  // namespace sluice::zone
