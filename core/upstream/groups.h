// SPDX-License-Identifier: Apache-2.0
// Groups: the upstream groups of one configuration, by name. Forwarding modules ask for a host and
// port; what no `upstream {}` defines becomes an implicit group of that address.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/conf/diag.h"
#include "core/http/config.h"
#include "core/upstream/board.h"
#include "core/upstream/group.h"
#include "core/upstream/secure.h"

namespace sluice::upstream {

class Groups
{
public:
    /// Those of this configuration; made on first use.
    static Groups& of(http::Main& main);
    static Groups& of(const http::Main& main) { return of(const_cast<http::Main&>(main)); }

    /// `place`: "FILE:LINE", for hints. Null when the name is taken.
    Group* define(const std::string& name, std::string place = {});
    /// For an address that leads nowhere: `did you mean upstream "x" (declared at FILE:LINE)?` when
    /// the name of a defined one is an edit or two away, else "".
    std::string hint_for(std::string_view address) const;
    /// An `upstream {}` by name, or null.
    Group* find(std::string_view name) const;
    std::vector<Group*> defined();
    /// Those that an `upstream {}` defined, by name.
    std::vector<const Group*> all() const;

    /// The implicit group of an address: "host", "host:port", "unix:/path", as the location that
    /// is finished resolves it. Names are resolved now (start-up); one that does not is a warning,
    /// not an error.
    Group& implicit(std::string_view address, uint16_t default_port, http::Finish& finish,
                    conf::Pos pos);
    /// The same while serving (addresses in variables): never blocks, its name is asked for when it
    /// is used. Null when it is no address. At most `max_dynamic` are remembered: then the one that
    /// was used longest ago goes; null, too, when all are in use.
    Group* dynamic(std::string_view address, uint16_t default_port,
                   const std::shared_ptr<const net::ResolverRules>& resolver);

    /// One for each `shape`: what says the same shares connections, sessions and memory. `fresh`:
    /// it was made just now, and is to be filled.
    std::shared_ptr<Secure> secure(const std::string& shape, bool& fresh);

    /// Where a location forwards to: modules whose directives stand beside proxy_pass ask for it,
    /// in finish_location, after the forwarding module.
    struct Bound {
        Group* group;
        bool http;                       // else another protocol is spoken there
        std::shared_ptr<Secure> secure;  // null: not over TLS
        std::string tls_name;
    };
    void bind(const http::Location& location, Bound bound);
    /// Null: nowhere, or the request says where.
    const Bound* of_location(const http::Location& location) const;

    /// By the master, when the configuration is complete: memory that workers share, in which
    /// peers keep what the running configuration's know. "" or why not.
    std::string open(const Groups* running);
    /// By a worker, before begin(): where it counts what becomes of names, and logs it.
    void count_names(net::ResolverCounts& counts, const Log& log);
    /// By a worker, before it serves: its line of the scoreboard.
    void begin(size_t line, int pid);
    /// By the master: this process has ended.
    void forget(int pid) { board_.forget(pid); }
    const Board& board() const { return board_; }
    /// A name has been asked for.
    bool has_resolvers() const { return !resolvers_.empty(); }

private:
    static std::string key_of(std::string_view address, uint16_t default_port,
                              const net::ResolverRules* resolver);
    bool make_room();
    static constexpr size_t max_dynamic = 1000;
    Board board_;  // outlives the groups: idle connections that end are counted there
    std::map<std::string, std::shared_ptr<Secure>> secure_;  // outlives the groups' connections
    net::Resolvers resolvers_;                               // outlive the groups, which ask them
    Log no_log_;
    const Log* log_ = &no_log_;
    std::map<std::string, std::unique_ptr<Group>, std::less<>> defined_, implicit_, dynamic_;
    std::map<std::string, std::string, std::less<>> places_;  // of those that are defined
    std::unordered_map<const http::Location*, Bound> bound_;
    bool serving_ = false;
};

/// "host:port" in its parts; false when the port is none. Unix paths are host, with port 0.
bool split_host_port(std::string_view address, uint16_t default_port, std::string& host,
                     uint16_t& port);

}  // namespace sluice::upstream
