// SPDX-License-Identifier: Apache-2.0
#include "core/os/cpu.h"

#include <gtest/gtest.h>

#include <map>

namespace sluice::os {
namespace {

TEST(Cpu, QuotaRoundsUp)
{
    EXPECT_EQ(cpus_of_quota(100000, 100000), 1u);
    EXPECT_EQ(cpus_of_quota(150000, 100000), 2u);
    EXPECT_EQ(cpus_of_quota(1000, 100000), 1u);
    EXPECT_EQ(cpus_of_quota(-1, 100000), 0u);
    EXPECT_EQ(cpus_of_quota(0, 100000), 0u);
    EXPECT_EQ(cpus_of_quota(100000, 0), 0u);
    EXPECT_EQ(cpus_of_quota(INT64_MAX, 1), 1u << 16);
}

TEST(Cpu, CpuMax)
{
    EXPECT_EQ(cpus_of_cpu_max("max 100000\n"), 0u);
    EXPECT_EQ(cpus_of_cpu_max("250000 100000\n"), 3u);
    EXPECT_EQ(cpus_of_cpu_max("50000\n"), 1u);
    EXPECT_EQ(cpus_of_cpu_max(""), 0u);
    EXPECT_EQ(cpus_of_cpu_max("x y z"), 0u);
}

unsigned with(std::map<std::string, std::string> files)
{
    return cgroup_cpus([&](const std::string& path) -> std::optional<std::string> {
        auto found = files.find(path);
        return found == files.end() ? std::nullopt : std::optional(found->second);
    });
}

TEST(Cpu, Groups)
{
    EXPECT_EQ(with({}), 0u);
    EXPECT_EQ(
        with({{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "200000 100000\n"}}), 2u);
    // The least of all levels counts.
    EXPECT_EQ(with({{"/proc/self/cgroup", "0::/a/b\n"},
                    {"/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n"},
                    {"/sys/fs/cgroup/a/cpu.max", "300000 100000\n"}}),
              3u);
    // In a container the group's own path is not there.
    EXPECT_EQ(with({{"/proc/self/cgroup", "0::/system.slice/x.scope\n"},
                    {"/sys/fs/cgroup/cpu.max", "100000 100000\n"}}),
              1u);
    EXPECT_EQ(with({{"/proc/self/cgroup", "5:cpu,cpuacct:/docker/1\n1:name=systemd:/\n"},
                    {"/sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us", "150000\n"},
                    {"/sys/fs/cgroup/cpu/docker/1/cpu.cfs_period_us", "50000\n"}}),
              3u);
    EXPECT_EQ(with({{"/proc/self/cgroup", "5:cpuset:/x\n"},
                    {"/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "150000\n"},
                    {"/sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "50000\n"}}),
              0u);
    EXPECT_EQ(with({{"/proc/self/cgroup", "garbage\n::\n:"}}), 0u);
}

TEST(Cpu, ThisMachineHasOne)
{
    EXPECT_GE(usable_cpus(), 1u);
}

}  // namespace
}  // namespace sluice::os
