// SPDX-License-Identifier: Apache-2.0
#include "core/os/cpu.h"

#include <sched.h>

#include <algorithm>
#include <charconv>

#include "core/os/file.h"

namespace sluice::os {
namespace {

constexpr std::string_view root = "/sys/fs/cgroup";

// The next word of `text`, cut off.
std::string_view word(std::string_view& text)
{
    size_t from = text.find_first_not_of(" \t\n");
    if (from == std::string_view::npos)
        return text = {};
    text.remove_prefix(from);
    size_t n = std::min(text.find_first_of(" \t\n"), text.size());
    std::string_view found = text.substr(0, n);
    text.remove_prefix(n);
    return found;
}

int64_t number(std::string_view text)
{
    int64_t n = -1;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    return error == std::errc() && end == text.data() + text.size() ? n : -1;
}

unsigned least(unsigned a, unsigned b)
{
    return a == 0 ? b : b == 0 ? a : std::min(a, b);
}

unsigned limit_v1(const ReadText& read, const std::string& folder)
{
    auto quota = read(folder + "/cpu.cfs_quota_us");
    auto period = read(folder + "/cpu.cfs_period_us");
    if (!quota || !period)
        return 0;
    std::string_view q = *quota, p = *period;
    return cpus_of_quota(number(word(q)), number(word(p)));
}

unsigned limit_v2(const ReadText& read, const std::string& folder)
{
    auto text = read(folder + "/cpu.max");
    return text ? cpus_of_cpu_max(*text) : 0;
}

// From the group itself up to the mount point: each level may limit. In a container the path of
// /proc/self/cgroup may not exist under the mount, whose top is then the group itself.
unsigned walk(const ReadText& read, const std::string& mount, std::string path,
              unsigned (*limit)(const ReadText&, const std::string&))
{
    unsigned found = 0;
    while (path.size() > 1) {
        found = least(found, limit(read, mount + path));
        path.erase(path.rfind('/'));
    }
    return least(found, limit(read, mount));
}

bool has_cpu(std::string_view controllers)
{
    while (!controllers.empty()) {
        size_t comma = std::min(controllers.find(','), controllers.size());
        if (controllers.substr(0, comma) == "cpu")
            return true;
        controllers.remove_prefix(std::min(comma + 1, controllers.size()));
    }
    return false;
}

}  // namespace

unsigned cpus_of_quota(int64_t quota, int64_t period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    return static_cast<unsigned>(std::min<int64_t>((quota - 1) / period + 1, 1 << 16));
}

unsigned cpus_of_cpu_max(std::string_view text)
{
    std::string_view quota = word(text), period = word(text);
    return cpus_of_quota(number(quota), period.empty() ? 100000 : number(period));
}

unsigned cgroup_cpus(const ReadText& read)
{
    auto groups = read("/proc/self/cgroup");
    if (!groups)
        return 0;
    unsigned found = 0;
    std::string_view rest = *groups;
    while (!rest.empty()) {  // lines "HIERARCHY:CONTROLLERS:PATH"
        size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        size_t a = line.find(':');
        size_t b = a == std::string_view::npos ? a : line.find(':', a + 1);
        if (b == std::string_view::npos)
            continue;
        std::string_view controllers = line.substr(a + 1, b - a - 1);
        std::string path(line.substr(b + 1));
        if (controllers.empty()) {
            found = least(found, walk(read, std::string(root), path, limit_v2));
        } else if (has_cpu(controllers)) {
            unsigned one = walk(read, std::string(root) + "/cpu", path, limit_v1);
            if (one == 0)
                one =
                    walk(read, std::string(root) + "/" + std::string(controllers), path, limit_v1);
            found = least(found, one);
        }
    }
    return found;
}

std::vector<int> affinity_cpus()
{
    std::vector<int> cpus;
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) == 0)
        for (int i = 0; i < CPU_SETSIZE; ++i)
            if (CPU_ISSET(static_cast<size_t>(i), &set))
                cpus.push_back(i);
    return cpus;
}

unsigned usable_cpus()
{
    auto read = [](const std::string& path) -> std::optional<std::string> {
        auto text = read_file(path);
        return text ? std::optional<std::string>(std::move(*text)) : std::nullopt;
    };
    auto mask = static_cast<unsigned>(affinity_cpus().size());
    return std::max(1u, least(mask, cgroup_cpus(read)));
}

}  // namespace sluice::os
