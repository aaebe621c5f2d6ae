// SPDX-License-Identifier: Apache-2.0
// All that a module needs: the contract, requests, configuration, variables.
#pragma once

#include "core/http/config.h"
#include "core/http/connection.h"
#include "core/http/request.h"
#include "core/http/variables.h"
#include "core/http/zones.h"
#include "core/module/module.h"

namespace sluice {
using http::Finish;
using http::Install;
using http::Template;
}  // namespace sluice
