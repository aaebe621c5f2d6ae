// SPDX-License-Identifier: Apache-2.0
// After 101 Switching Protocols: bytes both ways until one side ends.
#include "core/http/connection.h"
#include "core/upstream/exchange.h"

namespace sluice::upstream {
namespace {

constexpr size_t tunnel_buffer = 16384;

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
    co_await event::both(pump(r, client, peer, r.c.in.view()),
                         pump(r, peer, client, first_.view()));
    r.c.in.clear();
    r.keep_alive = false;
    co_return finished;
}

Task<Exchange::Download> Exchange::pump(http::Request& r, net::Stream& from, net::Stream& to,
                                        std::string_view first)
{
    buf::Slice slice(first);
    if (!first.empty()) {
        net::Io io = co_await to.write(std::span(&slice, 1), rules_.send_timeout);
        if (!io.good())
            co_return Download{closed};
    }
    buf::Buffer buffer;
    for (;;) {
        buffer.clear();
        Deadline until = tunnel_used_ + rules_.read_timeout;
        net::Io io = co_await from.read(buffer, tunnel_buffer, until);
        // It is idle when neither side says anything: one that only listens is not.
        if (io.kind == net::Io::timeout && Clock::now() < tunnel_used_ + rules_.read_timeout)
            continue;
        if (!io.good())
            co_return Download{closed};
        tunnel_used_ = Clock::now();
        slice = buf::Slice(buffer.view());
        io = co_await to.write(std::span(&slice, 1), rules_.send_timeout);
        if (!io.good())
            co_return Download{closed};
    }
}

}  // namespace sluice::upstream
