// SPDX-License-Identifier: Apache-2.0
//
// Sends a block's bytes over one connection and collects what comes back.
//
// Reading ends when the peer closes, when as many final responses as there are requests are
// complete (for raw bytes: when the last response is complete and nothing came for a moment), or at
// the timeout. Interim (1xx) responses do not count, but are the first response that checks see.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http.h"
#include "tls.h"

namespace sluice::runner {

struct Sending {
    std::string address;
    std::vector<std::string> packets;
    std::vector<std::string> methods;  // one a request; of raw bytes only the first is known
    bool raw = false;
    double packet_delay = 0;
    double timeout = 5;
    bool half_close = false;
    std::optional<TlsOptions> tls;
    bool abort = false;  // close at the timeout without a complaint
};

struct Received {
    std::string bytes;
    std::vector<Response> responses;
    bool closed = false;
    bool timed_out = false;
    std::string tls;  // what became of it: TlsEnd::describe()
};

Received exchange(const Sending& sending);

}  // namespace sluice::runner
