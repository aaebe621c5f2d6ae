// SPDX-License-Identifier: Apache-2.0
// Room: what this worker has left to open connections with: descriptors (RLIMIT_NOFILE, ENFILE,
// ENOBUFS, ENOMEM) and slots (worker_connections, which clients and upstream connections share).
//
// It keeps `reserve` idle descriptors, fewer where that would be more than half of what is left.
// When the kernel refuses one, whoever must have it takes this path: shed() closes what idles
// longest; lend() gives up one of the reserve, so that the call can be made again at once; freed()
// waits until something was closed. What is closed later fills the reserve again before anybody
// else gets it. Half of the reserve is kept for answering clients, so that a shortage never makes
// the worker deaf; the other half is lent to requests that have been accepted and need an upstream
// connection or a file, so that they go on to their end.
//
// A shortage is logged when it begins, at most once a second while it lasts (with counts) and when
// it is over. Nothing here polls unless the kernel's own shortage (ENFILE, ENOBUFS, ENOMEM) must
// end, which nobody tells: then every 10 ms while somebody waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "core/base/log.h"
#include "core/event/loop.h"
#include "core/net/scoreboard.h"
#include "core/os/fd.h"

namespace sluice::net {

/// Something that idles and may be closed to make room.
struct ShedTag;
class Sheddable : public ListHook<ShedTag>
{
public:
    /// Closes it, now or within this turn. It is no longer in the list.
    virtual void shed() = 0;
    /// Of a client that has sent nothing yet: since when it is here.
    virtual Instant silent_since() const { return Instant{0}; }

protected:
    ~Sheddable() = default;
};

class Room : private event::TurnEnd, private event::Timer
{
public:
    /// fd_exhaustion: what a client gets that cannot be served for lack of room.
    enum class Answer : uint8_t { respond, reset, pause };
    struct Rules {
        size_t slots = 512;
        size_t reserve = 16;
        Answer answer = Answer::respond;
    };

    Room(const Rules& rules, const Log& log, RoomCounts& counts);
    ~Room();
    Room(const Room&) = delete;
    /// Another generation's rules from now on (master_process off).
    void change(const Rules& rules, const Log& log);
    /// Of this worker; null where nobody made one (unit tests).
    static Room* current() { return current_; }

    const Rules& rules() const { return rules_; }
    size_t reserve() const { return reserve_.size(); }

    // ---- slots ----
    bool slot_free() const { return used_ < rules_.slots; }
    /// An accepted request may go a little beyond, or all could wait for each other for ever.
    bool slot_for_request() const { return used_ < rules_.slots + rules_.reserve / 2; }
    static void take_slot();
    static void give_slot();

    // ---- making room ----
    enum class For : uint8_t { client, request };
    /// Gives up a descriptor of the reserve; false when none may be had for this purpose.
    bool lend(For whom);
    /// Idle things, in the order in which they became idle. Clients go before upstream
    /// connections.
    void idles(Sheddable& client) { idle_clients_.push_back(client); }
    void idles_upstream(Sheddable& link) { idle_links_.push_back(link); }
    /// Clients that were accepted and have sent nothing yet, in the order in which they came. They
    /// go after all that idles, and not before they have been silent for `silence`: most speak at
    /// once.
    void is_silent(Sheddable& client) { silent_clients_.push_back(client); }
    static constexpr ms silence{1000};
    /// Closes the one that idles longest, or is silent longest; false when there is none.
    bool shed();
    /// For a descriptor alone: one that is kept for speed only (`spare_from`) goes first.
    bool shed_descriptor();
    /// Closes such a descriptor at once; false when there is none.
    void spare_from(bool (*close_one)()) { close_one_ = close_one; }
    /// A call was refused: `what` as the log names it ("accept4()").
    void short_of(std::string_view what, int error);
    /// Slots are used up.
    void short_of_slots();
    /// Clients that were answered without being served; for the log.
    void turned_away() { ++turned_away_; }

    /// Until a descriptor or a slot may have come free: then try again. In order of arrival.
    class Freed final : public event::ListWaiter
    {
    public:
        Freed(Room& room, Deadline deadline) : room_(room), deadline_(deadline) {}
        bool await_ready() const noexcept { return false; }
        template <class P>
        bool await_suspend(std::coroutine_handle<P> h)
        {
            if (!suspend_unless_canceled(h))
                return false;
            room_.enlist(*this);
            arm(deadline_);
            return true;
        }
        event::Wait await_resume() const { return result_; }

    private:
        Room& room_;
        Deadline deadline_;
    };
    Freed freed(Deadline deadline) { return Freed(*this, deadline); }
    /// Called at the end of a turn in which room was made, also when a shortage ends.
    void on_freed(std::function<void()> call) { on_freed_ = std::move(call); }

private:
    friend class Freed;
    static void descriptor_closed();
    void turn_ended() override;
    void expired() override;
    void enlist(Freed& waiter);
    void fill(size_t up_to);
    void look_again_later();
    bool one_more();
    void begin_shortage();
    void report();

    inline static Room* current_ = nullptr;
    Rules rules_;
    const Log* log_;
    RoomCounts& counts_;
    std::vector<os::Fd> reserve_;
    List<Sheddable, ShedTag> idle_clients_, idle_links_, silent_clients_;
    event::WaitList waiters_;
    std::function<void()> on_freed_;
    bool (*close_one_)() = nullptr;
    size_t used_ = 0;
    size_t closed_ = 0;  // since the last look
    size_t full_reserve_ = 0;
    // of the present shortage
    bool short_ = false, of_slots_ = false, probing_ = false;
    int error_ = 0;
    std::string_view what_;
    uint64_t turned_away_ = 0, waits_ = 0, refused_ = 0;
    Instant reported_{0};
};

}  // namespace sluice::net
