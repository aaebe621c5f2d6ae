// SPDX-License-Identifier: Apache-2.0
// A payload for tests of the process layer. Directives at main level: `test_listen PORT|unix:PATH;`
// (many), `test_answer TEXT;`, `test_directory PATH;` for temporary files. A connection sends one
// line: "answer" gets TEXT, "pid" the worker's pid, "env X" the variable, "uid" the user, "hold"
// TEXT after a second line (that is something in flight), "heap" the bytes that are allocated,
// "stick" holds the loop for ever, "crash" kills the worker.
#pragma once

#include <malloc.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/conf/values.h"
#include "core/os/process.h"
#include "core/os/sys.h"
#include "core/process/payload.h"

// Of the address sanitizer, where it is built in.
extern "C" __attribute__((weak)) size_t __sanitizer_get_current_allocated_bytes();

namespace sluice::process {

inline size_t heap_in_use()
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    return ::mallinfo2().uordblks;
}

struct TestConf {
    std::vector<net::ListenSpec> listens;
    conf::Setting<std::string> answer{"none"};
    conf::Setting<bool> die_at_start{false};
    conf::Setting<std::string> directory;
};

inline void add_test_listen(conf::Apply& apply, TestConf& conf)
{
    net::ListenSpec spec;
    const std::string& text = apply.arg(0);
    bool good = text.starts_with("unix:")
                    ? os::Address::from_unix(text.substr(5), spec.address)
                    : os::Address::from_literal(
                          "127.0.0.1", static_cast<uint16_t>(atoi(text.c_str())), spec.address);
    if (!good)
        return apply.fail_directive("invalid value");
    spec.text = spec.address.text();
    conf.listens.push_back(std::move(spec));
}

inline constexpr conf::Directive test_rows[] = {
    {"test_listen", conf::in_main, 1, 1, conf::call<add_test_listen>},
    {"test_answer", conf::in_main, 1, 1, conf::store<&TestConf::answer>},
    {"test_die_at_start", conf::in_main, 1, 1, conf::store<&TestConf::die_at_start>},
    {"test_directory", conf::in_main, 1, 1, conf::store<&TestConf::directory>},
};

class TestPayload final : public Payload
{
public:
    std::vector<conf::DirectiveSet> directives() override { return {{"test", test_rows}}; }
    void* main_conf(size_t, const void*) override { return &conf_; }
    void finish(conf::Diagnostics&, const Log& log, const std::string&) override { log_ = &log; }
    std::vector<net::ListenSpec> listens() override { return conf_.listens; }
    std::vector<std::string> directories() override
    {
        if (!conf_.directory.is_set())
            return {};
        return {*conf_.directory};
    }
    void start(event::Loop&, const net::ListenSockets& sockets, const Station&,
               std::function<void()> drained) override
    {
        if (*conf_.die_at_start)
            ::_exit(3);
        drained_ = std::move(drained);
        for (const net::ListenSet& set : sockets) {
            listeners_.push_back(std::make_unique<Listener>(*this));
            int fd = set.sockets.front()->fd.get();
            (void)listeners_.back()->open(os::duplicate(fd), EPOLLIN);
        }
    }
    void quit() override
    {
        quitting_ = true;
        listeners_.clear();
        check();
    }
    void flush() override {}
    std::string remaining() override { return std::to_string(connections_.size()) + " held"; }

private:
    struct Connection final : event::Watch {
        explicit Connection(TestPayload& payload) : of(payload) {}
        TestPayload& of;
        std::string line;
        bool held = false;

        void on_events(uint32_t) override
        {
            char buffer[256];
            os::Io io = os::recv(fd(), buffer, sizeof buffer);
            if (io.again())
                return;
            if (io.n <= 0)
                return of.end(*this);
            line.append(buffer, static_cast<size_t>(io.n));
            if (line.empty() || line.back() != '\n')
                return;
            line.pop_back();
            if (!held && line == "hold") {
                held = true;
                line.clear();
                return;
            }
            std::string out = held ? *of.conf_.answer : of.answer(line);
            (void)::send(fd(), out.data(), out.size(), MSG_NOSIGNAL);
            of.end(*this);
        }
    };
    struct Listener final : event::Watch {
        explicit Listener(TestPayload& payload) : of(payload) {}
        TestPayload& of;

        void on_events(uint32_t) override
        {
            os::Address peer;
            int error = 0;
            os::Fd fd = os::accept(this->fd(), peer, error);
            if (!fd)
                return;
            auto c = std::make_unique<Connection>(of);
            if (c->open(std::move(fd), EPOLLIN) == none)
                of.connections_.insert(std::move(c));
        }
    };

    std::string answer(const std::string& line)
    {
        if (line == "answer")
            return *conf_.answer;
        if (line == "pid")
            return std::to_string(::getpid());
        if (line == "uid")
            return std::to_string(::getuid());
        if (line.starts_with("env ")) {
            const char* value = ::getenv(line.substr(4).c_str());
            return value ? value : "unset";
        }
        if (line == "heap")
            return std::to_string(heap_in_use());
        if (line == "stick")
            for (volatile bool forever = true; forever;)
                ;
        if (line == "crash")
            ::kill(::getpid(), SIGKILL);
        return "?";
    }
    void end(Connection& c)
    {
        for (auto at = connections_.begin(); at != connections_.end(); ++at)
            if (at->get() == &c) {
                connections_.erase(at);
                break;
            }
        check();
    }
    void check()
    {
        if (quitting_ && connections_.empty() && drained_)
            std::exchange(drained_, nullptr)();
    }

    TestConf conf_;
    const Log* log_ = nullptr;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::set<std::unique_ptr<Connection>> connections_;
    std::function<void()> drained_;
    bool quitting_ = false;
};

inline int run_test_program(int argc, char** argv)
{
    return run_program(
        argc, argv, [] { return std::make_unique<TestPayload>(); }, "--with-test_module");
}

}  // namespace sluice::process
