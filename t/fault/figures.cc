// SPDX-License-Identifier: Apache-2.0
// The figures of the fault tests, as numbers: one "NAME<tab>VALUE" line each. TEST_NGINX_BINARY
// names another program to measure in the same way; what is of sluice alone is then left to that
// program's nearest directive. t/fault/run puts the columns side by side.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "fleet.h"

namespace sluice::fault {
namespace {

using runner::Io;
using runner::Socket;

struct Mode {
    const char* name;
    const char* ours;         // behind listen's address
    const char* theirs;       // the same for nginx
    const char* their_mutex;  // in its events {}
};
constexpr Mode modes[] = {
    {"mutex", "accept=mutex", "", " accept_mutex on;"},
    {"exclusive", "accept=exclusive", "", " accept_mutex off;"},
    {"reuseport", "accept=reuseport", "reuseport", ""},
};

bool peer()
{
    return std::getenv("TEST_NGINX_BINARY") != nullptr;
}

void say(const std::string& name, const std::string& value)
{
    std::printf("%s\t%s\n", name.c_str(), value.c_str());
    std::fflush(stdout);
}

std::string number(double n, int digits = 0)
{
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, n);
    return text;
}

double ms_since(runner::Deadline start)
{
    return std::chrono::duration<double, std::milli>(runner::Clock::now() - start).count();
}

// Starts the program with this mode; false (and said) when it does not start.
bool begin(Fleet& fleet, const Mode& mode, const std::string& main,
           const std::string& events = "worker_connections 512;")
{
    fleet.events = events + (peer() ? mode.their_mutex : "");
    fleet.listen_options = peer() ? mode.theirs : mode.ours;
    fleet.configure(main, "");
    if (!fleet.start()) {
        std::fprintf(stderr, "figures: it did not start: %s\n", fleet.read("logs/out").c_str());
        return false;
    }
    sleep_seconds(0.5);
    return true;
}

// One request on a connection of its own: the status, or why there is none; its time in ms.
std::string ask(const Fleet& fleet, double seconds, double& ms)
{
    auto start = runner::Clock::now();
    Socket socket = Socket::connect(std::to_string(fleet.port()));
    std::string bytes;
    if (!socket.open())
        return "refused";
    socket.write_all("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", in_seconds(seconds));
    Io io = socket.read_some(bytes, in_seconds(seconds));
    ms = ms_since(start);
    if (bytes.size() > 12)
        return bytes.substr(9, 3);
    return io == Io::timeout ? "hangs" : "no answer";
}

void evenness(const Mode& mode)
{
    Fleet fleet;
    if (!begin(fleet, mode, "worker_processes 4;"))
        return;
    std::vector<int> workers = fleet.workers(), before;
    for (int pid : workers)
        before.push_back(sockets_of(pid));
    std::vector<Socket> clients;
    for (int i = 0; i < 400; ++i) {
        clients.push_back(Socket::connect(std::to_string(fleet.port())));
        std::string answer;
        clients.back().write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n", in_seconds(2));
        clients.back().read_some(answer, in_seconds(2));
    }
    std::string each;
    double sum = 0, squares = 0, n = static_cast<double>(workers.size());
    for (size_t i = 0; i < workers.size(); ++i) {
        int count = std::max(0, sockets_of(workers[i]) - before[i]);
        each += (i ? "-" : "") + std::to_string(count);
        sum += count;
        squares += count * count;
    }
    double mean = sum / n;
    say(std::string("400 long connections on 4 workers, ") + mode.name,
        each + " (CV " + number(std::sqrt(std::max(0.0, squares / n - mean * mean)) / mean, 2) +
            ")");
}

void frozen(const Mode& mode)
{
    Fleet fleet;
    if (!begin(fleet, mode, "worker_processes 4;"))
        return;
    int worst = 0;
    for (int pid : fleet.workers()) {
        send(pid, SIGSTOP);
        sleep_seconds(0.7);
        std::vector<Socket> clients;
        for (int i = 0; i < 60; ++i) {
            clients.push_back(Socket::connect(std::to_string(fleet.port())));
            clients.back().write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n", in_seconds(1));
        }
        auto end = in_seconds(1);
        int hang = 0;
        for (Socket& client : clients) {
            std::string answer;
            hang += client.read_some(answer, end) != Io::ok;
        }
        worst = std::max(worst, hang);
        send(pid, SIGCONT);
    }
    say(std::string("of 60 clients hang while one of 4 workers is stopped (worst), ") + mode.name,
        std::to_string(worst));
}

void shortage(const Mode& mode)
{
    Fleet fleet;
    if (!begin(fleet, mode, "worker_processes 1; worker_rlimit_nofile 64;"))
        return;
    std::string name = std::string("out of descriptors, ") + mode.name + ": ";
    int worker = fleet.workers().at(0);
    std::vector<Socket> clients;
    for (int i = 0; i < 300; ++i)
        clients.push_back(Socket::connect(std::to_string(fleet.port())));
    sleep_seconds(1.5);
    size_t lines = count(fleet.log(), "\n");
    double cpu = cpu_seconds(worker), ms = 0;
    auto start = runner::Clock::now();
    std::string answer = ask(fleet, 2, ms);
    sleep_seconds(3);
    double passed = ms_since(start) / 1000;
    say(name + "a new client",
        answer == "hangs" ? answer : answer + " in " + number(ms, 1) + " ms");
    say(name + "CPU of the worker, %", number(100 * (cpu_seconds(worker) - cpu) / passed, 1));
    say(name + "log lines a second",
        number(static_cast<double>(count(fleet.log(), "\n") - lines) / passed, 1));
    clients.clear();
    start = runner::Clock::now();
    while (ask(fleet, 2, ms) != "200" && ms_since(start) < 5000)
        sleep_seconds(0.001);
    say(name + "whole again after, ms", number(ms_since(start), 1));
}

void connections_used_up()
{
    Fleet fleet;
    if (!begin(fleet, modes[1], "worker_processes 1;", "worker_connections 40;"))
        return;
    std::vector<Socket> clients;
    for (int i = 0; i < 60; ++i) {  // each is about to ask, and takes its time
        clients.push_back(Socket::connect(std::to_string(fleet.port())));
        clients.back().write_all("GET / HT", in_seconds(1));
    }
    sleep_seconds(1.2);
    int unanswered = 0;
    double ms = 0;
    for (int i = 0; i < 50; ++i) {
        std::string answer = ask(fleet, 1, ms);
        unanswered += answer != "200" && answer != "503";
    }
    say("worker_connections used up: of 50 new clients get no answer", std::to_string(unanswered));
}

void reloads(const Mode& mode, bool crews)
{
    Fleet fleet;
    if (!begin(fleet, mode, "worker_processes 2;"))
        return;
    Load load(fleet, 3, 6);
    for (int i = 0; i < 50; ++i) {
        if (crews)
            fleet.configure("worker_processes " + std::to_string(i % 2 ? 2 : 4) + ";", "");
        fleet.signal(SIGHUP);
        sleep_seconds(0.2);
    }
    load.end();
    say(std::string("lost in 50 reloads in 10 s under load, ") + mode.name +
            (crews ? ", 2 and 4 workers in turn" : ""),
        std::to_string(load.losses()));
}

void killed()
{
    Fleet fleet;
    if (!begin(fleet, modes[1], "worker_processes 2;"))
        return;
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
        std::vector<int> before = fleet.workers();
        auto start = runner::Clock::now();
        send(before.at(0), SIGKILL);
        eventually([&] {
            std::vector<int> now = fleet.workers();
            return now.size() == 2 && now != before && lives(now[0]) && lives(now[1]) &&
                   std::find(now.begin(), now.end(), before[0]) == now.end();
        });
        best = std::min(best, ms_since(start));
        sleep_seconds(0.2);
    }
    say("a killed worker is replaced after, ms (best of 5)", number(best, 1));
}

void own_include()
{
    Fleet fleet;
    fleet.write("conf/nginx.conf", "include nginx.conf;\n");
    Said said = fleet.run({"-t"});
    say("-t with a configuration that includes itself",
        said.code > 128 ? "dies of signal " + std::to_string(said.code - 128)
                        : "refused, exit " + std::to_string(said.code));
}

void all()
{
    for (const Mode& mode : modes)
        evenness(mode);
    for (const Mode& mode : {modes[0], modes[1]})
        frozen(mode);
    for (const Mode& mode : modes)
        shortage(mode);
    connections_used_up();
    for (const Mode& mode : modes)
        reloads(mode, false);
    for (const Mode& mode : modes)
        reloads(mode, true);
    killed();
    own_include();
}

}  // namespace
}  // namespace sluice::fault

int main(int argc, char** argv)
{
    testing::InitGoogleTest(&argc, argv);  // the harness reports its own failures there
    sluice::fault::all();
    return 0;
}
