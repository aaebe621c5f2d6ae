// SPDX-License-Identifier: Apache-2.0
#include "core/process/listeners.h"

#include <fmt/format.h>

#include <cerrno>

#include "core/os/output.h"
#include "core/os/process.h"
#include "core/os/signals.h"
#include "core/os/sys.h"
#include "core/process/verdict.h"

namespace sluice::process {
namespace {

struct {
    int owner = 0, predecessor = 0;
} socket_files;

bool owns_socket_files()
{
    return os::process_id() == socket_files.owner &&
           (socket_files.predecessor == 0 || os::parent_id() != socket_files.predecessor);
}

std::shared_ptr<net::ListenSocket> hold(net::ListenSpec spec, os::Fd fd)
{
    auto drop = [](net::ListenSocket* socket) {
        bool remove = socket->fd && socket->spec.address.is_unix() && owns_socket_files();
        std::string path = remove ? socket->spec.address.text().substr(5) : std::string();
        delete socket;
        if (remove)
            os::remove_file(path);
    };
    return {new net::ListenSocket{std::move(spec), std::move(fd)}, drop};
}

std::string listen_error(const os::ListenError& e, const net::ListenSpec& spec)
{
    std::string_view step = e.step;
    std::string_view to = step == "bind()" || step == "listen()" ? "to " : "";
    std::string backlog =
        step == "listen()" ? fmt::format(", backlog {}", spec.options.backlog) : "";
    return fmt::format("{} {}{}{} failed {}{}", step, to, spec.text, backlog, errno_text(e.error),
                       spec.where);
}

size_t sockets_of(const net::ListenSpec& spec, const ListenNeeds& needs)
{
    return spec.mode == net::AcceptMode::reuseport ? needs.workers : 1;
}

void take_over(const net::ListenSet& old, const ListenNeeds& needs, net::ListenSet& set)
{
    size_t n = sockets_of(set.spec, needs);
    // Those that are leaving, too. One that closed while all are chosen from would take clients
    // with it; and the last of the group moves into its place, where it must not change the first.
    for (const auto* sockets : {&old.sockets, &old.leaving})
        for (const auto& socket : *sockets)
            (set.sockets.size() < n ? set.sockets : set.leaving).push_back(socket);
    if (n > 1 && old.spec.mode != net::AcceptMode::reuseport)
        for (const auto& socket : set.sockets)
            os::share_port(socket->fd.get());
}

void take_inherited(Inherited& inherited, const ListenNeeds& needs, net::ListenSet& set)
{
    size_t n = sockets_of(set.spec, needs);
    while (os::Fd fd = inherited.take(set.spec.address)) {
        auto& sockets = set.sockets.size() < n ? set.sockets : set.leaving;
        sockets.push_back(hold(set.spec, std::move(fd)));
        sockets.back()->inherited = true;
    }
    if (n > 1)
        for (const auto& socket : set.sockets)
            os::share_port(socket->fd.get());
}

// Opens what is missing. EADDRINUSE: somebody else has an address, which may pass.
int open_missing(const ListenNeeds& needs, net::ListenSet& set, bool running, Report& report)
{
    while (set.sockets.size() < sockets_of(set.spec, needs)) {
        os::ListenOptions options = set.spec.options;
        if (needs.test)
            options.reuseport = false;  // or connections would come to the test
        // Beside a crew that serves, a further socket of an address begins to listen when there is
        // somebody to accept from it: adopt_listeners().
        options.bind_only = running && !set.sockets.empty();
        Result<os::Fd, os::ListenError> fd = os::listen(set.spec.address, options);
        if (fd) {
            set.sockets.push_back(hold(set.spec, std::move(*fd)));
            continue;
        }
        bool in_use = fd.error().error == EADDRINUSE;
        if (needs.test && (in_use || !set.sockets.empty()))
            return 0;
        report(Level::emerg, listen_error(fd.error(), set.spec));
        return fd.error().error;
    }
    return 0;
}

// Who has the address: most often ourselves, started twice.
std::string who_has_it(const std::string& pid_path)
{
    int master = master_in(pid_path);
    if (master != 0 && master != os::process_id())
        return fmt::format(
            "  already running as pid {} (\"{}\"): use -s reload, or -s quit and start again\n",
            master, pid_path);
    return "  another program listens there (ss -ltnp shows which): stop it, or change "
           "\"listen\"\n";
}

}  // namespace

void own_sockets(int predecessor)
{
    socket_files = {os::process_id(), predecessor};
}

void disown_sockets()
{
    socket_files = {};
}

void take_over_listeners(const ListenNeeds& needs, const net::ListenSockets* running,
                         Inherited* inherited, net::ListenSockets& sockets)
{
    if (!running)
        own_sockets(inherited ? inherited->predecessor() : 0);
    sockets.clear();
    for (const net::ListenSpec& spec : needs.specs) {
        net::ListenSet& set = sockets.emplace_back();
        set.spec = spec;
        for (size_t i = 0; running && i < running->size(); ++i)
            if ((*running)[i].spec.address == spec.address)
                take_over((*running)[i], needs, set);
        if (inherited)
            take_inherited(*inherited, needs, set);
    }
}

Listening open_listeners(const ListenNeeds& needs, bool beside, net::ListenSockets& sockets,
                         Report& report)
{
    Listening all = Listening::good;
    for (net::ListenSet& set : sockets) {
        int error = open_missing(needs, set, beside, report);
        if (error && error != EADDRINUSE)
            return Listening::failed;
        if (error)
            all = Listening::in_use;
    }
    if (needs.test)
        sockets.clear();
    return all;
}

bool BindTries::another(Report& report, const std::string& pid_path)
{
    if (--left_ == 0) {
        report(Level::emerg, "still could not bind()", who_has_it(pid_path));
        return false;
    }
    report(Level::notice, fmt::format("try again to bind() after {}ms", pause.count()));
    return true;
}

void adopt_listeners(net::ListenSockets& sockets, const Log& log)
{
    for (net::ListenSet& set : sockets) {
        for (const auto& socket : set.sockets) {
            os::update_listener(socket->fd.get(), set.spec.options);
            if (!os::is_listening(socket->fd.get()))
                log(Level::alert, "listen() on {} failed", set.spec.text);
        }
        if (set.spec.mode != net::AcceptMode::reuseport && set.leaving.empty())
            continue;
        auto kept = static_cast<unsigned>(set.leaving.empty() ? 0 : set.sockets.size());
        if (!os::choose_first(set.sockets.front()->fd.get(), kept) && kept)
            log(Level::warn,
                "{}: the kernel cannot keep new clients away from sockets of workers that go; "
                "clients that come within the next seconds may be reset",
                set.spec.text);
    }
}

void close_leaving(net::ListenSockets& sockets)
{
    for (net::ListenSet& set : sockets) {
        for (const auto& socket : set.leaving)
            if (socket.use_count() == 1 && !socket->inherited && owns_socket_files())
                os::stop_listening(socket->fd.get());
        set.leaving.clear();
    }
}

}  // namespace sluice::process
