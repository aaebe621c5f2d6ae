// SPDX-License-Identifier: Apache-2.0
// How many CPUs this process may really use: those of its affinity mask (which a cpuset limits),
// capped by the CPU quota of its control group (version 2 or 1) and of every group above it,
// rounded up.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::os {

/// CPUs that a quota allows, rounded up; 0 when there is no limit.
unsigned cpus_of_quota(int64_t quota, int64_t period);
/// The text of cpu.max ("max 100000", "150000 100000").
unsigned cpus_of_cpu_max(std::string_view text);

/// A file's text, or nothing.
using ReadText = std::function<std::optional<std::string>(const std::string& path)>;
/// The least limit that the groups of /proc/self/cgroup set under /sys/fs/cgroup; 0 when there is
/// none.
unsigned cgroup_cpus(const ReadText& read);

/// The numbers of the CPUs in the affinity mask.
std::vector<int> affinity_cpus();
/// At least 1.
unsigned usable_cpus();

}  // namespace sluice::os
