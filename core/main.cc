// SPDX-License-Identifier: Apache-2.0
// The program: the process layer serving http.
#include "core/base/log_files.h"
#include "core/http/service.h"
#include "core/process/payload.h"
#include "core/upstream/groups.h"

namespace sluice {
namespace {

class HttpPayload final : public process::Payload
{
public:
    std::vector<conf::DirectiveSet> directives() override { return service_.directives(); }
    void* main_conf(size_t, const void* tag) override { return service_.main_conf(tag); }
    void finish(conf::Diagnostics& diag, const Log& log, const std::string& prefix) override
    {
        service_.finish(diag, log, prefix);
    }
    void check_names(conf::Diagnostics& diag) override { service_.check_names(diag); }
    std::vector<net::ListenSpec> listens() override { return service_.listens(); }
    std::vector<std::string> directories() override { return service_.directories(); }
    zone::Set* zones() override { return &service_.main().zones; }
    std::string share(const Payload* running) override
    {
        auto* before = static_cast<const HttpPayload*>(running);
        return groups().open(before ? &before->groups() : nullptr);
    }
    bool tend() override { return service_.tend(); }
    void forget(int pid) override { groups().forget(pid); }
    void start(event::Loop&, const net::ListenSockets& sockets, const process::Station& station,
               std::function<void()> drained) override
    {
        groups().count_names(station.post.line.names, *service_.main().log);
        groups().begin(station.post.scoreboard.index_of(station.post.line), os::process_id());
        service_.start(sockets, station.post, station.room, std::move(drained));
    }
    void quit() override { service_.quit(); }
    void flush() override { BufferedLog::flush_all(); }
    bool foreign_addresses() override { return service_.main().foreign_addresses; }
    std::string remaining() override { return service_.remaining(); }
    size_t say_farewell() override { return service_.say_farewell(); }

private:
    upstream::Groups& groups() const { return upstream::Groups::of(service_.main()); }

    http::Service service_;
};

std::string built_in()
{
    std::string words;
    for (const Module* m : built_in_modules())
        words += fmt::format("{}--with-http_{}_module", words.empty() ? "" : " ", m->name);
    return words;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv)
{
    using namespace sluice;
    return process::run_program(
        argc, argv, [] { return std::make_unique<HttpPayload>(); }, built_in());
}
