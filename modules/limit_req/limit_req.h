// SPDX-License-Identifier: Apache-2.0
// What limit_req's directives are read into.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "modules/lib/limit.h"
#include "modules/limit_req/bucket.h"

namespace sluice::limit_req {

extern const Module module;

/// limit_req_zone.
struct ReqZone {
    zone::Zone* zone = nullptr;
    Template key;
    Rate rate;
};

using Zones = limit::Zones<ReqZone>;

/// limit_req.
struct Limit {
    const ReqZone* zone = nullptr;
    Tolerance tolerance;
};

struct Conf {
    Setting<std::vector<Limit>> limits;
    Setting<limit::Status> status;
    Setting<limit::LogAt> log_at;
    Setting<bool> dry_run{false};
};

std::span<const Directive> directives();

}  // namespace sluice::limit_req
