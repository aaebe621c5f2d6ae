// SPDX-License-Identifier: Apache-2.0
// The end of a service: who is still there, and what they are told.
#include "core/http/service.h"

namespace sluice::http {

// Idle connections are not worth a word: they end by themselves in a moment.
std::string Service::remaining()
{
    constexpr size_t named = 3;
    size_t busy = 0;
    std::string who;
    live_.each([&](Connection& c) {
        if (!c.request || ++busy > named)
            return;
        const Request& r = *c.request;
        who += fmt::format("{} {} \"{}\" for {}s", who.empty() ? ":" : ",", c.peer_host(),
                           r.head.request_line, (Clock::now() - r.started).count() / 1000);
    });
    if (busy == 0)
        return {};
    if (busy > named)
        who += ", …";
    return fmt::format("{} request{}{}", busy, busy == 1 ? "" : "s", who);
}

size_t Service::say_farewell()
{
    size_t told = 0;
    live_.each([&](Connection& c) { told += c.farewell && c.farewell->say(); });
    return told;
}

}  // namespace sluice::http
