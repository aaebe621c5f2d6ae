// SPDX-License-Identifier: Apache-2.0
// `master_process off`: one process that serves and obeys the signals of a master, and answers
// `-s reload` as one. On HUP the next generation starts beside the running one in the same event
// loop; connections stay with the generation that accepted them.
#pragma once

#include <memory>

#include "core/process/generation.h"
#include "core/process/startup.h"

namespace sluice::process {

int run_single(const Setup& setup, Startup& startup, std::shared_ptr<Generation> first,
               Report& report);

}  // namespace sluice::process
