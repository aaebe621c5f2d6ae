// SPDX-License-Identifier: Apache-2.0
#include "core/net/acceptor.h"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include "core/os/process.h"
#include "core/os/socket.h"

namespace sluice::net {
namespace {

constexpr int multi_budget = 64, edge_budget = 256;
constexpr ms retry_after{100};  // an error that is nobody's shortage

// The client has gone, or its network has: accept(2) names them; try the next.
bool concerns_one_client(int error)
{
    switch (error) {
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM: return true;
    default: return false;
    }
}

}  // namespace

// One listening socket in this worker. What is registered is a duplicate: the socket itself stays
// the process layer's.
class Acceptors::One final : public event::Watch, public event::Timer
{
public:
    One(Acceptors& of, std::shared_ptr<ListenSocket> socket, size_t listener,
        const ListenSpec& spec)
        : of_(of),
          socket_(std::move(socket)),
          listener_(listener),
          mode_(spec.mode),
          edge_(spec.trigger == AcceptTrigger::edge),
          use_reserve_(spec.use_reserve),
          of_worker_(of.post_.index),
          counts_(of.post_.line.listeners[of.post_.scoreboard.find_listener(spec.text)])
    {
    }

    AcceptMode mode() const { return mode_; }
    /// The socket of another worker: only while that one cannot accept.
    void belongs_to(size_t worker)
    {
        of_worker_ = worker;
        wanted_ = false;
    }
    size_t of_worker() const { return of_worker_; }
    bool is_others() const { return of_worker_ != of_.post_.index; }
    void want(bool yes) { wanted_ = yes; }
    bool wanted() const { return wanted_; }
    /// A socket of a worker that is no more: only for a while.
    void leave_at(Instant when)
    {
        leaves_ = true;
        event::Loop::current().timers().add(*this, when);
    }

    void arm()
    {
        if (is_open() || gone_ || !wanted_)
            return;
        if (mode_ == AcceptMode::reuseport && !os::is_listening(socket_->fd.get()))
            return;  // the master will ring when it does
        os::Fd fd = spare_ ? std::move(spare_) : os::duplicate(socket_->fd.get());
        int duplicated = fd ? 0 : errno;
        uint32_t events = EPOLLIN;
        if (mode_ == AcceptMode::exclusive && of_.post_.crew.size() > 1)
            events |= EPOLLEXCLUSIVE;
        if (edge_)
            events |= EPOLLET;
        if (fd && open(std::move(fd), events) == none)
            return;
        of_.log_(Level::alert, "epoll_ctl() of listening {} failed {}", socket_->spec.text,
                 errno_text(duplicated ? duplicated : errno));
        retry();
    }
    void disarm()
    {
        if (is_open())
            spare_ = release();
    }
    void end()
    {
        gone_ = true;
        cancel();
        close();
        spare_.close();
        if (leaves_)
            socket_->fd.close();
    }
    /// Whatever is queued, without being told by epoll.
    void look()
    {
        if (is_open())
            on_events(EPOLLIN);
    }

private:
    void on_events(uint32_t) override
    {
        if (mode_ == AcceptMode::mutex && !of_.has_baton())
            return disarm();  // taken from us while we were stopped or busy
        int budget = edge_ ? edge_budget : of_.post_.multi_accept ? multi_budget : 1;
        while (budget > 0 && take_one())
            --budget;
        if (!is_open())
            return;
        bool rotate =
            mode_ == AcceptMode::exclusive && of_.post_.crew.size() > 1 && taken_ >= quantum;
        if (rotate || (edge_ && budget == 0)) {
            taken_ = 0;
            disarm();
            arm();
        }
        if (mode_ == AcceptMode::mutex && of_.taken_ >= baton_quantum)
            of_.hand_on();
    }

    // False: nothing more to take now.
    bool take_one()
    {
        bool serve = of_.room_.slot_free() || of_.room_.shed() ||
                     (use_reserve_ && of_.room_.slot_for_request());
        if (!serve && step_aside_or_wait())
            return false;
        os::Address peer;
        int error = 0;
        os::Fd fd = os::accept(socket_->fd.get(), peer, error);
        if (os::is_shortage(error) && !make_room(fd, peer, error, serve))
            return false;
        if (error == EAGAIN) {
            ++counts_.again;
            return false;
        }
        if (error && !concerns_one_client(error)) {
            of_.log_(Level::alert, "accept4() on {} failed {}", socket_->spec.text,
                     errno_text(error));
            disarm();
            retry();
            return false;
        }
        if (error)
            return true;
        ++counts_.accepted;
        ++of_.post_.line.connections.accepted;
        ++taken_;
        ++of_.taken_;
        if (serve) {
            of_.sink_.accepted(std::move(fd), std::move(peer), listener_);
        } else {
            ++counts_.exhausted;
            of_.turn_away(std::move(fd), listener_);
        }
        return true;
    }

    // No slot is free and nothing idles. True: leave the client in the queue.
    bool step_aside_or_wait()
    {
        if (mode_ != AcceptMode::reuseport && of_.step_aside())
            return true;
        of_.room_.short_of_slots();
        if (of_.room_.rules().answer != Room::Answer::pause)
            return false;
        disarm();
        return true;
    }

    // accept4() was refused a descriptor. True: it has been made again, on a descriptor of the
    // reserve; what became of it is in fd and error. `serve` is false when nothing idle could be
    // closed for this client.
    bool make_room(os::Fd& fd, os::Address& peer, int& error, bool& serve)
    {
        of_.room_.short_of("accept4()", error);
        bool shed = of_.room_.shed_descriptor();
        bool own = !shed && use_reserve_ && of_.room_.lend(Room::For::request);
        if (!shed && !own && mode_ != AcceptMode::reuseport && of_.step_aside())
            return false;
        bool paused = !shed && !own && of_.room_.rules().answer == Room::Answer::pause;
        bool lent =
            own ||
            (!paused && (of_.room_.lend(Room::For::client) || of_.turned_away_.finish_oldest()));
        if (lent)
            fd = os::accept(socket_->fd.get(), peer, error);
        if (!lent || os::is_shortage(error)) {
            disarm();  // until room is made: refresh()
            return false;
        }
        serve = serve && (shed || own);
        return true;
    }

    void retry() { event::Loop::current().timers().add(*this, Clock::in(retry_after)); }
    void expired() override
    {
        if (leaves_)
            return end();
        arm();
    }

    Acceptors& of_;
    std::shared_ptr<ListenSocket> socket_;
    os::Fd spare_;  // the duplicate, while it is not registered
    size_t listener_;
    AcceptMode mode_;
    bool edge_, use_reserve_;
    size_t of_worker_;
    bool wanted_ = true;
    bool leaves_ = false, gone_ = false;
    uint32_t taken_ = 0;  // since it was registered
    ListenerCounts& counts_;
};

class Acceptors::Bell final : public event::Watch
{
public:
    explicit Bell(Acceptors& of) : of_(of) {}

private:
    void on_events(uint32_t) override
    {
        os::silence(fd());
        of_.stand_in();
        of_.refresh();
        for (size_t i = 0; i < of_.all_.size(); ++i)
            if (of_.all_[i]->mode() == AcceptMode::exclusive)
                of_.all_[i]->look();  // who stepped aside for us has left a client there
    }
    Acceptors& of_;
};

// Takes the baton from a holder that is stuck in a turn. Only while this worker has clients: an
// idle crew sleeps.
class Acceptors::Watchman final : public event::Timer
{
public:
    explicit Watchman(Acceptors& of) : of_(of) {}
    void begin()
    {
        if (!set())
            event::Loop::current().timers().add(*this, Clock::in(of_.post_.mutex_delay));
    }

private:
    void expired() override
    {
        if (of_.ended_)
            return;
        const Crew& crew = of_.post_.crew;
        if (size_t holder = crew.holder(); holder != of_.post_.index) {
            const WorkerLine* line = crew.line(holder);
            if (!line || line->stopped || line->turn_age(Clock::now()) > of_.post_.mutex_delay)
                of_.post_.crew.pass(holder, of_.post_.index);
        }
        if (of_.post_.line.connections.active > 0)
            begin();
    }
    Acceptors& of_;
};

Acceptors::Acceptors(const Post& post, Room& room, const Log& log, AcceptSink& sink)
    : post_(post),
      room_(room),
      log_(log),
      sink_(sink),
      bell_(std::make_unique<Bell>(*this)),
      watchman_(std::make_unique<Watchman>(*this)),
      turned_away_(std::max<size_t>(1, room.rules().reserve))
{
    os::Fd bell = os::duplicate(post_.crew.bell(post_.index));
    if (!bell || bell_->open(std::move(bell), EPOLLIN) != event::Watch::none)
        log_(Level::alert, "the bell of worker {} cannot be heard", post_.index);
    room_.on_freed([this] { refresh(); });
}

Acceptors::~Acceptors()
{
    end();
}

void Acceptors::add(const ListenSet& set)
{
    size_t listener = listeners_++;
    bool own = set.spec.mode == AcceptMode::reuseport && set.sockets.size() > 1;
    all_.push_back(std::make_unique<One>(
        *this, set.sockets[own ? post_.index % set.sockets.size() : 0], listener, set.spec));
    any_mutex_ = any_mutex_ || set.spec.mode == AcceptMode::mutex;
    for (size_t i = 0; own && i < set.sockets.size(); ++i)
        if (i != post_.index) {
            all_.push_back(std::make_unique<One>(*this, set.sockets[i], listener, set.spec));
            all_.back()->belongs_to(i);
        }
    if (own && !std::exchange(any_others_, true))
        post_.crew.ring_all();  // who stood in for our predecessor
    stand_in();
    for (size_t i = post_.index; i < set.leaving.size(); i += post_.crew.size()) {
        all_.push_back(std::make_unique<One>(*this, set.leaving[i], listener, set.spec));
        all_.back()->leave_at(Clock::in(ms{leaving_ms}));
    }
    refresh();
}

void Acceptors::end()
{
    if (ended_)
        return;
    ended_ = true;
    room_.on_freed({});
    post_.line.room.slots.set(0);  // whoever looks: no room here
    if (any_mutex_ && has_baton())
        if (size_t other = post_.crew.least_loaded(post_.index); other < post_.crew.size())
            post_.crew.pass(post_.index, other);
    for (auto& one : all_)
        one->end();
    while (turned_away_.finish_oldest()) {
    }
    bell_->close();
    watchman_->cancel();
}

// Registers what this worker should listen to now, and nothing else.
void Acceptors::refresh()
{
    if (ended_)
        return;
    if (aside_ && (room_.slot_free() || post_.crew.least_loaded(post_.index) >= post_.crew.size()))
        aside_ = false;
    bool baton = !any_mutex_ || has_baton();
    for (size_t i = 0; i < all_.size(); ++i) {
        One& one = *all_[i];
        bool listens = (one.mode() == AcceptMode::reuseport && one.wanted()) ||
                       (!aside_ && one.mode() != AcceptMode::reuseport &&
                        (one.mode() == AcceptMode::exclusive || baton));
        if (listens)
            one.arm();
        else
            one.disarm();
    }
}

// Says which sockets of other workers are to be accepted from.
void Acceptors::stand_in()
{
    const size_t crew = post_.crew.size();
    for (auto& one : all_) {
        if (!one->is_others())
            continue;
        size_t next = one->of_worker();
        while (next != post_.index && !serves(next))
            next = (next + 1) % crew;
        one->want(next == post_.index);
    }
}

bool Acceptors::serves(size_t worker) const
{
    const WorkerLine* line = post_.crew.line(worker);
    return line && !line->stopped;
}

// Leaves the client in the queue to a worker that has room. False when there is none.
bool Acceptors::step_aside()
{
    size_t other = post_.crew.least_loaded(post_.index);
    if (other >= post_.crew.size())
        return false;
    aside_ = true;
    if (!any_mutex_ || !post_.crew.pass(post_.index, other))
        post_.crew.ring(other);
    refresh();
    return true;
}

void Acceptors::hand_on()
{
    taken_ = 0;
    size_t other = post_.crew.least_loaded(post_.index);
    if (other >= post_.crew.size() || !post_.crew.pass(post_.index, other))
        return;
    refresh();
    watchman_->begin();
}

void Acceptors::turn_away(os::Fd client, size_t listener)
{
    room_.turned_away();
    AcceptSink::Refusal refusal = sink_.refusal(listener);
    if (room_.rules().answer == Room::Answer::reset)
        return os::reset_on_close(client.get());  // it closes here
    if (refusal.text.empty())
        return;
    turned_away_.take(std::move(client), refusal.text, refusal.without_body);
}

}  // namespace sluice::net
