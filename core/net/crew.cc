// SPDX-License-Identifier: Apache-2.0
#include "core/net/crew.h"

#include "core/base/clock.h"
#include "core/os/socket.h"

namespace sluice::net {
namespace {

// A turn that lasts longer than this says that its worker will not accept soon.
constexpr ms busy{100};

}  // namespace

Crew::Crew(size_t workers, uint32_t generation, const Scoreboard& scoreboard)
    : generation_(generation), scoreboard_(scoreboard), memory_(sizeof(std::atomic<uint32_t>))
{
    if (!memory_)
        return;
    baton_ = static_cast<std::atomic<uint32_t>*>(memory_.data());
    for (size_t i = 0; i < workers; ++i) {
        bells_.push_back(os::event_fd());
        if (!bells_.back())
            return;
    }
    good_ = true;
}

void Crew::ring(size_t worker) const
{
    os::ring(bells_[worker].get());
}

void Crew::ring_all() const
{
    for (size_t i = 0; i < size(); ++i)
        ring(i);
}

bool Crew::pass(size_t from, size_t to)
{
    auto expected = static_cast<uint32_t>(from);
    if (!baton_->compare_exchange_strong(expected, static_cast<uint32_t>(to)))
        return false;
    ring(to);
    return true;
}

void Crew::lost(size_t worker)
{
    size_t other = least_loaded(worker);
    if (other < size())
        pass(worker, other);
    ring_all();
}

const WorkerLine* Crew::line(size_t worker) const
{
    for (const WorkerLine& line : scoreboard_.lines())
        if (line.pid > 0 && line.generation == generation_ && line.index == worker)
            return &line;
    return nullptr;
}

bool Crew::can_accept(const WorkerLine& line) const
{
    return !line.stopped && !line.room.shortage && line.room.slots_used < line.room.slots &&
           line.turn_age(Clock::now()) < busy;
}

size_t Crew::least_loaded(size_t self) const
{
    size_t best = size();
    uint64_t fewest = UINT64_MAX;
    for (const WorkerLine& line : scoreboard_.lines()) {
        if (line.pid <= 0 || line.generation != generation_ || line.index == self ||
            line.index >= size() || !can_accept(line))
            continue;
        uint64_t clients = line.connections.active;
        // Of equals the next one round the circle, or the first would always win.
        bool nearer = best < size() &&
                      (line.index + size() - self) % size() < (best + size() - self) % size();
        if (clients < fewest || (clients == fewest && nearer)) {
            fewest = clients;
            best = line.index;
        }
    }
    return best;
}

}  // namespace sluice::net
