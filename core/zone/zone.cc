// SPDX-License-Identifier: Apache-2.0
#include "core/zone/zone.h"

#include <fmt/format.h>

#include "core/os/sys.h"

namespace sluice::zone {
namespace {

constexpr ms report_every{1000};

// The lock is ours, and its holder died inside.
void put_right(Table& table, const std::string& name, const Log* log)
{
    Table::Recovered found = table.recover();
    table.mutex().consistent();
    if (log)
        (*log)(Level::alert,
               "a process died while it changed zone \"{}\": {} states kept, {} given up", name,
               found.kept, found.lost);
}

}  // namespace

Lock::Lock(const Zone& zone) : table_(zone.table())
{
    // Who has waited in vain once does not wait again, or each request would take that long.
    Zone::Stuck& stuck = zone.stuck_;
    os::RobustMutex::Got got = stuck.now
                                   ? table_.mutex().try_lock()
                                   : table_.mutex().lock_within(static_cast<int>(patience.count()));
    held_ = got != os::RobustMutex::Got::no;
    if (got == os::RobustMutex::Got::after_death)
        put_right(table_, zone.name(), zone.log_);
    stuck.now = !held_;
    if (held_ && stuck.unsaid == 0)
        return;
    if (!held_) {
        ++stuck.unsaid;
        table_.counts().missed.add_shared(1);
    }
    if (Instant now = Clock::now(); now - stuck.said >= report_every) {
        stuck.said = now;
        if (zone.log_)
            (*zone.log_)(Level::alert,
                         "zone \"{}\" is locked by a process that does not go on (stopped?); "
                         "{} times it was done without",
                         zone.name(), stuck.unsaid);
        stuck.unsaid = 0;
    }
}

Result<Zone*, std::string> Set::use(std::string_view name, const void* kind)
{
    for (const auto& zone : zones_)
        if (zone->name_ == name) {
            if (zone->kind_ != kind)
                return fail(fmt::format(
                    "the shared memory zone \"{}\" is already declared for a different use", name));
            return zone.get();
        }
    zones_.push_back(std::make_unique<Zone>(std::string(name), kind));
    return zones_.back().get();
}

Result<Zone*, std::string> Set::declare(std::string_view name, const void* kind, size_t size,
                                        std::string_view shape, bool& again)
{
    Result<Zone*, std::string> used = use(name, kind);
    if (!used)
        return used;
    Zone& zone = **used;
    if (zone.size_ && zone.size_ != size)
        return fail(
            fmt::format("the size {} of shared memory zone \"{}\" conflicts with already "
                        "declared size {}",
                        size, name, zone.size_));
    again = zone.size_ != 0;
    if (!again) {
        zone.size_ = size;
        zone.shape_ = shape;
    }
    return &zone;
}

std::string Set::open(const Set* running, const Log& log)
{
    for (const auto& zone : zones_) {
        zone->log_ = &log;
        if (running)
            for (const auto& old : running->zones_) {
                if (old->name_ != zone->name_ || !old->table_)
                    continue;
                if (old->size_ == zone->size_ && old->kind_ == zone->kind_ &&
                    old->shape_ == zone->shape_)
                    zone->table_ = old->table_;
                else
                    log(Level::notice, "zone \"{}\" is another now: it begins empty", zone->name_);
            }
        if (zone->table_)
            continue;
        os::SharedMemory memory(zone->size_);
        if (!memory)
            return fmt::format("mmap(MAP_ANON|MAP_SHARED, {}) failed {}", zone->size_,
                               errno_text(memory.error()));
        uint64_t seed = 0;
        os::random_bytes(&seed, sizeof seed);
        zone->table_ = std::make_shared<Table>(std::move(memory), seed);
    }
    return "";
}

bool Set::drop_owner(int pid)
{
    bool all = true;
    for (const auto& zone : zones_) {
        if (!zone->table_)
            continue;
        Table& table = *zone->table_;
        // Never waits: a worker may be stopped (a debugger) with the lock in its hand.
        os::RobustMutex::Got got = table.mutex().try_lock();
        if (got == os::RobustMutex::Got::no) {
            all = false;
            continue;
        }
        if (got == os::RobustMutex::Got::after_death)
            put_right(table, zone->name_, zone->log_);
        if (size_t n = table.drop_owner(static_cast<uint32_t>(pid)); n && zone->log_)
            (*zone->log_)(Level::notice, "zone \"{}\": {} states of process {} are given back",
                          zone->name_, n, pid);
        table.mutex().unlock();
    }
    return all;
}

}  // namespace sluice::zone
