// SPDX-License-Identifier: Apache-2.0
#include "core/http/service.h"

#include <sys/epoll.h>

#include <cerrno>
#include <set>

#include "core/http/core_blocks.h"
#include "core/os/process.h"
#include "core/os/socket.h"

namespace sluice::http {
namespace {

constexpr ms accept_pause{500};    // after running out of descriptors or memory
constexpr int accept_budget = 64;  // connections taken per wake-up with multi_accept

}  // namespace

// A listener's watch. Level-triggered and exclusive: one worker wakes per connection.
class Service::Acceptor : public event::Watch, public event::Timer
{
public:
    Acceptor(Service& s, const Listener& l, std::shared_ptr<net::ListenSocket> socket)
        : service_(s), listener_(l), socket_(std::move(socket))
    {
    }
    /// The socket stays the process layer's: what is registered is a duplicate, closed with the
    /// watch.
    bool begin()
    {
        os::Fd fd = os::duplicate(socket_->fd.get());
        return fd && open(std::move(fd), EPOLLIN | EPOLLEXCLUSIVE) == none;
    }
    void end()
    {
        cancel();
        close();
    }
    /// Takes the listener out of epoll for a while: it would report what cannot be taken at once,
    /// for ever.
    void pause()
    {
        close();
        event::Loop::current().timers().add(*this, Clock::in(accept_pause));
    }

private:
    void on_events(uint32_t) override { service_.accept(*this, socket_->fd.get(), listener_); }
    void expired() override { begin(); }

    Service& service_;
    const Listener& listener_;
    std::shared_ptr<net::ListenSocket> socket_;
};

Service::Service() : main_(std::make_unique<Main>())
{
    define_core_variables(main_->variables);
}

Service::~Service() = default;

std::vector<conf::DirectiveSet> Service::directives()
{
    std::vector<conf::DirectiveSet> sets;
    for (const Module* m : all_modules())
        sets.push_back({m->name, m->directives});
    return sets;
}

void* Service::main_conf(const void* tag)
{
    static HttpRoot root;
    root.main = main_.get();
    return tag == conf::tag_of<HttpRoot>() ? &root : nullptr;
}

void Service::finish(conf::Diagnostics& diag, const Log& log, const std::string& prefix)
{
    main_->log = &log;
    main_->prefix = prefix;
    if (main_->present)
        finish_main(*main_, diag);
}

std::vector<net::ListenSpec> Service::listens() const
{
    std::vector<net::ListenSpec> specs;
    for (const Listener& l : main_->listeners)
        specs.push_back(l.spec);
    return specs;
}

std::vector<std::string> Service::directories() const
{
    std::set<std::string> paths;
    for (const auto& server : main_->servers) {
        paths.insert(main_->full_path(*server->root.core->client_body_temp_path));
        for (const auto& location : server->locations)
            paths.insert(main_->full_path(*location->core->client_body_temp_path));
    }
    return {paths.begin(), paths.end()};
}

void Service::start(const net::ListenSockets& sockets, const Post& post,
                    std::function<void()> drained)
{
    scoreboard_ = &post.scoreboard;
    line_ = &post.line;
    max_connections = post.worker_connections;
    multi_accept_ = post.multi_accept;
    drained_ = std::move(drained);
    for (size_t i = 0; i < main_->listeners.size(); ++i) {
        acceptors_.push_back(std::make_unique<Acceptor>(*this, main_->listeners[i], sockets[i]));
        if (!acceptors_.back()->begin())
            (*main_->log)(Level::alert, "epoll_ctl() of listening {} failed {}",
                          main_->listeners[i].spec.text, errno_text(errno));
    }
    started_ = true;
}

Task<void> Service::live(Service& self, std::unique_ptr<Connection> c)
{
    live_.push_back(*c);
    co_await c->serve(*c);
    c->unlink();
    check_drained();
}

void Service::accept(Acceptor& acceptor, int fd, const Listener& listener)
{
    for (int i = 0; i < (multi_accept_ ? accept_budget : 1); ++i) {
        os::Address peer;
        int error = 0;
        os::Fd socket = os::accept(fd, peer, error);
        if (error == EAGAIN)
            return;
        if (error == ECONNABORTED)
            continue;
        if (error) {
            bool exhausted =
                error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
            (*main_->log)(exhausted ? Level::crit : Level::alert, "accept4() failed {}",
                          errno_text(error));
            if (exhausted && !shed_idle())
                return acceptor.pause();
            return;
        }
        ++counters().accepted;
        if (connections_in_use >= max_connections && !shed_idle()) {
            (*main_->log)(Level::alert, "{} worker_connections are not enough", max_connections);
            continue;  // the socket closes
        }
        auto c = std::make_unique<Connection>(*this, listener, std::move(peer), next_number_++);
        if (c->stream.watch().open(std::move(socket), event::Watch::duplex()) !=
            event::Watch::none) {
            (*main_->log)(Level::alert, "{} worker_connections are not enough", max_connections);
            continue;
        }
        ++counters().handled;
        event::CancelScope* cancel = &c->cancel;
        scope_.start(live(*this, std::move(c)), cancel);
    }
}

bool Service::shed_idle()
{
    bool shed = false;
    live_.each([&](Connection& c) {
        if (!shed && c.idle && c.requests > 0) {
            shed = true;
            c.cancel.ask();
        }
    });
    return shed;
}

void Service::quit()
{
    if (quitting_)
        return;
    quitting_ = true;
    for (auto& acceptor : acceptors_)
        acceptor->end();
    live_.each([](Connection& c) { c.nudge(); });
    check_drained();
}

void Service::check_drained()
{
    if (quitting_ && live_.empty() && drained_)
        std::exchange(drained_, nullptr)();
}

std::string Service::remaining() const
{
    return live_.empty()
               ? std::string()
               : fmt::format("{} connections are still open", line_->connections.active.get());
}

}  // namespace sluice::http
