// SPDX-License-Identifier: Apache-2.0
// What the status page shows, as data: one table per kind of thing (worker, listener, zone, peer),
// from which both formats are written. A metric's name in Prometheus is "sluice_" + name, with
// "_total" behind it when it is a counter; in JSON it is the name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/net/scoreboard.h"
#include "core/upstream/board.h"
#include "core/upstream/group.h"
#include "core/zone/zone.h"

namespace sluice::status {

enum class Kind : uint8_t { counter, gauge };

template <class T>
struct Metric {
    std::string_view name;
    Kind kind;
    bool micro;  // the value is in millionths of what it is shown in
    std::string_view help;
    uint64_t (*get)(const T&);
};

/// A worker's line. `now` is steady time: what gauges compare with.
struct Worker {
    const net::WorkerLine& line;
    Instant now;
};
/// A peer as all workers know it.
struct PeerView {
    const upstream::Peer& peer;
    upstream::Board::Sum sum;
    Instant now;
};

std::span<const Metric<Worker>> worker_metrics();
std::span<const Metric<net::ListenerCounts>> listener_metrics();
std::span<const Metric<zone::Zone>> zone_metrics();
std::span<const Metric<PeerView>> peer_metrics();

/// All that there is to be shown.
struct Source {
    const net::Scoreboard& board;
    const zone::Set& zones;
    std::vector<const upstream::Group*> groups;
    const upstream::Board& peers;
    int pid;  // of the worker that answers
    Instant now;

    /// The number of the answering worker's line, or -1.
    int own_line() const;
};

/// Text format 0.0.4.
std::string prometheus(const Source& source);
std::string json(const Source& source);

/// "12", or "0.000012" of a micro metric.
std::string number_text(uint64_t value, bool micro);
/// Bytes that are no UTF-8 become U+FFFD: names are whatever stands in the configuration.
std::string valid_utf8(std::string_view text);

}  // namespace sluice::status
