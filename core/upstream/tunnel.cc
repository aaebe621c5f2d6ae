// SPDX-License-Identifier: Apache-2.0
// After 101 Switching Protocols: bytes both ways until one side ends. Of a WebSocket we know where
// frames end, so that both sides can be told when a worker must leave before they are done.
#include <algorithm>

#include "core/base/bytes.h"
#include "core/http/connection.h"
#include "core/upstream/exchange.h"
#include "core/upstream/websocket.h"

namespace sluice::upstream {

/// One direction.
struct Exchange::Lane {
    bool framed = false;   // a WebSocket
    bool writing = false;  // a part of what was fed has not gone out yet
    FrameBorders borders;

    void begin(std::string_view bytes)
    {
        writing = true;
        if (framed)
            borders.feed(bytes);
    }
    bool free() const { return framed && !writing && borders.at_border(); }
};

class Exchange::Goodbye final : public http::Farewell
{
public:
    Goodbye(http::Connection& c, net::Stream& peer, bool websocket) : c_(c), peer_(peer)
    {
        down.framed = up.framed = websocket;
        c_.farewell = this;
    }
    ~Goodbye() { c_.farewell = nullptr; }

    bool say() override
    {
        if (up.free())
            send(peer_, close_to_server);
        return down.free() && send(c_.stream, close_to_client);
    }
    Lane down, up;

private:
    static bool send(net::Stream& to, std::string_view frame)
    {
        buf::Slice slice(frame);
        std::span<buf::Slice> slices(&slice, 1);
        bool again = false;
        return to.try_write(slices, again).good() && slices.empty();
    }

    http::Connection& c_;
    net::Stream& peer_;
};

namespace {

// A message of 16 kB has a few bytes more: where one read does not take all that there is, the next
// may take twice as much.
constexpr size_t tunnel_buffer = 16384, most_buffer = 65536;

}  // namespace

Task<Rc> Exchange::tunnel(http::Request& r)
{
    Rc rc = co_await r.flush();
    if (rc != next)
        co_return rc;
    r.c.stream.watch().set_hook({});  // from here an end of the client's side is ordinary
    net::Stream& client = r.c.stream;
    net::Stream& peer = link_->stream;
    tunnel_used_ = Clock::now();
    const http::Header* protocol = wire_->head().headers.find(http::HeaderId::upgrade);
    Goodbye goodbye(r.c, peer, protocol && iequals(protocol->value, "websocket"));
    goodbye.up.writing = true;
    co_await event::both(pump_up(r, goodbye.up),
                         pump(r, peer, client, first_.view(), goodbye.down));
    r.c.in.clear();
    r.keep_alive = false;
    co_return finished;
}

// A server may agree before it has all of the request (RFC 9110 7.8 lets only the client wait):
// what the client sends is the request's body until that has gone.
Task<Exchange::Download> Exchange::pump_up(http::Request& r, Lane& lane)
{
    event::Wait w = co_await upload_over_.wait(Deadline::never());
    if (w != event::Wait::ready)
        co_return Download{closed};
    tunnel_used_ = Clock::now();
    lane.writing = false;
    std::string_view first = r.c.in.view();
    if (first.empty())
        first = r.body.read_past();
    co_return co_await pump(r, r.c.stream, link_->stream, first, lane);
}

Task<Exchange::Download> Exchange::pump(http::Request& r, net::Stream& from, net::Stream& to,
                                        std::string_view first, Lane& lane)
{
    buf::Slice slice(first);
    if (!first.empty()) {
        lane.begin(first);
        net::Io io = co_await to.write(std::span(&slice, 1), rules_.send_timeout);
        if (!io.good())
            co_return Download{closed};
        lane.writing = false;
    }
    buf::Buffer buffer;
    size_t size = tunnel_buffer;
    for (;;) {
        buffer.clear();
        if (buffer && buffer.capacity() < size)
            buffer.release();
        Deadline until = tunnel_used_ + rules_.read_timeout;
        net::Io io = co_await from.read(buffer, size, until);
        // It is idle when neither side says anything: one that only listens is not, nor is one
        // whose request is still on its way.
        if (!upload_over_.is_set())
            tunnel_used_ = Clock::now();
        if (io.kind == net::Io::timeout && Clock::now() < tunnel_used_ + rules_.read_timeout)
            continue;
        if (!io.good())
            co_return Download{closed};
        tunnel_used_ = Clock::now();
        if (buffer.room_size() == 0)
            size = std::min(2 * size, most_buffer);
        slice = buf::Slice(buffer.view());
        lane.begin(buffer.view());
        io = co_await to.write(std::span(&slice, 1), rules_.send_timeout);
        if (!io.good())
            co_return Download{closed};
        lane.writing = false;
    }
}

}  // namespace sluice::upstream
