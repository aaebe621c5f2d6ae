// SPDX-License-Identifier: Apache-2.0
// Peer: one address of a group: what its `server` line says, what all workers know of it, and what
// this worker alone does.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/base/counter.h"
#include "core/base/list.h"
#include "core/os/address.h"
#include "core/upstream/health.h"

namespace sluice::upstream {

class Link;
struct PeerIdle;  // tag: the idle connections to one peer

/// A `server` line's say about one address.
struct PeerSpec {
    os::Address address;
    std::string name;    // $upstream_addr: "127.0.0.1:8080", "unix:/path"
    std::string server;  // as written; one name may have several addresses
    std::string route;   // sticky's word for it
    int weight = 1;
    int max_fails = 1;  // 0: never rests
    ms fail_timeout{10000};
    int max_conns = 0;  // requests at a time; 0: no limit
    ms slow_start{0};   // after it has come back: how long until it has its whole weight
    bool down = false;
    bool backup = false;
    bool drain = false;  // only for clients that are bound to it
};

/// What all workers know of a peer. Times of the steady clock, which is one for all processes.
/// Zero bytes are its first state. Each number is right on its own.
struct alignas(64) PeerState {
    std::atomic<uint64_t> key;  // of whose it is, where that was found while serving
    std::atomic<uint32_t> fails;
    std::atomic<uint32_t> in_use;                   // requests at it now
    std::atomic<int64_t> failed_at;                 // the last failure
    std::atomic<int64_t> checked_at;                // the last try after it
    std::atomic<int64_t> recovered_at;              // when it came back; 0: it was never away
    std::atomic<uint32_t> header_us, last_byte_us;  // moving averages; 0: none yet
    std::atomic<int64_t> ejected_until;             // by its group's judge
    std::atomic<int64_t> window_began;              // the judge's count
    std::atomic<uint32_t> window_answers, window_bad, ejections;
};

/// What one worker does with a peer. The gauges are taken back when it ends; counters go on in the
/// worker that has its line next.
struct PeerCell {
    std::atomic<uint32_t> in_use;  // gauge: requests of it
    std::atomic<uint32_t> idle;    // gauge: connections kept
    Counter requests, failures;
};

/// Of one worker: which of its cells it is just changing, see board.h.
struct alignas(64) PeerRow {
    std::atomic<int> pid;            // 0: nobody's now
    std::atomic<uint32_t> changing;  // the peer's slot + 1; 0: none
    std::atomic<bool> used;          // it has been somebody's
};

struct Peer : PeerSpec {
    explicit Peer(PeerSpec spec) : PeerSpec(std::move(spec)), effective_weight(weight) {}
    Peer(const Peer&) = delete;

    uint64_t key = 0;    // of its state
    uint8_t number = 0;  // among those of the same address
    bool gone = false;   // its name leads elsewhere now: it is not in its group any more
    uint32_t pins = 0;   // who looks at it still; one that is gone is destroyed when nobody does
    /// What probes say; null: nobody probes it.
    PeerHealth* health = nullptr;
    bool unhealthy() const { return health && health->out.load(relaxed); }
    PeerState& state() const { return *state_; }
    bool full() const { return max_conns && in_use() >= static_cast<uint32_t>(max_conns); }
    /// It failed max_fails times and its fail_timeout is not over, or it was ejected.
    bool resting(Instant now) const
    {
        if (now.ticks < state().ejected_until.load(relaxed))
            return true;
        if (!max_fails || state().fails.load(relaxed) < static_cast<uint32_t>(max_fails))
            return false;
        return now.ticks - state().checked_at.load(relaxed) <= fail_timeout.count();
    }
    uint32_t in_use() const { return state().in_use.load(relaxed); }
    void take() { count(1); }
    void leave() { count(-1); }
    /// Takes a place if there is one: max_conns holds whoever else decides at this moment.
    bool try_take()
    {
        if (!max_conns) {
            take();
            return true;
        }
        row_->changing.store(slot_ + 1, std::memory_order_release);
        uint32_t own = cell_->in_use.load(relaxed), all = state_->in_use.load();
        cell_->in_use.store(own + 1, std::memory_order_release);
        bool taken = false;
        while (!taken && all < static_cast<uint32_t>(max_conns))
            taken = state_->in_use.compare_exchange_weak(all, all + 1);
        if (!taken)
            cell_->in_use.store(own, std::memory_order_release);
        row_->changing.store(0, std::memory_order_release);
        return taken;
    }
    /// Of this worker.
    PeerCell& cell() const { return *cell_; }

    /// State and counts are those of all workers from now on. (Its own until then.)
    void share(PeerState& state, PeerCell& cell, PeerRow& row, uint32_t slot)
    {
        state_ = &state;
        cell_ = &cell;
        row_ = &row;
        slot_ = slot;
    }

    /// The part of its weight that it has while it starts slowly, above 0; 1 when it does not.
    double ramp(Instant now) const
    {
        int64_t since = state().recovered_at.load(relaxed);
        if (!slow_start.count() || !since || now.ticks - since >= slow_start.count())
            return 1;
        double part =
            static_cast<double>(now.ticks - since) / static_cast<double>(slow_start.count());
        return std::max(part, 0.01);
    }
    /// Its weight in thousandths: less after failures and while it starts slowly.
    int64_t weight_now(Instant now) const
    {
        return static_cast<int64_t>(1000 * effective_weight * ramp(now));
    }

    /// Requests of this worker that it has not answered: since when, in the mean.
    void asked(Instant now)
    {
        ++waiting_;
        since_sum_ += now.ticks;
    }
    void answered(Instant since)
    {
        --waiting_;
        since_sum_ -= since.ticks;
    }
    double mean_wait_us(Instant now) const
    {
        return waiting_ ? 1000.0 * static_cast<double>(now.ticks * waiting_ - since_sum_) /
                              static_cast<double>(waiting_)
                        : 0;
    }

    int64_t current_weight = 0;  // of smooth round robin, in thousandths
    int effective_weight = 1;    // less than `weight` after failures
    List<Link, PeerIdle> idle;   // connections, oldest first

private:
    static constexpr auto relaxed = std::memory_order_relaxed;
    // The order matters, see board.h: the compiler and the processor keep it.
    void count(int n)
    {
        auto more = static_cast<uint32_t>(n);
        row_->changing.store(slot_ + 1, std::memory_order_release);
        cell_->in_use.store(cell_->in_use.load(relaxed) + more, std::memory_order_release);
        state_->in_use.fetch_add(more);
        row_->changing.store(0, std::memory_order_release);
    }

    int64_t waiting_ = 0, since_sum_ = 0;
    PeerState own_state_{};
    PeerCell own_cell_{};
    PeerRow own_row_{};
    PeerState* state_ = &own_state_;
    PeerCell* cell_ = &own_cell_;
    PeerRow* row_ = &own_row_;
    uint32_t slot_ = 0;
};

/// A request's place at a peer (max_conns); given back when it goes.
class Seat
{
public:
    Seat() = default;
    Seat(Seat&& other) noexcept : peer_(std::exchange(other.peer_, nullptr)) {}
    Seat& operator=(Seat&& other) noexcept
    {
        leave();
        peer_ = std::exchange(other.peer_, nullptr);
        return *this;
    }
    ~Seat() { leave(); }
    /// False: it is full.
    bool take(Peer& peer)
    {
        leave();
        if (!peer.try_take())
            return false;
        peer_ = &peer;
        return true;
    }
    void leave()
    {
        if (peer_)
            std::exchange(peer_, nullptr)->leave();
    }
    bool taken() const { return peer_; }

private:
    Peer* peer_ = nullptr;
};

}  // namespace sluice::upstream
