// SPDX-License-Identifier: Apache-2.0
#include "core/process/main_conf.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/os/address.h"
#include "core/os/cpu.h"
#include "core/os/process.h"
#include "core/os/sys.h"

namespace sluice::process {
namespace {

using conf::Apply;

void set_worker_processes(Apply& apply, MainConf& main)
{
    if (main.worker_processes.is_set())
        return apply.fail_directive("is duplicate");
    if (apply.arg(0) == "auto")
        return main.worker_processes.set(os::usable_cpus());
    auto n = conf::parse_number(apply.arg(0));
    if (!n || *n > 4096)
        return apply.fail_directive_at(0, "invalid value");
    main.worker_processes.set(static_cast<size_t>(*n));
}

void set_user(Apply& apply, MainConf& main)
{
    if (main.user.is_set())
        return apply.fail_directive("is duplicate");
    if (!os::is_root()) {
        apply.warn(
            "user-ignored",
            "the \"user\" directive makes sense only if the master process runs with super-user "
            "privileges, ignored");
        main.user.set({});
        return;
    }
    User user;
    user.name = apply.arg(0);
    user.group = apply.arg(apply.size() - 1);
    uid_t uid = 0;
    gid_t gid = 0;
    if (!os::find_user(user.name, uid, gid))
        apply.fail_at(0, fmt::format("getpwnam(\"{}\") failed", user.name));
    else if (!os::find_group(user.group, gid))
        apply.fail_at(apply.size() - 1, fmt::format("getgrnam(\"{}\") failed", user.group));
    else
        user.known = true;
    user.uid = uid;
    user.gid = gid;
    main.user.set(std::move(user));
}

void add_error_log(Apply& apply, MainConf& main)
{
    ErrorLog log{apply.arg(0), Level::error, apply.diag.in_place(apply.node.stop)};
    if (log.path.starts_with("syslog:") || log.path.starts_with("memory:")) {
        std::string kind = log.path.substr(0, log.path.find(':'));
        apply.diag.lacks(kind);
        return apply.fail_at(0, fmt::format("\"{}\" logs are not built into this sluice", kind),
                             "write a file, or stderr");
    }
    for (size_t i = 1; i < apply.size(); ++i) {
        if (!level_from_name(apply.arg(i), log.level))
            return apply.fail_at(i, fmt::format("invalid log level \"{}\"", apply.arg(i)));
        if (i > 1)
            return apply.fail_at(i, fmt::format("duplicate log level \"{}\"", apply.arg(i)));
    }
    main.error_logs.push_back(std::move(log));
}

void add_env(Apply& apply, MainConf& main)
{
    main.env.push_back(apply.arg(0));
}

void set_watchdog(Apply& apply, MainConf& main)
{
    conf::store<&MainConf::worker_watchdog>.apply(apply, &main);
    main.worker_watchdog_at = apply.node.stop;
}

void set_priority(Apply& apply, MainConf& main)
{
    if (main.worker_priority.is_set())
        return apply.fail_directive("is duplicate");
    std::string_view text = apply.arg(0);
    bool minus = text.starts_with('-');
    if (minus)
        text.remove_prefix(1);
    auto n = conf::parse_number(text);
    if (!n || *n > 1000)
        return apply.fail_directive_at(0, "invalid number");
    main.worker_priority.set(static_cast<int>(minus ? -*n : *n));
}

// "0101": the rightmost digit is CPU 0.
bool parse_mask(Apply& apply, size_t i, std::vector<int>& cpus)
{
    const std::string& mask = apply.arg(i);
    int cpu = 0;
    for (auto at = mask.rbegin(); at != mask.rend(); ++at) {
        if (*at == ' ')
            continue;
        if (*at != '0' && *at != '1') {
            apply.fail_at(i,
                          fmt::format("invalid character \"{}\" in \"worker_cpu_affinity\"", *at));
            return false;
        }
        if (*at == '1')
            cpus.push_back(cpu);
        ++cpu;
    }
    return true;
}

void set_affinity(Apply& apply, MainConf& main)
{
    if (main.cpu_affinity_auto || !main.cpu_affinity.empty())
        return apply.fail_directive("is duplicate");
    size_t first = 0;
    if (apply.arg(0) == "auto") {
        if (apply.size() > 2)
            return apply.fail("invalid number of arguments in \"worker_cpu_affinity\" directive");
        main.cpu_affinity_auto = true;
        first = 1;
    }
    for (size_t i = first; i < apply.size(); ++i) {
        std::vector<int> cpus;
        if (!parse_mask(apply, i, cpus))
            return;
        main.cpu_affinity.push_back(std::move(cpus));
    }
}

void add_thread_pool(Apply& apply, MainConf& main)
{
    const std::string& name = apply.arg(0);
    bool threads = false;
    for (size_t i = 1; i < apply.size(); ++i) {
        std::string_view arg = apply.arg(i);
        size_t from = arg.find('=') + 1;
        auto n = from ? conf::parse_number(arg.substr(from)) : std::nullopt;
        if (arg.starts_with("threads=")) {
            if (!n || *n == 0)
                return apply.fail_at(i, fmt::format("invalid threads value \"{}\"", arg));
            threads = true;
        } else if (arg.starts_with("max_queue=") && !n) {
            return apply.fail_at(i, fmt::format("invalid max_queue value \"{}\"", arg));
        }
    }
    if (!threads && name != "default")
        return apply.fail("\"thread_pool\" must have \"threads\" parameter");
    if (std::find(main.thread_pools.begin(), main.thread_pools.end(), name) !=
        main.thread_pools.end())
        return apply.fail_at(0, fmt::format("duplicate thread pool \"{}\"", name));
    main.thread_pools.push_back(name);
}

void set_debug_points(Apply& apply, MainConf& main)
{
    if (main.debug_points.is_set())
        return apply.fail_directive("is duplicate");
    if (apply.arg(0) != "stop" && apply.arg(0) != "abort")
        return apply.fail_at(0, fmt::format("invalid value \"{}\"", apply.arg(0)));
    main.debug_points.set(apply.arg(0));
}

void refuse_load_module(Apply& apply)
{
    apply.fail_at(0,
                  fmt::format("module \"{}\" cannot be loaded: modules are built in, there are no "
                              "dynamic ones",
                              apply.arg(0)),
                  "\"-V\" lists what is built in; remove this line if the module is among them");
}

class EventsBlock final : public conf::Block
{
public:
    explicit EventsBlock(conf::Block& outer) : Block(conf::in_events, &outer) {}
    void* conf(size_t set, const void* tag) override { return parent->conf(set, tag); }
};

void enter_events(Apply& apply, MainConf& main)
{
    if (main.has_events)
        return apply.fail_directive("is duplicate");
    main.has_events = true;
    EventsBlock block(apply.block);
    apply.in.run(apply.node.children, block);
}

void set_connections(Apply& apply, EventsConf& events)
{
    if (events.worker_connections.is_set())
        return apply.fail_directive("is duplicate");
    auto n = conf::parse_number(apply.arg(0));
    if (!n || *n > (1 << 26))
        return apply.fail_at(0, fmt::format("invalid number \"{}\"", apply.arg(0)));
    events.worker_connections.set(static_cast<size_t>(*n));
}

void set_reserve(Apply& apply, EventsConf& events)
{
    if (events.reserve_fds.is_set())
        return apply.fail_directive("is duplicate");
    auto n = conf::parse_number(apply.arg(0));
    if (!n || *n > 1024)
        return apply.fail_at(0, fmt::format("invalid number \"{}\"", apply.arg(0)),
                             "a few descriptors are enough, 1024 at most");
    events.reserve_fds.set(static_cast<size_t>(*n));
}

void set_exhaustion(Apply& apply, EventsConf& events)
{
    using Answer = net::Room::Answer;
    if (events.fd_exhaustion.is_set())
        return apply.fail_directive("is duplicate");
    const std::string& word = apply.arg(0);
    if (word != "respond" && word != "reset" && word != "pause")
        return apply.fail_at(0, fmt::format("invalid value \"{}\"", word),
                             "it is respond, reset or pause");
    events.fd_exhaustion.set(word == "respond" ? Answer::respond
                             : word == "reset" ? Answer::reset
                                               : Answer::pause);
}

void set_use(Apply& apply, EventsConf& events)
{
    if (events.use.is_set())
        return apply.fail_directive("is duplicate");
    if (apply.arg(0) != "epoll")
        return apply.fail_at(0, fmt::format("invalid event type \"{}\"", apply.arg(0)),
                             "there is epoll");
    events.use.set(apply.arg(0));
}

void check_debug_connection(Apply& apply)
{
    // There is no per-client debug level here; the line is checked and has no effect.
    std::string host = apply.arg(0).substr(0, apply.arg(0).find('/'));
    os::Address address;
    if (host != "unix:" && !os::Address::from_literal(host, 0, address) && !os::resolve(host, 0))
        apply.fail_at(0, fmt::format("host not found in debug_connection \"{}\"", apply.arg(0)));
}

using namespace conf;

constexpr Directive rows[] = {
    {"daemon", in_main, 1, 1, store<&MainConf::daemon>},
    {"master_process", in_main, 1, 1, store<&MainConf::master_process>},
    {"worker_processes", in_main, 1, 1, call<set_worker_processes>},
    {"user", in_main, 1, 2, call<set_user>},
    {"pid", in_main, 1, 1, store<&MainConf::pid>},
    {"worker_rlimit_nofile", in_main, 1, 1, store<&MainConf::worker_rlimit_nofile>},
    {"worker_rlimit_core", in_main, 1, 1, store<&MainConf::worker_rlimit_core>},
    {"worker_shutdown_timeout", in_main, 1, 1, store<&MainConf::worker_shutdown_timeout>},
    {"worker_watchdog", in_main, 1, 1, call<set_watchdog>},
    {"worker_dumpable", in_main, 1, 1, store<&MainConf::worker_dumpable>},
    {"graceful_term", in_main, 1, 1, store<&MainConf::graceful_term>},
    {"worker_cpu_affinity", in_main, 1, any, call<set_affinity>},
    {"worker_priority", in_main, 1, 1, call<set_priority>},
    {"working_directory", in_main, 1, 1, store<&MainConf::working_directory>},
    {"error_log", in_main, 1, any, call<add_error_log>},
    {"env", in_main, 1, 1, call<add_env>},
    {"timer_resolution", in_main, 1, 1, store<&MainConf::timer_resolution>},
    {"pcre_jit", in_main, 1, 1, store<&MainConf::pcre_jit>},
    {"lock_file", in_main, 1, 1, store<&MainConf::lock_file>},
    {"debug_points", in_main, 1, 1, call<set_debug_points>},
    {"thread_pool", in_main, 1, 3, call<add_thread_pool>},
    {"load_module", in_main, 1, 1, run<refuse_load_module>},
    {"events", in_main, 0, 0, call<enter_events>, true},
    {"worker_connections", in_events, 1, 1, call<set_connections>},
    {"use", in_events, 1, 1, call<set_use>},
    {"multi_accept", in_events, 1, 1, store<&EventsConf::multi_accept>},
    {"accept_mutex", in_events, 1, 1, store<&EventsConf::accept_mutex>},
    {"accept_mutex_delay", in_events, 1, 1, store<&EventsConf::accept_mutex_delay>},
    {"reserve_fds", in_events, 1, 1, call<set_reserve>},
    {"fd_exhaustion", in_events, 1, 1, call<set_exhaustion>},
    {"worker_aio_requests", in_events, 1, 1, store<&EventsConf::worker_aio_requests>},
    {"debug_connection", in_events, 1, 1, run<check_debug_connection>},
};

}  // namespace

conf::DirectiveSet main_directives()
{
    return {"core", rows};
}

std::vector<int> worker_cpus(const MainConf& main, size_t index)
{
    if (main.cpu_affinity_auto) {
        std::vector<int> all = os::affinity_cpus();
        if (!main.cpu_affinity.empty())
            std::erase_if(all, [&](int cpu) {
                const auto& mask = main.cpu_affinity.front();
                return std::find(mask.begin(), mask.end(), cpu) == mask.end();
            });
        if (all.empty())
            return {};
        return {all[index % all.size()]};
    }
    if (main.cpu_affinity.empty())
        return {};
    return main.cpu_affinity[std::min(index, main.cpu_affinity.size() - 1)];
}

std::vector<std::string> worker_environment(const MainConf& main)
{
    std::vector<std::string> out;
    bool tz = false;
    auto keep = [&](const std::string& name) {
        if (std::string value; os::environment(name, value))
            out.push_back(name + "=" + value);
    };
    for (const std::string& entry : main.env) {
        tz = tz || entry == "TZ" || entry.starts_with("TZ=");
        if (entry.find('=') == std::string::npos)
            keep(entry);
        else
            out.push_back(entry);
    }
    if (!tz)
        keep("TZ");
    return out;
}

}  // namespace sluice::process
