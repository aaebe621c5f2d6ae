// SPDX-License-Identifier: Apache-2.0
#include "core/os/process.h"

#include <execinfo.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace sluice::os {
namespace {

char* title_begin = nullptr;
size_t title_size = 0;

int result(int rc)
{
    return rc == 0 ? 0 : errno;
}

Death death(int pid, int status)
{
    Death d;
    d.pid = pid;
    d.by_signal = WIFSIGNALED(status);
    d.code = d.by_signal ? WTERMSIG(status) : WEXITSTATUS(status);
    d.core_dumped = d.by_signal && WCOREDUMP(status);
    return d;
}

int set_limit(__rlimit_resource resource, uint64_t soft, uint64_t hard)
{
    rlimit limit{soft, hard};
    return result(::setrlimit(resource, &limit));
}

}  // namespace

int fork_process(int& error)
{
    int pid = ::fork();
    error = pid < 0 ? errno : 0;
    return pid;
}

void exit_now(int code)
{
    ::_exit(code);
}
int parent_id()
{
    return ::getppid();
}

bool runs_our_program(int pid)
{
    struct stat ours, theirs;
    std::string path = "/proc/" + std::to_string(pid) + "/exe";
    return ::stat("/proc/self/exe", &ours) == 0 && ::stat(path.c_str(), &theirs) == 0 &&
           ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

bool reap(Death& out)
{
    int status = 0;
    int pid;
    do
        pid = ::waitpid(-1, &status, WNOHANG);
    while (pid < 0 && errno == EINTR);
    if (pid <= 0)
        return false;
    out = death(pid, status);
    return true;
}

bool halted(Halt& out)
{
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WSTOPPED | WCONTINUED | WNOHANG) != 0 || info.si_pid == 0)
        return false;
    out = {info.si_pid, info.si_code == CLD_STOPPED};
    return true;
}

int detach()
{
    if (::setsid() < 0)
        return errno;
    ::umask(0);
    Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null)
        return errno;
    if (int error = replace_fd(null.get(), STDIN_FILENO))
        return error;
    return replace_fd(null.get(), STDOUT_FILENO);
}

int replace_fd(int from, int to)
{
    return ::dup2(from, to) < 0 ? errno : 0;
}

Fd duplicate(int fd)
{
    return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

void init_title(int argc, char** argv)
{
    if (argc < 1 || title_begin)
        return;
    // The kernel lays argv and the environment out one after the other; what follows argv[0]
    // without a gap is ours once the environment has been moved.
    char* end = argv[0];
    for (int i = 0; i < argc && argv[i] == end; ++i)
        end = argv[i] + std::strlen(argv[i]) + 1;
    bool environment_follows = environ && environ[0] == end;
    static std::vector<std::string> moved;
    if (environment_follows) {
        for (char** at = environ; *at; ++at) {
            if (*at == end)
                end = *at + std::strlen(*at) + 1;
            moved.emplace_back(*at);
        }
        replace_environment(moved);
    }
    title_begin = argv[0];
    title_size = static_cast<size_t>(end - argv[0]);
}

void set_title(const std::string& title)
{
    if (!title_begin)
        return;
    std::memset(title_begin, 0, title_size);
    std::memcpy(title_begin, title.data(), std::min(title.size(), title_size - 1));
}

FileLimit file_limit()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return {limit.rlim_cur, limit.rlim_max};
}

int set_file_limit(uint64_t soft, uint64_t hard)
{
    return set_limit(RLIMIT_NOFILE, soft, hard);
}
int set_core_limit(uint64_t bytes)
{
    return set_limit(RLIMIT_CORE, bytes, bytes);
}
int set_priority(int nice)
{
    return result(::setpriority(PRIO_PROCESS, 0, nice));
}

int set_affinity(const std::vector<int>& cpus)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int cpu : cpus)
        if (cpu >= 0 && cpu < CPU_SETSIZE)
            CPU_SET(static_cast<size_t>(cpu), &set);
    return result(::sched_setaffinity(0, sizeof set, &set));
}

int change_directory(const std::string& path)
{
    return result(::chdir(path.c_str()));
}

std::string system_name()
{
    utsname name{};
    if (::uname(&name) != 0)
        return "unknown";
    return std::string(name.sysname) + " " + name.release;
}

bool find_user(const std::string& name, uid_t& uid, gid_t& gid)
{
    const passwd* found = ::getpwnam(name.c_str());
    if (!found)
        return false;
    uid = found->pw_uid;
    gid = found->pw_gid;
    return true;
}

bool find_group(const std::string& name, gid_t& gid)
{
    const group* found = ::getgrnam(name.c_str());
    if (!found)
        return false;
    gid = found->gr_gid;
    return true;
}

int become(const std::string& user, uid_t uid, gid_t gid, const char*& step)
{
    step = "setgid()";
    if (::setgid(gid) != 0)
        return errno;
    step = "initgroups()";
    if (::initgroups(user.c_str(), gid) != 0)
        return errno;
    step = "setuid()";
    return result(::setuid(uid));
}

int keep_capabilities()
{
    return result(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
}

int keep_only_net_raw()
{
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[2] = {};
    sets[0].effective = sets[0].permitted = 1u << CAP_NET_RAW;
    return result(static_cast<int>(::syscall(SYS_capset, &header, sets)));
}

int forbid_new_privileges()
{
    return result(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}
int empty_bounding_set()
{
    for (unsigned long cap = 0; ::prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; ++cap)
        if (::prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
            return errno;
    return 0;
}

int set_dumpable(bool on)
{
    return result(::prctl(PR_SET_DUMPABLE, on ? 1 : 0, 0, 0, 0));
}

namespace {

int trace_to = -1;

void trace(int)
{
    void* frames[64];
    constexpr char head[] = "call stack of the aborted process:\n";
    [[maybe_unused]] ssize_t n = ::write(trace_to, head, sizeof head - 1);
    ::backtrace_symbols_fd(frames, ::backtrace(frames, 64), trace_to);
    ::raise(SIGABRT);  // SA_RESETHAND: now it ends
}

}  // namespace

void trace_on_abort(int fd)
{
    // The first call loads a library, which a signal handler must not do.
    void* frame[1];
    ::backtrace(frame, 1);
    trace_to = fd;
    struct sigaction action {
    };
    action.sa_handler = trace;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    ::sigaction(SIGABRT, &action, nullptr);
}

int execute(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
            std::span<const int> keep)
{
    auto pointers = [](const std::vector<std::string>& list) {
        std::vector<char*> out;
        for (const std::string& text : list)
            out.push_back(const_cast<char*>(text.c_str()));
        out.push_back(nullptr);
        return out;
    };
    for (int fd : keep)
        if (::fcntl(fd, F_SETFD, 0) != 0)
            return errno;
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execvpe(argv.at(0).c_str(), pointers(argv).data(), pointers(environment).data());
    return errno;
}

void replace_environment(const std::vector<std::string>& entries)
{
    // Never freed: libraries keep pointers into the environment.
    auto** list = new char*[entries.size() + 1];
    for (size_t i = 0; i < entries.size(); ++i)
        list[i] = ::strdup(entries[i].c_str());
    list[entries.size()] = nullptr;
    static auto& kept = *new std::vector<char**>;
    kept.push_back(list);
    environ = list;
}

bool environment(const std::string& name, std::string& value)
{
    const char* found = ::getenv(name.c_str());
    if (found)
        value = found;
    return found != nullptr;
}

std::vector<std::string> environment_entries()
{
    std::vector<std::string> entries;
    for (char** at = environ; at && *at; ++at)
        entries.emplace_back(*at);
    return entries;
}

void forget_environment(const std::string& name)
{
    std::vector<std::string> entries = environment_entries();
    std::erase_if(entries, [&](const std::string& e) { return e.starts_with(name + "="); });
    replace_environment(entries);
}

}  // namespace sluice::os
