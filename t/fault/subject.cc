// SPDX-License-Identifier: Apache-2.0
#include "subject.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <sstream>

namespace sluice::fault {

using runner::Socket;

std::string name_of(AcceptMode mode)
{
    switch (mode) {
    case AcceptMode::mutex: return "mutex";
    case AcceptMode::exclusive: return "exclusive";
    default: return "reuseport";
    }
}

namespace {

// sluice and nginx: the same language.
class Server final : public Subject
{
public:
    explicit Server(bool nginx) : nginx_(nginx) {}

    bool has(AcceptMode) const override { return true; }
    void configure(AcceptMode mode, const Size& size) override
    {
        auto text = [](int n) { return std::to_string(n); };
        fleet_.events = "worker_connections " + text(size.connections) + ";";
        if (nginx_)
            fleet_.events += mode == AcceptMode::mutex ? " accept_mutex on;" : " accept_mutex off;";
        if (nginx_)
            fleet_.listen_options = mode == AcceptMode::reuseport ? "reuseport" : "";
        else
            fleet_.listen_options = "accept=" + name_of(mode);
        std::string main = "worker_processes " + text(size.workers) + ";";
        if (size.descriptors)
            main += " worker_rlimit_nofile " + text(size.descriptors) + ";";
        fleet_.configure(main, "");
    }
    bool start() override { return fleet_.start(); }
    void reload() override { fleet_.signal(SIGHUP); }
    int port() const override { return fleet_.port(); }
    std::vector<int> workers() const override { return fleet_.workers(); }
    std::vector<int> shares() const override
    {
        std::vector<int> each;
        for (int pid : fleet_.workers())
            each.push_back(sockets_of(pid));
        return each;
    }
    std::string log() const override { return fleet_.log(); }
    std::string said() const override { return fleet_.read("logs/out"); }
    int test_own_include() override
    {
        fleet_.write("conf/nginx.conf", "include nginx.conf;\n");
        return fleet_.run({"-t"}).code;
    }

private:
    bool nginx_;
    Fleet fleet_;
};

// One process with a thread for each "worker", below a master (-W).
class Haproxy final : public Subject
{
public:
    ~Haproxy() override
    {
        if (pid_ <= 0)
            return;
        std::vector<int> all = workers();
        all.insert(all.begin(), pid_);
        for (int pid : all)
            ::kill(pid, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    bool has(AcceptMode mode) const override { return mode != AcceptMode::mutex; }
    bool has_worker_processes() const override { return false; }
    bool includes_files() const override { return false; }
    void configure(AcceptMode mode, const Size& size) override
    {
        std::ostringstream text;
        text << "global\n nbthread " << size.workers << "\n log stderr format raw local0\n"
             << " stats socket unix@" << stats_path() << " level admin expose-fd listeners\n"
             << " no strict-limits\n";
        descriptors_ = size.descriptors;
        text << " maxconn " << size.connections << "\n";
        text << "defaults\n mode http\n log global\n timeout client 75s\n timeout server 60s\n"
             << " timeout connect 60s\n"
             << "frontend all\n bind 127.0.0.1:" << port()
             << (mode == AcceptMode::reuseport ? " shards by-thread" : "")
             << "\n http-request return status 200 content-type text/plain string \"hi\\n\"\n";
        files_.write("conf/haproxy.conf", text.str());
    }
    bool start() override
    {
        std::string conf = files_.root() + "/conf/haproxy.conf", out = files_.root() + "/logs/out";
        pid_ = ::fork();
        if (pid_ == 0) {
            int fd = ::open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
            for (int to : {1, 2})
                ::dup2(fd, to);
            for (int other = 3; other < 64; ++other)
                ::close(other);
            // Its ulimit-n never lowers what it was started with.
            rlimit limit{static_cast<rlim_t>(descriptors_), static_cast<rlim_t>(descriptors_)};
            if (descriptors_)
                ::setrlimit(RLIMIT_NOFILE, &limit);
            // A master does not start then.
            ::execl("/usr/sbin/haproxy", "haproxy", descriptors_ ? "-db" : "-W", "-db", "-f",
                    conf.c_str(), nullptr);
            ::_exit(127);
        }
        return eventually([&] { return Socket::connect(std::to_string(port())).open(); }, 5);
    }
    void reload() override { send(pid_, SIGUSR2); }
    int port() const override { return ports_.at(0); }
    std::vector<int> workers() const override
    {
        return descriptors_ ? std::vector<int>{pid_} : children(pid_);
    }
    std::vector<int> shares() const override
    {
        // accepted: 7 [ 2 4 1 0 ]
        std::string all = ask_stats("show activity\n");
        size_t at = all.find("\naccepted:");
        std::vector<int> each;
        if (at == std::string::npos || (at = all.find('[', at)) == std::string::npos)
            return each;
        std::istringstream numbers(all.substr(at + 1, all.find(']', at) - at - 1));
        for (int n; numbers >> n;)
            each.push_back(n);
        return each;
    }
    std::string log() const override { return files_.read("logs/out"); }
    std::string said() const override { return log(); }
    int test_own_include() override { return -1; }

private:
    std::string stats_path() const { return files_.root() + "/stats"; }
    std::string ask_stats(const std::string& what) const
    {
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        std::strncpy(to.sun_path, stats_path().c_str(), sizeof to.sun_path - 1);
        int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        std::string answer;
        if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 &&
            ::write(fd, what.data(), what.size()) == static_cast<ssize_t>(what.size())) {
            char buffer[4096];
            for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;)
                answer.append(buffer, static_cast<size_t>(n));
        }
        ::close(fd);
        return answer;
    }

    runner::Ports ports_;
    runner::Server files_;  // its folder
    int pid_ = 0, descriptors_ = 0;
};

}  // namespace

std::unique_ptr<Subject> make_subject(const std::string& program)
{
    if (program == "haproxy")
        return std::make_unique<Haproxy>();
    if (program == "nginx")
        ::setenv("TEST_NGINX_BINARY", "/usr/sbin/nginx", 1);
    if (program == "nginx" || program == "sluice")
        return std::make_unique<Server>(program == "nginx");
    return nullptr;
}

}  // namespace sluice::fault
