// SPDX-License-Identifier: Apache-2.0
// The figures of the fault tests, as numbers: one "NAME<tab>VALUE" line each.
//     fault_figures [sluice|nginx|haproxy]
// measures that program in the same way; what it has no counterpart of is left out. t/fault/run
// puts the columns side by side.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "subject.h"

namespace sluice::fault {
namespace {

using runner::Io;
using runner::Socket;

std::string program = "sluice";

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

// Starts the program in this mode. Null when it has none such, or (and said) does not start.
std::unique_ptr<Subject> begin(AcceptMode mode, const Size& size)
{
    std::unique_ptr<Subject> subject = make_subject(program);
    if (!subject->has(mode))
        return nullptr;
    subject->configure(mode, size);
    if (!subject->start()) {
        std::fprintf(stderr, "figures: it did not start: %s\n", subject->said().c_str());
        return nullptr;
    }
    sleep_seconds(0.5);
    return subject;
}

// One request on a connection of its own: the status, or why there is none; its time in ms.
std::string ask(int port, double seconds, double& ms)
{
    auto start = runner::Clock::now();
    Socket socket = Socket::connect(std::to_string(port));
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

void evenness(AcceptMode mode)
{
    auto subject = begin(mode, {.workers = 4});
    if (!subject)
        return;
    std::vector<int> before = subject->shares();
    std::vector<Socket> clients;
    for (int i = 0; i < 400; ++i) {
        clients.push_back(Socket::connect(std::to_string(subject->port())));
        std::string answer;
        clients.back().write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n", in_seconds(2));
        clients.back().read_some(answer, in_seconds(2));
    }
    std::vector<int> after = subject->shares();
    std::string each;
    double sum = 0, squares = 0, n = static_cast<double>(after.size());
    for (size_t i = 0; i < after.size() && i < before.size(); ++i) {
        int count = std::max(0, after[i] - before[i]);
        each += (i ? "-" : "") + std::to_string(count);
        sum += count;
        squares += count * count;
    }
    double mean = sum / n;
    say("400 long connections on 4 workers, " + name_of(mode),
        each + " (CV " + number(std::sqrt(std::max(0.0, squares / n - mean * mean)) / mean, 2) +
            ")");
}

void frozen(AcceptMode mode)
{
    auto subject = begin(mode, {.workers = 4});
    if (!subject || !subject->has_worker_processes())
        return;
    int worst = 0;
    for (int pid : subject->workers()) {
        send(pid, SIGSTOP);
        sleep_seconds(0.7);
        std::vector<Socket> clients;
        for (int i = 0; i < 60; ++i) {
            clients.push_back(Socket::connect(std::to_string(subject->port())));
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
    say("of 60 clients hang while one of 4 workers is stopped (worst), " + name_of(mode),
        std::to_string(worst));
}

void shortage(AcceptMode mode)
{
    auto subject = begin(mode, {.descriptors = 64});
    if (!subject)
        return;
    std::string name = "out of descriptors, " + name_of(mode) + ": ";
    int worker = subject->workers().at(0);
    std::vector<Socket> clients;
    for (int i = 0; i < 300; ++i)
        clients.push_back(Socket::connect(std::to_string(subject->port())));
    sleep_seconds(1.5);
    size_t lines = count(subject->log(), "\n");
    double cpu = cpu_seconds(worker), ms = 0;
    auto start = runner::Clock::now();
    std::string answer = ask(subject->port(), 2, ms);
    sleep_seconds(3);
    double passed = ms_since(start) / 1000;
    say(name + "a new client",
        answer == "hangs" ? answer : answer + " in " + number(ms, 1) + " ms");
    say(name + "CPU of the worker, %", number(100 * (cpu_seconds(worker) - cpu) / passed, 1));
    say(name + "log lines a second",
        number(static_cast<double>(count(subject->log(), "\n") - lines) / passed, 1));
    clients.clear();
    start = runner::Clock::now();
    while (ask(subject->port(), 2, ms) != "200" && ms_since(start) < 5000)
        sleep_seconds(0.001);
    say(name + "whole again after, ms", number(ms_since(start), 1));
}

void connections_used_up()
{
    auto subject = begin(AcceptMode::exclusive, {.connections = 40});
    if (!subject)
        return;
    std::vector<Socket> clients;
    for (int i = 0; i < 60; ++i) {  // each is about to ask, and takes its time
        clients.push_back(Socket::connect(std::to_string(subject->port())));
        clients.back().write_all("GET / HT", in_seconds(1));
    }
    sleep_seconds(1.2);
    int unanswered = 0;
    double ms = 0;
    for (int i = 0; i < 50; ++i) {
        std::string answer = ask(subject->port(), 1, ms);
        unanswered += answer != "200" && answer != "503";
    }
    say("worker_connections used up: of 50 new clients get no answer", std::to_string(unanswered));
}

void reloads(AcceptMode mode, bool crews)
{
    auto subject = begin(mode, {.workers = 2});
    if (!subject)
        return;
    Load load(subject->port(), 3, 6);
    for (int i = 0; i < 50; ++i) {
        if (crews)
            subject->configure(mode, {.workers = i % 2 ? 2 : 4});
        subject->reload();
        sleep_seconds(0.2);
    }
    load.end();
    say("lost in 50 reloads in 10 s under load, " + name_of(mode) +
            (crews ? ", 2 and 4 workers in turn" : ""),
        std::to_string(load.losses()));
}

void killed()
{
    auto subject = begin(AcceptMode::exclusive, {.workers = 2});
    if (!subject)
        return;
    double best = 1e9;
    const char* name = "a killed worker is replaced after, ms (best of 5)";
    for (int i = 0; i < 5; ++i) {
        std::vector<int> before = subject->workers();
        if (before.empty())
            return say(name, "never: the master ends, too");
        auto start = runner::Clock::now();
        send(before.at(0), SIGKILL);
        bool replaced = eventually(
            [&] {
                std::vector<int> now = subject->workers();
                return now.size() == before.size() && now != before &&
                       std::all_of(now.begin(), now.end(), lives) &&
                       std::find(now.begin(), now.end(), before[0]) == now.end();
            },
            5);
        if (!replaced)
            return say(name, "never: the master ends, too");
        best = std::min(best, ms_since(start));
        sleep_seconds(0.2);
    }
    say(name, number(best, 1));
}

long resident_kb(int pid)
{
    std::string status = proc_file(pid, "status");
    size_t at = status.find("VmRSS:");
    return at == std::string::npos ? 0 : std::atol(status.c_str() + at + 6);
}

void idle_memory()
{
    constexpr int n = 9000;  // each is a descriptor of ours, too
    auto subject = begin(AcceptMode::exclusive, {.connections = 12000});
    if (!subject)
        return;
    std::vector<Socket> clients;
    std::string answer;
    for (int i = 0; i < n; ++i) {
        clients.push_back(Socket::connect(std::to_string(subject->port())));
        clients.back().write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n", in_seconds(2));
        answer.clear();
        if (clients.back().read_some(answer, in_seconds(2)) != Io::ok)
            return;
    }
    say("memory of a worker with 9,000 idle connections, MB",
        number(static_cast<double>(resident_kb(subject->workers().at(0))) / 1024, 1));
}

void own_include()
{
    std::unique_ptr<Subject> subject = make_subject(program);
    if (!subject->includes_files())
        return;
    int code = subject->test_own_include();
    say("-t with a configuration that includes itself",
        code > 128 ? "dies of signal " + std::to_string(code - 128)
                   : "refused, exit " + std::to_string(code));
}

void all()
{
    for (AcceptMode mode : accept_modes)
        evenness(mode);
    for (AcceptMode mode : accept_modes)
        frozen(mode);
    for (AcceptMode mode : accept_modes)
        shortage(mode);
    connections_used_up();
    for (AcceptMode mode : accept_modes)
        reloads(mode, false);
    for (AcceptMode mode : accept_modes)
        reloads(mode, true);
    killed();
    idle_memory();
    own_include();
}

}  // namespace
}  // namespace sluice::fault

int main(int argc, char** argv)
{
    testing::InitGoogleTest(&argc, argv);  // the harness reports its own failures there
    if (argc > 1)
        sluice::fault::program = argv[1];
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (!sluice::fault::make_subject(sluice::fault::program)) {
        std::fprintf(stderr, "fault_figures: what is %s?\n", sluice::fault::program.c_str());
        return 2;
    }
    sluice::fault::all();
    return 0;
}
