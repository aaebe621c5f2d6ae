// SPDX-License-Identifier: Apache-2.0
#include "core/net/scoreboard.h"

#include <algorithm>
#include <cstring>

namespace sluice::net {

// Zero bytes are its first state.
struct Scoreboard::Shared {
    struct Name {
        char text[124];  // cut when longer: a unix path has at most 108 bytes
        std::atomic<uint32_t> size;
    };
    std::atomic<uint32_t> used;       // lines
    std::atomic<uint32_t> listeners;  // besides "other"
    Name names[max_listeners];
    WorkerLine lines[max_workers];
};

size_t Scoreboard::shared_size()
{
    return sizeof(Shared);
}

namespace {

// What is true of a living worker only.
void clear_gauges(WorkerLine& line)
{
    ConnectionCounts& c = line.connections;
    for (Counter* gauge : {&c.active, &c.reading, &c.writing, &c.waiting, &line.room.shortage,
                           &line.room.slots_used, &line.room.slots, &line.loop.turn_began})
        gauge->set(0);
}

}  // namespace

WorkerLine* Scoreboard::take(uint32_t generation, uint32_t index)
{
    if (!memory_)
        return nullptr;
    Shared& s = shared();
    for (uint32_t i = 0; i < max_workers; ++i) {
        WorkerLine& line = s.lines[i];
        if (line.pid != 0)
            continue;
        line.pid = -1;  // until the worker writes its own
        line.stopped = false;
        line.generation = generation;
        line.index = index;
        s.used = std::max<uint32_t>(s.used, i + 1);
        return &line;
    }
    return nullptr;
}

void Scoreboard::give_back(int pid)
{
    for (WorkerLine& line : lines())
        if (line.pid == pid) {
            clear_gauges(line);
            line.pid = 0;
        }
}

size_t Scoreboard::listener(std::string_view name)
{
    if (!memory_)
        return 0;
    if (size_t known = find_listener(name))
        return known;
    Shared& s = shared();
    name = name.substr(0, sizeof(Shared::Name::text));
    size_t next = listener_count();
    if (next == max_listeners)
        return 0;
    std::memcpy(s.names[next].text, name.data(), name.size());
    s.names[next].size = static_cast<uint32_t>(name.size());
    ++s.listeners;
    return next;
}

size_t Scoreboard::find_listener(std::string_view name) const
{
    for (size_t i = 1; i < listener_count(); ++i)
        if (listener_name(i) == name.substr(0, sizeof(Shared::Name::text)))
            return i;
    return 0;
}

WorkerLine* Scoreboard::find(int pid) const
{
    for (WorkerLine& line : lines())
        if (line.pid == pid)
            return &line;
    return nullptr;
}

std::span<WorkerLine> Scoreboard::lines() const
{
    if (!memory_)
        return {};
    return {shared().lines, shared().used};
}

size_t Scoreboard::index_of(const WorkerLine& line) const
{
    for (const WorkerLine& each : lines())
        if (&each == &line)
            return static_cast<size_t>(&each - lines().data());
    return max_workers;
}

size_t Scoreboard::listener_count() const
{
    return memory_ ? shared().listeners + 1 : 1;
}

std::string_view Scoreboard::listener_name(size_t index) const
{
    if (index == 0)
        return "other";
    return {shared().names[index].text, shared().names[index].size};
}

}  // namespace sluice::net
