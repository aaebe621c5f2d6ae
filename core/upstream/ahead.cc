// SPDX-License-Identifier: Apache-2.0
// Reading ahead (X_buffering on): while the client has no room, what the peer sends is put aside,
// so that the peer is done with us as soon as it can be. A client that keeps up never meets this.
#include "core/http/connection.h"
#include "core/upstream/backlog.h"
#include "core/upstream/exchange.h"
#include "core/upstream/store.h"

namespace sluice::upstream {
namespace {

constexpr size_t read_at_once = 65536;
// A client that has no room for this long is slow: before, nothing more is read for it. Most catch
// up sooner, and then nothing has been copied.
constexpr ms slow_after{100};

}  // namespace

// `sending` is the write that found no room. next: the client has caught up, and nothing is put
// aside any more; else how the response ended.
Task<Rc> Exchange::read_ahead(http::Request& r, Task<Rc> sending, buf::Buffer& from)
{
    if (!ahead_)
        ahead_ = r.arena().make<Backlog>(rules_.buffer_limit, rules_.file_limit, rules_.temp_path);
    spill_at_ = Clock::in(slow_after);
    bool good = put_aside(r, from);
    auto [up, down] = co_await event::both(drain(r, std::move(sending)), fill(r, good));
    // The read that was under way as the client caught up may have brought something all the same.
    Download end = up;
    if (end.rc == next && (!ahead_->empty() || ended_ || ahead_->cut))
        end = co_await drain(r, Task<Rc>(next));
    co_return end.rc;
}

// What `from` holds, decoded. False: it is malformed.
bool Exchange::put_aside(http::Request& r, buf::Buffer& from)
{
    for (;;) {
        http::Piece piece = wire_->next(r, from.view());
        from.consume(piece.consumed);
        if (piece.state == http::Piece::data_) {
            now_->response_length += piece.data.size();
            if (store_)
                store_->write(piece.data);
            ahead_->append(r, piece.data, in_.capacity(), may_spill());
            continue;
        }
        if (piece.state == http::Piece::error) {
            chunk_error(r);
            return false;
        }
        ended_ = piece.state == http::Piece::done;
        if (ended_)
            body_ended(r, from);
        return true;
    }
}

bool Exchange::may_spill() const
{
    return Clock::now() >= spill_at_;
}

Task<Exchange::Aside> Exchange::fill(http::Request& r, bool good)
{
    buf::Buffer b;
    while (good && !ended_) {
        ahead_->settle(r, may_spill());
        if (!may_spill() || !ahead_->may_take(in_.capacity(), true)) {
            ahead_->dropped.clear();
            b.release();
            Deadline until = may_spill() ? Clock::in(rules_.read_timeout) : spill_at_;
            event::Wait w = co_await ahead_->dropped.wait(until);
            if (w == event::Wait::canceled)
                co_return Aside{};
            continue;
        }
        if (pace_.limits()) {
            Rc rc = co_await pace_reading(r);
            if (rc != next)
                co_return Aside{};
        }
        Deadline until = Clock::in(rules_.read_timeout);
        net::Io io = co_await link_->stream.read(b, read_at_once, until);
        if (io.kind == net::Io::canceled)
            co_return Aside{};
        now_->bytes_received += io.n;
        if (io.kind == net::Io::eof && wire_->at_eof()) {
            ended_ = true;
            if (store_)
                end_store(r);
        } else if (!io.good()) {
            log_cut(r, io);
            good = false;
        } else {
            good = put_aside(r, b);
        }
    }
    ahead_->cut = !good;
    co_return Aside{};
}

// Until nothing is left, or the client is gone.
Task<Exchange::Download> Exchange::drain(http::Request& r, Task<Rc> sending)
{
    Rc rc = co_await std::move(sending);
    if (in_.empty())
        in_.release();
    ahead_->dropped.set();
    while (rc == next && !ahead_->empty()) {
        gathered_ = ahead_->front(parts_, max_gather);
        size_t n = 0;
        for (size_t i = 0; i < gathered_; ++i)
            n += parts_[i].size;
        bool last = ended_ && n == ahead_->size();
        rc = co_await r.write(std::span(parts_, gathered_), last);
        ahead_->drop(n);
    }
    gathered_ = 0;
    if (rc != next)
        co_return Download{rc};
    if (ahead_->cut)
        co_return Download{r.cut_short()};
    if (ended_)
        rc = co_await r.finish();
    co_return Download{rc};
}

}  // namespace sluice::upstream
