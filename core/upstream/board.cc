// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/board.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/clock.h"
#include "core/base/log.h"

namespace sluice::upstream {

/// States, and the workers' rows of cells behind them. Zero bytes are its first state. Pages that
/// nobody touches cost nothing: cells of lines that were never used are not read.
struct Board::Segment {
    explicit Segment(size_t n) : slots(n), memory(size_of(n)) {}
    static size_t rows_at(size_t n) { return n * sizeof(PeerState); }
    static size_t cells_at(size_t n) { return rows_at(n) + max_workers * sizeof(PeerRow); }
    static size_t size_of(size_t n) { return cells_at(n) + max_workers * n * sizeof(PeerCell); }

    PeerState& state(size_t slot) const { return at<PeerState>(0)[slot]; }
    PeerRow& row(size_t line) const { return at<PeerRow>(rows_at(slots))[line]; }
    PeerCell& cell(size_t line, size_t slot) const
    {
        return at<PeerCell>(cells_at(slots))[line * slots + slot];
    }
    template <class T>
    T* at(size_t offset) const
    {
        return reinterpret_cast<T*>(static_cast<char*>(memory.data()) + offset);
    }
    void take_back(size_t line) const;
    void add_up(size_t slot) const;

    size_t slots;
    os::SharedMemory memory;
};

// The worker of this line has ended.
void Board::Segment::take_back(size_t line) const
{
    uint32_t doubtful = row(line).changing;
    for (size_t slot = 0; slot < slots; ++slot) {
        PeerCell& c = cell(line, slot);
        c.idle = 0;
        uint32_t n = c.in_use.exchange(0);
        if (slot + 1 != doubtful && n)
            state(slot).in_use -= n;
    }
    if (doubtful)
        add_up(doubtful - 1);
    row(line).changing = 0;
    row(line).pid = 0;
}

// The sum again from the cells. The others go on changing theirs meanwhile, a cell and the sum
// within a few instructions: what stays the same many times over is what is wrong.
void Board::Segment::add_up(size_t slot) const
{
    int64_t wrong = 0;
    for (int same = 0, looks = 0; same < 100 && looks < 100000; ++looks) {
        int64_t sum = 0, total = state(slot).in_use;
        for (size_t line = 0; line < max_workers; ++line)
            sum += row(line).used ? cell(line, slot).in_use.load() : 0;
        same = total - sum == wrong ? same + 1 : 0;
        wrong = total - sum;
    }
    state(slot).in_use -= static_cast<uint32_t>(wrong);
}

Board::Board() = default;
Board::~Board() = default;

void Board::use(const std::shared_ptr<Segment>& segment)
{
    if (std::find(segments_.begin(), segments_.end(), segment) == segments_.end())
        segments_.push_back(segment);
}

// Known results of a check go on, but what a mandatory one wants to see again.
void begin_check(CheckState& check, const CheckSpec& spec, const PeerHealth* before)
{
    check.identity = spec.identity;
    for (size_t i = 0; before && i < PeerHealth::most; ++i) {
        const CheckState& known = before->checks[i];
        if (known.identity != spec.identity)
            continue;
        check.probes = known.probes.load();
        check.probes_failed = known.probes_failed.load();
        bool counts = known.health == CheckState::down || !spec.mandatory || spec.persistent;
        check.health = counts ? known.health.load() : CheckState::unknown;
    }
}

void begin_checks(PeerHealth& health, const std::vector<CheckSpec>& checks,
                  const PeerHealth* before)
{
    for (size_t i = 0; i < checks.size(); ++i) {
        const CheckSpec& spec = checks[i];
        CheckState& check = health.checks[i];
        begin_check(check, spec, before);
        if (check.health == CheckState::down ||
            (spec.mandatory && check.health == CheckState::unknown))
            health.out |= 1u << i;
    }
}

std::string Board::open_health(const Board* running, const std::vector<Entry>& entries, bool names)
{
    size_t n = names ? health_spares : 0;
    for (const Entry& e : entries)
        n += !e.checks->empty();
    if (n == 0)
        return "";
    health_ = os::SharedMemory(n * sizeof(PeerHealth));
    if (!health_)
        return fmt::format("mmap(MAP_ANON|MAP_SHARED, {}) failed {}", health_.size(),
                           errno_text(health_.error()));
    auto* next = static_cast<PeerHealth*>(health_.data());
    if (names) {
        spare_healths_ = next;
        next += health_spares;
    }
    for (const Entry& e : entries) {
        if (e.checks->empty())
            continue;
        PeerHealth& health = *next++;
        const PeerHealth* before = nullptr;
        if (running)
            if (auto it = running->healths_.find(e.peer->key); it != running->healths_.end())
                before = it->second;
        begin_checks(health, *e.checks, before);
        healths_[e.peer->key] = e.peer->health = &health;
    }
    return "";
}

// Its own, or one that is free, or one that nobody has looked after for long.
PeerHealth* Board::spare_health(uint64_t key, bool& fresh)
{
    constexpr int64_t abandoned = 600'000;
    int64_t now = Clock::now().ticks;
    for (size_t i = 0; i < health_spares; ++i) {
        PeerHealth& health = spare_healths_[(key + i) % health_spares];
        uint64_t owner = 0;
        if (health.key.compare_exchange_strong(owner, key)) {
            fresh = true;
            return &health;
        }
        if (owner == key)
            return &health;
    }
    for (size_t i = 0; i < health_spares; ++i) {
        PeerHealth& health = spare_healths_[i];
        int64_t last = 0;
        for (const CheckState& check : health.checks)
            last = std::max(last, check.due.load());
        uint64_t owner = health.key;
        if (now - last > abandoned && health.key.compare_exchange_strong(owner, key)) {
            fresh = true;
            return &health;
        }
    }
    return nullptr;
}

void Board::adopt_health(Peer& peer, const std::vector<CheckSpec>& checks)
{
    if (checks.empty() || !peer.key)
        return;
    if (auto known = healths_.find(peer.key); known != healths_.end()) {
        peer.health = known->second;
        return;
    }
    bool fresh = false;
    peer.health = spare_healths_ ? spare_health(peer.key, fresh) : nullptr;
    if (!fresh)
        return;
    PeerHealth& health = *peer.health;
    health.out = 0;
    for (CheckState& check : health.checks) {
        check.prober = 0;
        check.due = 0;
        check.health = CheckState::unknown;
        check.passes = check.fails = 0;
        check.probes = check.probes_failed = 0;
    }
    begin_checks(health, checks, nullptr);
}

std::string Board::open(const Board* running, const std::vector<Entry>& entries, bool names)
{
    std::vector<Peer*> fresh;
    for (const Entry& e : entries) {
        Peer* peer = e.peer;
        auto known = running ? running->places_.find(peer->key) : places_.end();
        if (!running || known == running->places_.end())
            fresh.push_back(peer);
        else if (places_.emplace(peer->key, known->second).second)
            peers_.push_back(peer);
    }
    spare_ = running ? running->spare_ : std::make_shared<Segment>(spares);
    auto made = std::make_shared<Segment>(std::max<size_t>(fresh.size(), 1));
    for (const auto& segment : {made, spare_})
        if (!segment->memory)
            return fmt::format("mmap(MAP_ANON|MAP_SHARED, {}) failed {}", segment->memory.size(),
                               errno_text(segment->memory.error()));
    for (uint32_t slot = 0; slot < fresh.size(); ++slot)
        if (places_.emplace(fresh[slot]->key, Place{made, slot}).second)
            peers_.push_back(fresh[slot]);
    for (Peer* peer : peers_)
        use(places_[peer->key].segment);
    use(spare_);
    return open_health(running, entries, names);
}

void Board::give(Peer& peer, const Place& place) const
{
    Segment& s = *place.segment;
    peer.share(s.state(place.slot), s.cell(line_, place.slot), s.row(line_), place.slot);
}

void Board::begin(size_t line, int pid)
{
    if (line >= max_workers || !spare_)
        return;
    line_ = line;
    for (const auto& segment : segments_) {
        segment->row(line).used = true;
        segment->row(line).pid = pid;
    }
    for (Peer* peer : peers_)
        give(*peer, places_[peer->key]);
}

void Board::adopt(Peer& peer)
{
    if (line_ >= max_workers || !peer.key)
        return;
    if (auto known = places_.find(peer.key); known != places_.end())
        return give(peer, known->second);
    for (size_t i = 0; i < spares; ++i) {
        auto slot = static_cast<uint32_t>((peer.key + i) % spares);
        uint64_t owner = 0;
        if (!spare_->state(slot).key.compare_exchange_strong(owner, peer.key) && owner != peer.key)
            continue;
        Place& place = places_[peer.key] = {spare_, slot};
        return give(peer, place);
    }
}

void Board::forget(int pid)
{
    for (const auto& segment : segments_)
        for (size_t line = 0; line < max_workers; ++line)
            if (segment->row(line).pid == pid)
                segment->take_back(line);
}

Board::Sum Board::sum(const Peer& peer) const
{
    Sum sum;
    auto add = [&](const PeerCell& cell) {
        sum.in_use += cell.in_use;
        sum.idle += cell.idle;
        sum.requests += cell.requests;
        sum.failures += cell.failures;
    };
    auto known = places_.find(peer.key);
    if (known == places_.end()) {
        add(peer.cell());
        return sum;
    }
    const Segment& s = *known->second.segment;
    for (size_t line = 0; line < max_workers; ++line)
        if (s.row(line).used)
            add(s.cell(line, known->second.slot));
    return sum;
}

}  // namespace sluice::upstream
