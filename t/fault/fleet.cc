// SPDX-License-Identifier: Apache-2.0
#include "fleet.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "http.h"

namespace sluice::fault {

namespace fs = std::filesystem;
using runner::Io;
using runner::Socket;

bool eventually(const std::function<bool()>& so, double seconds)
{
    for (runner::Deadline end = in_seconds(seconds); !so(); sleep_seconds(0.005))
        if (runner::Clock::now() > end)
            return false;
    return true;
}

size_t count(const std::string& text, const std::string& what)
{
    size_t n = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++n;
    return n;
}

std::string proc_file_path(int pid, const std::string& name)
{
    return "/proc/" + std::to_string(pid) + "/" + name;
}

std::string proc_file(int pid, const std::string& name)
{
    // No stream: reading fails when the process ends meanwhile, and streams throw then.
    int fd = ::open(("/proc/" + std::to_string(pid) + "/" + name).c_str(), O_RDONLY | O_CLOEXEC);
    std::string text;
    char buffer[4096];
    for (ssize_t n; fd >= 0 && (n = ::read(fd, buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<size_t>(n));
    if (fd >= 0)
        ::close(fd);
    return text;
}

std::vector<int> children(int pid)
{
    std::vector<int> pids;
    std::error_code gone;
    fs::path tasks = "/proc/" + std::to_string(pid) + "/task";
    for (auto it = fs::directory_iterator(tasks, gone); !gone && it != fs::directory_iterator();
         it.increment(gone)) {
        std::ifstream in(it->path() / "children");
        for (int child = 0; in >> child;)
            pids.push_back(child);
    }
    return pids;
}

double cpu_seconds(int pid)
{
    std::string stat = proc_file(pid, "stat");
    std::istringstream words(stat.substr(stat.rfind(')') + 2));
    std::string word;
    for (int i = 0; i < 11; ++i)
        words >> word;
    double user = 0, system = 0;
    words >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

int sockets_of(int pid)
{
    int n = 0;
    std::error_code none;
    for (const auto& e : std::filesystem::directory_iterator(proc_file_path(pid, "fd"), none))
        n += std::filesystem::read_symlink(e.path(), none).string().starts_with("socket:");
    return n;
}

bool lives(int pid)
{
    std::string stat = proc_file(pid, "stat");
    return !stat.empty() && stat.find(") Z ") == std::string::npos;
}

void send(int pid, int signal)
{
    if (pid > 1)
        ::kill(pid, signal);
    else
        ADD_FAILURE() << "no process to signal: " << pid;
}

Fleet::Fleet(const std::string& main, const std::string& server, const std::string& http)
{
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    fs::create_directory(root() + "/bin");
    const char* other = std::getenv("TEST_NGINX_BINARY");
    fs::create_symlink(other ? other : SPEC_BINARY, root() + "/bin/sluice");
    configure(main, server, http);
}

Fleet::~Fleet()
{
    // Masters first, or they would replace the workers; what they leave behind becomes ours.
    for (int round = 0; round < 50; ++round) {
        std::vector<int> ours = children(::getpid());
        for (int pid : ours)
            ::kill(pid, SIGKILL);
        while (::waitpid(-1, nullptr, WNOHANG) > 0)
            ;
        if (ours.empty())
            break;
        sleep_seconds(0.01);
    }
    if (::testing::Test::HasFailure())
        server_.keep();
}

void Fleet::configure(const std::string& main, const std::string& server, const std::string& http)
{
    std::string text =
        "pid logs/nginx.pid; error_log logs/error.log info;\n" + main + "\nevents { " + events +
        " }\nhttp { access_log off;\n" + http +
        "\nserver { listen 127.0.0.1:" + std::to_string(port()) + " " + listen_options + ";\n" +
        (server.empty() ? "location / { return 200 \"hi\\n\"; }" : server) + "\n} }\n";
    server_.write("conf/next.conf", text);
    fs::rename(root() + "/conf/next.conf", root() + "/conf/nginx.conf");
}

int Fleet::spawn(const std::vector<std::string>& args, const std::string& out,
                 const std::function<void()>& before, const std::vector<int>& keep) const
{
    std::vector<std::string> words{root() + "/bin/sluice", "-p", root() + "/", "-c",
                                   root() + "/conf/nginx.conf"};
    words.insert(words.end(), args.begin(), args.end());
    std::vector<char*> argv;
    for (std::string& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    std::string path = root() + "/logs/" + out;
    int pid = ::fork();
    if (pid != 0)
        return pid;
    int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    for (int to : {1, 2})
        ::dup2(fd, to);
    std::vector<int> high;
    for (int from : keep)
        high.push_back(::fcntl(from, F_DUPFD, 100));
    for (int other = 3; other < 1024; ++other)  // what the test, or who runs it, has left open
        if (std::find(high.begin(), high.end(), other) == high.end())
            ::close(other);
    for (size_t i = 0; i < high.size(); ++i) {
        ::dup2(high[i], static_cast<int>(3 + i));
        ::close(high[i]);
    }
    ::setenv("ASAN_OPTIONS", "quarantine_size_mb=1:thread_local_quarantine_size_kb=64", 0);
    if (before)
        before();
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

bool Fleet::start(const std::vector<std::string>& args, const std::function<void()>& before,
                  const std::vector<int>& keep)
{
    std::vector<std::string> all{"-g", "daemon off;"};
    all.insert(all.end(), args.begin(), args.end());
    pid_ = spawn(all, "out", before, keep);
    int code = -1;
    eventually([&] { return pid() != 0 || (code = wait_end(0)) >= 0; });
    return pid() != 0 && code < 0;
}

Said Fleet::run(const std::vector<std::string>& args)
{
    ::unlink((root() + "/logs/run").c_str());
    int child = spawn(args, "run", nullptr, {}), status = 0;
    Said said;
    if (eventually([&] { return ::waitpid(child, &status, WNOHANG) == child; }, 60))
        said.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    said.text = read("logs/run");
    return said;
}

int Fleet::pid(const std::string& file) const
{
    return std::atoi(read(file).c_str());
}

std::vector<int> Fleet::workers() const
{
    std::vector<int> pids;
    for (int child : children(pid()))
        if (proc_file(child, "cmdline").starts_with("nginx: worker process"))
            pids.push_back(child);
    return pids;
}

void Fleet::signal(int number) const
{
    send(pid_, number);
}

int Fleet::wait_end(double seconds)
{
    int status = 0;
    if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, seconds))
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Fleet::ask(const std::string& path, int port_index) const
{
    Socket socket = Socket::connect(std::to_string(port(port_index)));
    std::string bytes;
    if (!socket.open())
        return {};
    socket.write_all("GET " + path + " HTTP/1.0\r\nHost: a\r\n\r\n", in_seconds(5));
    while (socket.read_some(bytes, in_seconds(10)) == Io::ok)
        ;
    std::string_view rest = bytes;
    runner::Response r = runner::parse_response(rest, "GET", true);
    return r.complete ? r.code + " " + r.body : std::string();
}

// ---- load ---------------------------------------------------------------------------------------

namespace {

// True when the server has already closed it (or sent what nobody asked for).
bool closed_before(int fd)
{
    pollfd p{fd, POLLIN, 0};
    return ::poll(&p, 1, 0) > 0;
}

}  // namespace

Load::Load(int port, int fresh_clients, int kept_clients) : port_(port)
{
    for (int i = 0; i < fresh_clients; ++i)
        threads_.emplace_back([this] { fresh(); });
    for (int i = 0; i < kept_clients; ++i)
        threads_.emplace_back([this, i] { kept(static_cast<unsigned>(i) + 1); });
}

std::string Load::end()
{
    stop_ = true;
    for (std::thread& t : threads_)
        t.join();
    threads_.clear();
    return what_;
}

void Load::lost(const std::string& what)
{
    std::lock_guard lock(mutex_);
    if (++losses_ <= 20)
        what_ += what + "\n";
}

// Nothing at all, before the connection ends, reads as an answer of HTTP/0.9.
static bool is_answer(const runner::Response& r)
{
    return r.complete && r.code == "200";
}

void Load::fresh()
{
    for (; !stop_; sleep_seconds(0.001)) {
        Socket socket = Socket::connect(std::to_string(port_));
        if (!socket.open()) {
            lost(std::string("fresh: no connection, ") + std::strerror(errno));
            continue;
        }
        std::string bytes;
        Io io = socket.write_all("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                                 in_seconds(10));
        while (io == Io::ok)
            io = socket.read_some(bytes, in_seconds(10));
        std::string_view rest = bytes;
        if (is_answer(runner::parse_response(rest, "GET", true)))
            ++answers_;
        else
            lost("fresh: " + bytes.substr(0, 100));
    }
}

void Load::kept(unsigned seed)
{
    std::minstd_rand random(seed);
    Socket socket;
    for (; !stop_; sleep_seconds(0.0001 * static_cast<double>(random() % 40))) {
        if (socket.open() && closed_before(socket.fd()))
            socket.close();
        if (!socket.open())
            socket = Socket::connect(std::to_string(port_));
        if (!socket.open()) {
            lost(std::string("kept: no connection, ") + std::strerror(errno));
            continue;
        }
        std::string bytes;
        Io io = socket.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n", in_seconds(10));
        runner::Response r;
        while (io == Io::ok && !r.complete) {
            io = socket.read_some(bytes, in_seconds(10));
            std::string_view rest = bytes;
            r = runner::parse_response(rest, "GET", io != Io::ok);
        }
        if (is_answer(r))
            ++answers_;
        else
            lost("kept: " + bytes.substr(0, 100));
        if (!is_answer(r) || r.header("Connection").value_or("") == "close")
            socket.close();
    }
}

}  // namespace sluice::fault
