// SPDX-License-Identifier: Apache-2.0
#include "core/http/service.h"

#include <cerrno>
#include <set>

#include "core/files/open_files.h"
#include "core/http/core_blocks.h"

namespace sluice::http {
namespace {

constexpr int retry_after = 1;  // seconds; descriptors come free as requests end

// What a client gets for whom there is no room. Without a Date: it is made once.
constexpr std::string_view refusal_page =
    "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
    "<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n<hr><center>sluice</center>"
    "\r\n</body>\r\n</html>\r\n";

}  // namespace

Service::Service() : main_(std::make_unique<Main>())
{
    define_core_variables(main_->variables);
    refusal_ = fmt::format(
        "HTTP/1.1 503 Service Temporarily Unavailable\r\nServer: sluice\r\n"
        "Content-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n"
        "Retry-After: {}\r\n\r\n{}",
        refusal_page.size(), retry_after, refusal_page);
}

Service::~Service()
{
    engines_.clear();
    scope_.drop();
    live_.each([](Connection& c) { delete &c; });
}

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

void Service::check_names(conf::Diagnostics& diag)
{
    if (main_->present)
        http::check_names(*main_, diag);
}

bool Service::tend()
{
    for (const auto& chore : main_->chores)
        chore->tend();
    return !main_->chores.empty();
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
    for (const std::string& folder : main_->folders)
        paths.insert(main_->full_path(folder));
    for (const auto& server : main_->servers) {
        paths.insert(main_->full_path(*server->root.core->client_body_temp_path));
        for (const auto& location : server->locations)
            paths.insert(main_->full_path(*location->core->client_body_temp_path));
    }
    return {paths.begin(), paths.end()};
}

void Service::start(const net::ListenSockets& sockets, const net::Post& post, net::Room& room,
                    std::function<void()> drained)
{
    scoreboard_ = &post.scoreboard;
    pid_ = os::process_id();
    line_ = &post.line;
    room_ = &room;
    drained_ = std::move(drained);
    room.spare_from(&files::give_up_one);
    acceptors_ = std::make_unique<net::Acceptors>(post, room, *main_->log, *this);
    for (const net::ListenSet& set : sockets)
        acceptors_->add(set);
    for (StartEngine make : main_->engines)
        engines_.push_back(make(*this));
}

void Service::accepted(os::Fd client, os::Address peer, size_t listener)
{
    auto owner =
        std::make_unique<Connection>(*this, main_->listeners[listener], peer, next_number_++);
    Connection& c = *owner;
    if (c.stream.watch().open_unregistered(std::move(client)) != event::Watch::none) {
        (*main_->log)(Level::alert, "no slot in the event loop for a client");
        return;
    }
    ++counters().handled;
    live_.push_back(c);
    fresh_.push_back(owner.release());
    event::Loop::current().at_turn_end(*this);
}

// Those who came in this turn are served behind all who wait for something: what ended in the same
// turn (a client that left) has made room by then, and first bytes have had time to come.
void Service::turn_ended()
{
    for (size_t i = 0; i < fresh_.size(); ++i)  // more may come meanwhile
        fresh_[i]->begin();
    fresh_.clear();  // keeps its room
}

net::AcceptSink::Refusal Service::refusal(size_t listener)
{
    for (const ListenAddress* address : main_->listeners[listener].addresses)
        if (address->ssl)
            return {};  // an answer would cost a handshake
    size_t head = refusal_.size() - refusal_page.size();
    return {refusal_, head};
}

void Service::quit()
{
    if (quitting_)
        return;
    quitting_ = true;
    acceptors_->end();
    engines_.clear();
    files::clear_all();
    live_.each([](Connection& c) { c.nudge(); });
    check_drained();
}

void Service::end(Connection& c)
{
    delete &c;
    check_drained();
}

void Service::check_drained()
{
    if (quitting_ && live_.empty() && drained_)
        std::exchange(drained_, nullptr)();
}

}  // namespace sluice::http
