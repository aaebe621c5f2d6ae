// SPDX-License-Identifier: Apache-2.0
// Zones: named shared memory of a configuration. Modules ask for them while it is read; the process
// layer opens them before it forks, and takes over those of the running configuration whose shape
// (name, size, kind, key) is the same, with what is in them. Nothing here is ever taken from the
// running configuration by one that is refused: they only hold the same memory for a while.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/result.h"
#include "core/zone/table.h"

namespace sluice::zone {

class Zone
{
public:
    Zone(std::string name, const void* kind) : name_(std::move(name)), kind_(kind) {}

    const std::string& name() const { return name_; }
    const void* kind() const { return kind_; }
    /// Bytes; 0: used somewhere, but not declared (yet).
    size_t size() const { return size_; }
    /// What its keys are made of, as text.
    const std::string& shape() const { return shape_; }
    /// Of workers, and of whoever opened it. What it holds is changed under a Lock only.
    Table& table() const { return *table_; }
    bool is_open() const { return table_ != nullptr; }

private:
    friend class Set;
    friend class Lock;
    std::string name_, shape_;
    const void* kind_;
    size_t size_ = 0;
    std::shared_ptr<Table> table_;  // of this and the generations before that have the same
    const Log* log_ = nullptr;
    // Of this process: somebody holds the lock and does not go on.
    struct Stuck {
        bool now = false;
        uint64_t unsaid = 0;  // misses
        Instant said{0};
    };
    mutable Stuck stuck_;
};

/// Holds a zone's lock. Where a process died with it, the table is put right first, and the error
/// log says so. Never across a wait.
///
/// A process that is stopped inside (SIGSTOP, a debugger) keeps the lock and must not stop the
/// others: after `patience` this is false, and from then on at once, until the lock can be had
/// again. Who finds it false leaves the table alone and goes on as its module says; it is counted,
/// and the error log says it at most once a second.
class [[nodiscard]] Lock
{
public:
    /// Above what holders take that run: table.h and README.md say how long, and how the machine
    /// shares its CPUs is added to it.
    static constexpr ms patience{50};

    explicit Lock(const Zone& zone);
    ~Lock()
    {
        if (held_)
            table_.mutex().unlock();
    }
    Lock(const Lock&) = delete;
    explicit operator bool() const { return held_; }

private:
    Table& table_;
    bool held_;
};

/// All zones of one configuration.
class Set
{
public:
    /// The zone of this name, declared here or later. `kind` says whose it is (any address of the
    /// module's). The error is nginx's text.
    Result<Zone*, std::string> use(std::string_view name, const void* kind);
    /// Gives it its size and shape. The error is nginx's text; having been declared with the same
    /// size is none: then `again` is true.
    Result<Zone*, std::string> declare(std::string_view name, const void* kind, size_t size,
                                       std::string_view shape, bool& again);

    /// Makes the memory of all, or takes it over from `running` (may be null). `log` must live as
    /// long as this. "" or why not.
    std::string open(const Set* running, const Log& log);
    /// A process has ended: what it owned goes. False: a zone is locked just now, ask again.
    bool drop_owner(int pid);

    const std::vector<std::unique_ptr<Zone>>& all() const { return zones_; }

private:
    std::vector<std::unique_ptr<Zone>> zones_;
};

}  // namespace sluice::zone
