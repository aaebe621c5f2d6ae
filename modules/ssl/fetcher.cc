// SPDX-License-Identifier: Apache-2.0
// How a responder is asked: its name is looked up, one POST on a connection of its own (RFC 6960
// A.1), one answer of a bounded size, all of it in a bounded time.
#include <algorithm>
#include <cerrno>

#include "core/http/body_decoder.h"
#include "core/http/response_parser.h"
#include "core/net/resolver.h"
#include "core/net/room.h"
#include "core/os/socket.h"
#include "modules/ssl/stapling.h"

namespace sluice::ssl {
namespace {

constexpr ms limit{60000};  // for the whole question, as nginx for each step
constexpr size_t head_limit = 32768, max_fields = 1000, max_trailers = 8192, max_answer = 65536;

struct Lookup final : net::NameAsker {
    explicit Lookup(uint16_t p) : port(p) {}
    ~Lookup() = default;
    void answered(const net::Names& names) override
    {
        for (const auto& place : names.places) {
            addresses.push_back(place.address);
            addresses.back().set_port(port);
        }
        done.set();
    }
    uint16_t port;
    std::vector<os::Address> addresses;
    event::Event done;
};

}  // namespace

struct Fetcher::Question {
    Question(Stapler& s, Stapler::Entry& e) : stapler(s), entry(e), until(Clock::in(limit)) {}
    ~Question()
    {
        if (stream.is_open())
            net::Room::give_slot();
        stream.close();
    }
    Stapler& stapler;
    Stapler::Entry& entry;
    Deadline until;
    net::Stream stream;
    Arena arena;
    buf::Buffer in;
    http::ResponseParser parser;
    http::BodyDecoder decoder;
    std::string answer, why;
    bool ended = false;
};

Fetcher::Fetcher(std::vector<std::shared_ptr<Stapler>> staplers,
                 std::shared_ptr<const net::ResolverRules> resolver, net::ResolverCounts& counts)
    : staplers_(std::move(staplers)), resolver_(std::move(resolver))
{
    resolvers_.count_in(counts);
    if (!resolver_)
        resolver_ = std::make_shared<net::ResolverRules>();
    for (const auto& stapler : staplers_)
        stapler->set_fetcher(this);
}

Fetcher::~Fetcher()
{
    for (const auto& stapler : staplers_)
        stapler->set_fetcher(nullptr);
    scope_.drop();  // before the questions
}

void Fetcher::ask(Stapler& stapler, Stapler::Entry& entry)
{
    std::erase_if(questions_, [](const auto& q) { return q->ended; });
    entry.asking = true;
    questions_.push_back(std::make_unique<Question>(stapler, entry));
    scope_.start(run(*this, *questions_.back()), &cancel_);
}

Task<void> Fetcher::run(Fetcher& self, Question& q)
{
    co_await connect(self, q);
    if (q.why.empty())
        co_await exchange(self, q);
    q.stapler.learn(q.entry, std::move(q.answer), std::move(q.why));
    if (q.stream.is_open())
        net::Room::give_slot();
    q.stream.close();
    q.ended = true;
}

Task<void> Fetcher::connect(Fetcher& self, Question& q)
{
    const Responder& to = q.entry.responder;
    auto lookup = std::make_unique<Lookup>(to.port);
    os::Address literal;
    if (os::Address::from_literal(to.host, to.port, literal)) {
        lookup->addresses.push_back(literal);
    } else {
        self.resolvers_.of(self.resolver_).ask(to.host, {}, *lookup);
        co_await lookup->done.wait(q.until);
    }
    q.why = lookup->addresses.empty() ? "the responder's name could not be resolved" : "";
    for (const os::Address& address : lookup->addresses) {
        int error = 0;
        os::Fd fd = os::connect(address, {}, error);
        bool opened = fd && q.stream.watch().open(std::move(fd), event::Watch::duplex()) ==
                                event::Watch::none;
        if (opened) {
            net::Room::take_slot();
            if (error == EINPROGRESS) {
                event::Wait w = co_await q.stream.watch().writable(q.until);
                error = ETIMEDOUT;
                if (w == event::Wait::ready)
                    error = os::connect_error(q.stream.watch().fd());
            }
            if (error == 0) {
                q.why.clear();
                co_return;
            }
            net::Room::give_slot();
            q.stream.close();
        }
        q.why = fmt::format("connect() failed {}", errno_text(error));
    }
}

Task<void> Fetcher::exchange(Fetcher& self, Question& q)
{
    const Responder& to = q.entry.responder;
    std::string request = make_request(q.entry.subject);
    request = fmt::format(
        "POST {} HTTP/1.0\r\nHost: {}\r\nContent-Type: application/ocsp-request\r\n"
        "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
        to.path, to.host, request.size(), request);
    buf::Slice slices[] = {buf::Slice(std::string_view(request))};
    net::Io io = co_await q.stream.write(slices, limit);
    q.parser.start(http::Method::post, max_fields, q.arena);
    bool in_body = false, complete = false;
    while (io.good() && !complete) {
        io = co_await q.stream.read(q.in, head_limit, q.until);
        if (io.kind == net::Io::eof && in_body && q.decoder.at_eof())
            break;
        if (!io.good() || q.in.size() > head_limit) {
            q.why = "no whole answer";
            co_return;
        }
        if (!in_body) {
            http::ParseState state = q.parser.feed(q.in.view());
            if (state == http::ParseState::more)
                continue;
            if (state == http::ParseState::error || q.parser.head().status != 200) {
                q.why = "the responder's answer is no good one";
                co_return;
            }
            in_body = true;
            q.decoder.start(q.parser.head().framing, max_trailers, q.arena);
            q.in.consume(q.parser.head_size());
        }
        http::Piece piece{{}, 0, http::Piece::data_};
        while (piece.state == http::Piece::data_) {
            piece = q.decoder.next(q.in.view());
            q.answer.append(piece.data);
            q.in.consume(piece.consumed);
        }
        if (piece.state == http::Piece::error || q.answer.size() > max_answer) {
            q.why = "the responder's answer is no good one";
            co_return;
        }
        complete = piece.state == http::Piece::done;
    }
    if (q.answer.empty())
        q.why = "no whole answer";
}

}  // namespace sluice::ssl
