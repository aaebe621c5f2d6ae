// SPDX-License-Identifier: Apache-2.0
// Scoreboard: what each worker does, in memory that master and workers share. One line per worker
// process, written by that worker alone; anybody reads. The master makes it once, so counts survive
// reloads; a line whose worker has ended is given to a later one, which counts on from there (its
// gauges begin at zero), so sums over all lines never fall.
//
// Limits: 512 worker processes at once (old generations included), one without a line counts for
// itself; 127 listeners by name, the rest together as "other".
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/counter.h"
#include "core/event/loop.h"
#include "core/os/shared_memory.h"

namespace sluice::net {

/// The numbers of stub_status. The last four are gauges.
struct ConnectionCounts {
    Counter accepted, handled, requests;
    Counter active, reading, writing, waiting;
};

/// What became of the wake-ups of one listener.
struct ListenerCounts {
    Counter accepted;
    Counter again;      // woken for nothing: another worker was faster
    Counter exhausted;  // clients answered with "no room" (503 or a reset)
};

/// How the worker fares with its descriptors and slots.
struct RoomCounts {
    Counter reserve_used;       // reserve descriptors given up, each time
    Counter shed;               // idle connections closed to make room
    Counter shed_silent;        // and clients that had never sent anything
    Counter waits;              // requests that waited for a descriptor
    Counter shortage;           // gauge: 1 while it is short of them
    Counter slots_used, slots;  // gauges: of worker_connections
};

/// What became of names that were asked for.
struct ResolverCounts {
    Counter questions;               // to the servers or the hosts file: a name each
    Counter found, missing, failed;  // how they ended
    Counter stale;                   // last good answers that were kept for want of a new one
    Counter expired;                 // of those, that were kept no longer
};

inline constexpr size_t max_listeners = 128;

struct alignas(64) WorkerLine {
    std::atomic<int> pid;  // 0: free
    std::atomic<uint32_t> generation, index;
    std::atomic<bool> stopped;  // by SIGSTOP; the master hears of it
    event::Loop::Stats loop;
    ConnectionCounts connections;
    RoomCounts room;
    ResolverCounts names;
    Counter log_lines_lost;  // that could not be written
    std::array<ListenerCounts, max_listeners> listeners;

    /// How long its loop has been in the present turn; 0 while it waits for events. Its clock may
    /// be a little ahead of ours.
    ms turn_age(Instant now) const
    {
        Instant began{static_cast<int64_t>(loop.turn_began.get())};
        return began.ticks ? std::max(now - began, ms{0}) : ms{0};
    }
};

class Scoreboard
{
public:
    static constexpr size_t max_workers = 512;
    /// False when there is no memory: take() gives nothing then.
    explicit operator bool() const { return static_cast<bool>(memory_); }

    /// By the master, before it forks. Null: all are in use.
    WorkerLine* take(uint32_t generation, uint32_t index);
    /// By the master: the worker has ended.
    void give_back(int pid);
    /// The line of the listener of this name; made when it is new.
    size_t listener(std::string_view name);
    size_t find_listener(std::string_view name) const;
    /// By the master: a worker was stopped, or goes on. Its line, null when it has none.
    WorkerLine* find(int pid) const;

    /// Lines that were ever used.
    std::span<WorkerLine> lines() const;
    /// The number of a line; max_workers when it is none of these.
    size_t index_of(const WorkerLine& line) const;
    /// Names of the listeners, by their index; 0 is "other".
    size_t listener_count() const;
    std::string_view listener_name(size_t index) const;
    template <class Get>
    uint64_t sum(Get get) const
    {
        uint64_t n = 0;
        for (const WorkerLine& line : lines())
            n += get(line);
        return n;
    }

private:
    struct Shared;
    Shared& shared() const { return *static_cast<Shared*>(memory_.data()); }
    static size_t shared_size();
    os::SharedMemory memory_{shared_size()};
};

}  // namespace sluice::net
