// SPDX-License-Identifier: Apache-2.0
#include "modules/health_check/prober.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>

#include "core/net/room.h"
#include "core/os/socket.h"
#include "core/upstream/exchange.h"
#include "modules/health_check/grpc_client.h"

namespace sluice::health_check {
namespace {

using upstream::CheckState;

constexpr size_t head_limit = 32768, max_fields = 1000, max_trailers = 8192;
constexpr ms grace{500};    // overdue by that much: the prober is gone
constexpr ms spread{1000};  // first probes of a group begin within

}  // namespace

/// A peer and a check of it.
struct Prober::Target {
    Target(const Check& c, upstream::Peer& p, ms first)
        : check(c), peer(p), state(p.health->checks[c.index]), first_pause(first)
    {
        upstream::Group::pin(peer);
    }
    ~Target()
    {
        close();
        check.group->unpin(peer);
    }
    void close()
    {
        if (stream.is_open())
            net::Room::give_slot();
        stream.close();
        grpc.reset();
    }
    // HTTP/2 has more to say than answers; that it says goodbye is found when it is read.
    bool reusable() const
    {
        return stream.is_open() && !stream.watch().hung_up() &&
               (grpc || !stream.watch().can_read()) && Clock::now() - opened < check.keepalive_time;
    }

    const Check& check;
    upstream::Peer& peer;
    CheckState& state;
    ms first_pause;
    net::Stream stream;
    std::unique_ptr<GrpcClient> grpc;  // of the connection
    Instant opened{0};
    event::CancelScope cancel;
    bool ended = false;
};

/// Hears of peers that come and go.
struct Prober::Watcher final : upstream::Group::Watcher {
    explicit Watcher(Prober& p) : prober(p) {}
    ~Watcher() = default;
    void peers_changed(upstream::Group& group) override { prober.peers_changed(group); }
    Prober& prober;
};

/// What is read of one answer.
struct Prober::Answer {
    Arena arena;
    buf::Buffer in;
    http::ResponseParser parser;
    http::BodyDecoder decoder;
    std::string body;
    bool complete = false;
};

Prober::Prober(const std::vector<std::shared_ptr<Check>>& checks, http::Service& service)
    : checks_(checks), service_(service), log_(*service.main().log), pid_(service.pid())
{
    for (const auto& check : checks_) {
        const auto& peers = check->group->peers();
        int64_t within = std::min(check->interval, spread).count(), n = 0;
        for (const auto& peer : peers)
            begin(*check, *peer, ms{within * n++ / static_cast<int64_t>(peers.size())});
        // Once for each group will do, and each check of it does no harm.
        if (check->group->has_names()) {
            watchers_.push_back(std::make_unique<Watcher>(*this));
            check->group->watch(*watchers_.back());
        }
    }
}

void Prober::begin(const Check& check, upstream::Peer& peer, ms first)
{
    if (!peer.health || peer.down)
        return;
    targets_.push_back(std::make_unique<Target>(check, peer, first));
    Target& target = *targets_.back();
    target.cancel.nest(&cancel_);
    scope_.start(tend(*this, target), &target.cancel);
}

void Prober::peers_changed(upstream::Group& group)
{
    std::erase_if(targets_, [](const auto& target) { return target->ended; });
    for (const auto& target : targets_)
        if (target->peer.gone)
            target->cancel.ask();
    for (const auto& check : checks_) {
        if (check->group != &group)
            continue;
        for (const auto& peer : group.peers()) {
            bool known = std::any_of(targets_.begin(), targets_.end(), [&](const auto& t) {
                return &t->peer == peer.get() && &t->check == check.get();
            });
            if (!known)
                begin(*check, *peer, ms{0});
        }
    }
}

Prober::~Prober() = default;

Task<void> Prober::tend(Prober& self, Target& t)
{
    // Workers that begin together share the peers.
    ms pause = t.first_pause + ms{dice_.below(50)};
    while (!t.cancel.asked()) {
        event::Wait w = co_await event::sleep(pause);
        if (w == event::Wait::canceled)
            break;
        pause = turn(t);
        if (pause.count() > 0)
            continue;
        Instant began = Clock::now();
        Verdict verdict = co_await probe(self, t);
        if (t.cancel.asked())
            break;
        record(t, verdict, began);
        pause = ms{1};
    }
    t.close();
    t.ended = true;
}

// How long until it may be ours to probe; 0: it is, now.
ms Prober::turn(Target& t) const
{
    int64_t now = Clock::now().ticks, due = t.state.due;
    int prober = t.state.prober;
    if (prober != pid_ && prober != 0)
        due += grace.count();
    if (now < due)
        return ms{due - now};
    if (prober != pid_) {
        if (!t.state.prober.compare_exchange_strong(prober, pid_))
            return grace;
        if (prober != 0)
            log_(Level::notice, "process {} probes upstream server {} no more, {} goes on", prober,
                 t.peer.name, pid_);
    }
    // Until it has ended: who dies meanwhile is missed then.
    t.state.due = now + t.check.timeout.count() + t.check.interval.count();
    return ms{0};
}

void Prober::record(Target& t, const Verdict& verdict, Instant began)
{
    CheckState& state = t.state;
    uint64_t jitter = static_cast<uint64_t>(t.check.jitter.count());
    state.due = std::max(Clock::now() + ms{1}, began + t.check.interval).ticks +
                static_cast<int64_t>(jitter ? dice_.below(jitter + 1) : 0);
    if (!verdict.counts)
        return;
    ++state.probes;
    uint32_t bit = 1u << t.check.index;
    if (verdict.fault.empty()) {
        state.fails = 0;
        if (++state.passes < t.check.passes || state.health == CheckState::up)
            return;
        bool was_out = t.peer.health->out & bit;
        state.health = CheckState::up;
        t.peer.health->out &= ~bit;
        if (!was_out)
            return;
        t.peer.state().fails = 0;
        t.peer.state().recovered_at = Clock::now().ticks;
        log_(Level::notice, "upstream server {} of \"{}\" is healthy", t.peer.name,
             t.check.group->name());
        return;
    }
    ++state.probes_failed;
    state.passes = 0;
    if (++state.fails < t.check.fails || state.health == CheckState::down)
        return;
    state.health = CheckState::down;
    t.peer.health->out |= bit;
    log_(Level::warn, "upstream server {} of \"{}\" is unhealthy: {}", t.peer.name,
         t.check.group->name(), verdict.fault);
}

Task<Prober::Verdict> Prober::probe(Prober& self, Target& t)
{
    Deadline until = Clock::in(t.check.timeout);
    bool reused = t.reusable();
    Verdict verdict;
    for (;;) {
        if (!reused) {
            t.close();
            verdict = co_await connect(self, t, until);
        }
        bool connected = verdict.fault.empty() && verdict.counts;
        if (connected && t.check.type == Check::http)
            verdict = co_await ask(self, t, until);
        else if (connected && t.check.type == Check::grpc)
            verdict = co_await call(self, t, until);
        // A kept connection that was closed meanwhile says nothing about the server.
        if (!reused || verdict.fault.empty())
            break;
        reused = false;
        verdict = {};
    }
    co_return verdict;
}

Task<Prober::Verdict> Prober::connect(Prober& self, Target& t, Deadline until)
{
    os::Address to = t.peer.address;
    if (t.check.port)
        to.set_port(t.check.port);
    int error = 0;
    os::Fd fd = os::connect(to, {}, error);
    if (os::is_shortage(error))
        co_return Verdict{false, {}};
    if (!fd)
        co_return Verdict{true, fmt::format("connect() failed {}", errno_text(error))};
    if (t.stream.watch().open(std::move(fd), event::Watch::duplex()) != event::Watch::none)
        co_return Verdict{false, {}};
    net::Room::take_slot();
    t.opened = Clock::now();
    if (error == EINPROGRESS) {
        event::Wait w = co_await t.stream.watch().writable(until);
        error = w == event::Wait::timeout ? ETIMEDOUT : os::connect_error(t.stream.watch().fd());
    }
    bool closes = error || t.check.type == Check::tcp;
    if (closes)
        t.close();
    if (error)
        co_return Verdict{true, fmt::format("connect() failed {}", errno_text(error))};
    if (t.check.secure && !closes)
        co_return co_await secure(self, t, until);
    co_return Verdict{};
}

Task<Prober::Verdict> Prober::secure(Prober& self, Target& t, Deadline until)
{
    upstream::Secure& how = *t.check.secure;
    how.begin(t.stream, t.peer.name, t.check.tls_name);
    if (t.check.type == Check::grpc)  // ALPN: servers of HTTP/2 insist on it
        SSL_set_alpn_protos(t.stream.tls()->handle(), reinterpret_cast<const uint8_t*>("\2h2"), 3);
    net::Io io = co_await t.stream.handshake(event::Loop::current(), until);
    Verdict verdict;
    if (!io.good())
        verdict.fault = fmt::format("TLS handshake failed {}", t.stream.tls()->error());
    else if (how.verifies)
        upstream::verify_peer(*t.stream.tls(), t.check.tls_name, verdict.fault);
    if (!verdict.fault.empty())
        t.close();
    co_return verdict;
}

Task<Prober::Verdict> Prober::call(Prober& self, Target& t, Deadline until)
{
    if (!t.grpc)
        t.grpc = std::make_unique<GrpcClient>();
    Verdict verdict;
    buf::Buffer in;
    std::string_view scheme = t.check.secure ? "https" : "http";
    if (!t.grpc->ask({scheme, t.check.group->name(), t.check.grpc_service}))
        verdict.fault = "no further call on this connection";
    while (verdict.fault.empty()) {
        // Besides the call what its peer's settings and pings ask for.
        std::string out = t.grpc->output();
        if (!out.empty()) {
            buf::Slice slices[] = {buf::Slice(std::string_view(out))};
            net::Io io = co_await t.stream.write(slices, t.check.timeout);
            if (!io.good())
                verdict.fault = "writing failed";
        }
        if (t.grpc->answered() || !verdict.fault.empty())
            break;
        net::Io io = co_await t.stream.read(in, head_limit, until);
        if (io.kind == net::Io::timeout)
            verdict.fault = "no answer in time";
        else if (!io.good())
            verdict.fault = "closed before the answer's end";
        else
            t.grpc->feed(in.view());
        in.consume(in.size());
    }
    if (verdict.fault.empty())
        verdict.fault = t.grpc->fault(t.check.grpc_status);
    if (!verdict.fault.empty() || t.check.keepalive_time.count() == 0 || !t.grpc->reusable())
        t.close();
    co_return verdict;
}

Task<Prober::Verdict> Prober::ask(Prober& self, Target& t, Deadline until)
{
    bool keep = t.check.keepalive_time.count() > 0;
    std::string head =
        fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: sluice-health-check\r\n{}\r\n",
                    t.check.uri, t.check.group->name(), keep ? "" : "Connection: close\r\n");
    buf::Slice slices[] = {buf::Slice(std::string_view(head))};
    net::Io io = co_await t.stream.write(slices, t.check.timeout);
    Verdict verdict;
    auto answer = std::make_unique<Answer>();
    if (!io.good())
        verdict.fault = "writing failed";
    else
        verdict = co_await read_answer(self, t, *answer, until);
    keep = keep && verdict.fault.empty() && answer->complete && answer->in.empty() &&
           answer->parser.head().keep_alive;
    if (!keep)
        t.close();
    co_return verdict;
}

Task<Prober::Verdict> Prober::read_answer(Prober& self, Target& t, Answer& a, Deadline until)
{
    static const Match any;
    const Match& match = t.check.match ? *t.check.match : any;
    http::ParseState state = http::ParseState::more;
    a.parser.start(http::Method::get, max_fields, a.arena);
    while (!a.complete) {
        net::Io io = co_await t.stream.read(a.in, head_limit, until);
        bool in_body = state == http::ParseState::done;
        if (io.kind == net::Io::eof && in_body && a.decoder.at_eof())
            break;
        if (!io.good())
            co_return Verdict{true, io.kind == net::Io::timeout ? "no answer in time"
                                                                : "closed before the answer's end"};
        while (!in_body && !a.in.empty()) {
            state = a.parser.feed(a.in.view());
            if (state == http::ParseState::error || a.in.size() > head_limit)
                co_return Verdict{true, "invalid answer"};
            if (state == http::ParseState::more)
                break;
            size_t size = a.parser.head_size();
            in_body = a.parser.head().status >= 200;
            if (in_body) {
                // Views of the head stay good: they are copied before the buffer moves.
                std::string fault = match.wants_body() ? "" : match.fault(a.parser.head(), {});
                if (!fault.empty())
                    co_return Verdict{true, fault};
                a.decoder.start(a.parser.head().framing, max_trailers, a.arena);
                http::ResponseHead& h = a.parser.head();
                for (http::Header& field : h.headers) {
                    field.name = a.arena.copy(field.name);
                    field.value = a.arena.copy(field.value);
                }
            } else {
                a.parser.start(http::Method::get, max_fields, a.arena);  // 1xx
            }
            a.in.consume(size);
        }
        while (in_body && !a.complete) {
            http::Piece piece = a.decoder.next(a.in.view());
            if (match.wants_body() && piece.state == http::Piece::data_)
                a.body.append(piece.data.substr(0, Match::max_body - a.body.size()));
            a.in.consume(piece.consumed);
            if (piece.state == http::Piece::error)
                co_return Verdict{true, "invalid chunks"};
            if (piece.state == http::Piece::more)
                break;
            a.complete = piece.state == http::Piece::done;
        }
        // What nobody looks at is not waited for.
        if (in_body && !match.wants_body() && t.check.keepalive_time.count() == 0)
            break;
        if (a.body.size() >= Match::max_body)
            break;
    }
    std::string fault = match.fault(a.parser.head(), a.body);
    if (fault.empty() && match.wants_variables())
        fault = lacking(t, a.parser.head());
    co_return Verdict{true, fault};
}

// Variables are a request's: one that nobody sent is asked for them, at the location of the check.
std::string Prober::lacking(const Target& t, const http::ResponseHead& head) const
{
    http::ListenAddress address;
    address.default_server = t.check.location->server;
    http::Listener listener;
    listener.addresses.push_back(&address);
    http::Connection nobody(service_, listener, os::Address(), 0);
    http::Request& r = nobody.borrow_request();
    r.location = t.check.location;
    upstream::Attempt attempt;
    attempt.address = t.peer.name;
    attempt.status = head.status;
    attempt.head = &head;
    r.attempts.push(r.arena(), &attempt);
    return t.check.match->fault(r);
}

}  // namespace sluice::health_check
