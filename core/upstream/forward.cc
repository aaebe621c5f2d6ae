// SPDX-License-Identifier: Apache-2.0
// What every forwarding module's handler ends with.
#include "core/upstream/exchange.h"

namespace sluice::upstream {
namespace {

Task<Rc> store_and_run(http::Request& r, Exchange& exchange)
{
    http::BodyRead stored = co_await r.body.store(r);
    if (!stored.good())
        co_return reply(http::BodyReader::status_of(stored));
    co_return co_await exchange.run(r);
}

}  // namespace

Task<Rc> run_exchange(http::Request& r, Group& group, const Rules& rules, Forwarder& forwarder,
                      bool store_first)
{
    bool own = forwarder.own_body(r);
    if (!own && !r.body.stored() && !r.body.untouched()) {
        // A location before this one streamed it. A head that promises the body must not go without
        // it.
        r.log(Level::error, "the request body has been sent already, it cannot be sent again");
        return reply(502);
    }
    auto* exchange = r.arena().make<Exchange>(group, rules, forwarder);
    if (store_first && !r.body.absent() && !r.body.stored())
        return store_and_run(r, *exchange);
    return exchange->run(r);
}

}  // namespace sluice::upstream
