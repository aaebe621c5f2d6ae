// SPDX-License-Identifier: Apache-2.0
// Directives that name shared zones: `..._zone ... zone=NAME:SIZE` declares one, others use it by
// its name, before or after that. Errors are reported in nginx's words. A zone belongs to one
// module; another cannot use it.
#pragma once

#include <string_view>

#include "core/conf/conf.h"
#include "core/module/module.h"
#include "core/zone/zone.h"

namespace sluice::http {

struct Main;

/// `word` is "zone=NAME:SIZE", the argument number `arg`. `key` is what the zone's keys are made
/// of: under another one a reload begins with an empty zone. Null: reported.
zone::Zone* declare_zone(conf::Apply& apply, size_t arg, const Module& owner, std::string_view key);
/// `name` is the end of the argument. Null: reported.
zone::Zone* use_zone(conf::Apply& apply, size_t arg, std::string_view name, const Module& owner);
/// After reading: a zone that is used must have been declared, by this or by a directive that
/// failed.
void check_zones(const Main& main, conf::Diagnostics& diag);

}  // namespace sluice::http
