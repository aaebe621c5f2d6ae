// SPDX-License-Identifier: Apache-2.0
// The http configuration of one generation as a graph: Main → Server → Location → nested Location.
// Each carries the conf objects of all modules for its level (by Module::index), inherited and
// finished; nothing here changes once workers run. The engine's own settings are conf structs like
// a module's (CoreServer, CoreLocation) and belong to core_module.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/http/location.h"
#include "core/http/regex.h"
#include "core/http/request_parser.h"
#include "core/http/resolver_directive.h"
#include "core/http/server_names.h"
#include "core/http/values.h"
#include "core/http/variables.h"
#include "core/module/module.h"
#include "core/net/listen.h"
#include "core/net/tls.h"
#include "core/net/tls_context.h"
#include "core/zone/zone.h"

namespace sluice::http {

struct Main;
struct Server;
class Service;

// ---- values of the engine's own directives ------------------------------------------------------

struct KeepaliveTimeout {
    ms timeout{75000};
    std::chrono::seconds header{0};  // of the Keep-Alive field; 0: none
};
bool parse(conf::Apply& apply, size_t arg, KeepaliveTimeout& out);

/// client_min_rate: bytes a second that a request body must come at, on average, once it has been
/// waited for as long as `grace`. 0: any.
struct MinRate {
    uint64_t bytes = 0;
    ms grace{5000};
    bool broken(uint64_t received, ms waited) const
    {
        return bytes && waited > grace &&
               received * 1000 < bytes * static_cast<uint64_t>(waited.count());
    }
};
bool parse(conf::Apply& apply, size_t arg, MinRate& out);

struct Buffers {
    size_t count = 0, size = 0;
};
bool parse(conf::Apply& apply, size_t arg, Buffers& out);

struct KeepaliveDisable {
    bool msie6 = true, safari = false;
};
bool parse(conf::Apply& apply, size_t arg, KeepaliveDisable& out);

enum class Tokens : uint8_t { off, on, build };
std::span<const std::pair<std::string_view, Tokens>> enum_names(Tokens*);

enum class Lingering : uint8_t { off, on, always };
std::span<const std::pair<std::string_view, Lingering>> enum_names(Lingering*);

enum class Satisfy : uint8_t { all, any };
std::span<const std::pair<std::string_view, Satisfy>> enum_names(Satisfy*);

struct ErrorPage {
    std::vector<int> statuses;
    int replace = 0;  // `=code`; 0: keep; -1: `=`, whatever the page answers
    Template target;  // URI, @name or http[s]:// URL
};
bool parse(conf::Apply& apply, size_t arg, ErrorPage& out);

/// Extension (lower case) to media type. Shared by all locations that do not write their own.
using MimeTypes = std::unordered_map<std::string, std::string, ViewHash, std::equal_to<>>;

struct CoreServer {
    Setting<Size> client_header_buffer_size{Size{1024}};
    Setting<Buffers> large_client_header_buffers{Buffers{4, 8192}};
    Setting<ms> client_header_timeout{ms{60000}};
    Setting<uint32_t> max_headers{1000};
    Setting<bool> ignore_invalid_headers{true};
    Setting<bool> underscores_in_headers{false};
    Setting<bool> merge_slashes{true};
};

struct CoreLocation {
    Setting<Size> client_max_body_size{Size{1 << 20}};
    Setting<Size> client_body_buffer_size{Size{16384}};
    Setting<ms> client_body_timeout{ms{60000}};
    Setting<MinRate> client_min_rate;
    Setting<std::string> client_body_temp_path{"client_body_temp"};
    Setting<ms> send_timeout{ms{60000}};
    Setting<KeepaliveTimeout> keepalive_timeout;
    Setting<ms> keepalive_min_timeout{ms{0}};
    Setting<KeepaliveDisable> keepalive_disable;
    Setting<uint64_t> keepalive_requests{1000};
    Setting<ms> keepalive_time{ms{3600000}};
    Setting<Lingering> lingering_close{Lingering::on};
    Setting<ms> lingering_time{ms{30000}};
    Setting<ms> lingering_timeout{ms{5000}};
    Setting<bool> reset_timedout_connection{false};
    Setting<bool> sendfile{false};
    Setting<bool> tcp_nodelay{true};
    Setting<bool> tcp_nopush{false};
    Setting<Tokens> server_tokens{Tokens::on};
    Setting<bool> absolute_redirect{true};
    Setting<bool> port_in_redirect{true};
    Setting<bool> server_name_in_redirect{false};
    Setting<bool> chunked_transfer_encoding{true};
    Setting<bool> etag{true};
    Setting<bool> log_not_found{true};
    Setting<bool> log_subrequest{false};
    Setting<bool> recursive_error_pages{false};
    Setting<bool> msie_padding{true};
    Setting<Satisfy> satisfy{Satisfy::all};
    Setting<SizeValue> limit_rate;  // not set: none
    Setting<SizeValue> limit_rate_after;
    Setting<Predicates> early_hints;
    Setting<std::string> default_type{"text/plain"};
    Setting<std::shared_ptr<MimeTypes>> types;
    Setting<std::vector<ErrorPage>> error_page;
    Setting<std::shared_ptr<Log>> error_log;
    ResolverSettings names;
};

// ---- the graph ----------------------------------------------------------------------------------

/// Conf objects of one level, by Module::index; null where a module has none. A level has an object
/// of its own where a directive of the module stands in it; else it shares the outer level's.
class ConfSet
{
public:
    enum Kind : uint8_t { main, server, location };
    enum Level : uint8_t { outermost, inner };
    /// The outermost level has an object of every module.
    explicit ConfSet(Kind kind, Level level);
    ~ConfSet();
    ConfSet(const ConfSet&) = delete;
    /// Of inner levels complete after inherit().
    void* at(size_t module_index) const { return objects_[module_index]; }
    bool owns(size_t module_index) const { return own_[module_index]; }
    /// This level's own object, made when there is none yet.
    void* own(size_t module_index);
    /// Once all directives were applied, from the outermost level inwards.
    void inherit(const ConfSet& outer);

private:
    Kind kind_;
    std::vector<void*> objects_;
    std::vector<bool> own_;
};

/// Phases run in stages: behind the second one the location is found.
enum class Stage : uint8_t { post_read, server_rewrite, rewrite_to_content, log };
constexpr size_t stage_count = 4;
constexpr Stage stage_of(Phase phase)
{
    switch (phase) {
    case Phase::post_read: return Stage::post_read;
    case Phase::server_rewrite: return Stage::server_rewrite;
    case Phase::log: return Stage::log;
    default: return Stage::rewrite_to_content;
    }
}

struct PhaseHandler {
    Phase phase;
    Handler run;
    bool (*active)(const Location&);  // null: everywhere
};

class Location
{
public:
    enum Kind : uint8_t { server_root, prefix, prefix_no_regex, exact, regex, named };

    explicit Location(ConfSet::Level level = ConfSet::inner) : confs(ConfSet::location, level) {}
    template <class C>
    const C& conf(const Module& m) const
    {
        return *static_cast<const C*>(confs.at(m.index));
    }
    /// Makes `handler` the location's content handler; error when it has one: `is duplicate`.
    void set_content(conf::Apply& apply, Handler handler);

    Kind kind = server_root;
    std::string name;  // as written; of regexes the pattern
    Regex pattern;
    NamedGroups groups;          // of the pattern
    bool auto_redirect = false;  // `/dir` is answered 301 to `/dir/`
    bool internal = false;
    Handler content = nullptr;
    LocationTree children;
    ConfSet confs;
    const CoreLocation* core = nullptr;
    const Log* log = nullptr;
    std::shared_ptr<const net::ResolverRules> resolver;  // null: none is written
    Server* server = nullptr;
    Location* parent = nullptr;
    /// Handlers of all phases, flattened, in the order of phases: those that have work here.
    std::vector<std::pair<Phase, Handler>> handlers;
    /// Where each stage's handlers begin; the last one is the end.
    std::array<uint16_t, stage_count + 1> stages{};
};

/// One address that a server listens on, before servers are grouped by address.
struct ListenLine {
    net::ListenSpec spec;
    bool default_server = false;
    bool ssl = false;
    bool options_set = false;  // bind, backlog and their like: only once per address
    conf::Pos pos;
};

class Connection;

/// What a server shows of itself in a full handshake.
class Certifier
{
public:
    virtual ~Certifier() = default;
    /// Gives the session its certificates. False: the handshake fails, and the error log says why.
    virtual bool certify(Connection& c, net::TlsSession& session) = 0;
    /// What is stapled to the one that was chosen (OCSP, DER); empty: nothing.
    virtual std::string_view staple(net::TlsSession& session) = 0;
};

/// TLS towards clients, of a server that has certificates or refuses handshakes (modules/ssl).
struct ServerTls {
    std::shared_ptr<net::TlsContext> context;  // servers with the same settings share one
    std::shared_ptr<Certifier> certifier;      // null: it has no certificate
    std::string session_id;                    // sessions are resumed under the same one only
    bool refuses = false;                      // ssl_reject_handshake
    bool asks_certificate = false;             // ssl_verify_client
    size_t record_limit = 16384;               // ssl_buffer_size
    ms handshake_timeout{0};                   // 0: as client_header_timeout
};

struct Server {
    explicit Server(Main& m) : main(m), confs(ConfSet::server, ConfSet::inner) {}
    Main& main;
    ConfSet confs;
    const CoreServer* core = nullptr;
    Location root;  // the server level's location confs, and the tree
    std::vector<std::unique_ptr<Location>> locations;  // all of them, nested ones too
    std::unordered_map<std::string, Location*, ViewHash, std::equal_to<>> named;
    std::vector<ServerName> names;
    std::string first_name;  // $server_name
    RequestLimits limits;
    std::vector<ListenLine> listens;
    std::unique_ptr<ServerTls> tls;  // null: there is none
};

/// One address:port and the servers that share it.
struct ListenAddress {
    os::Address address;
    std::vector<Server*> servers;
    Server* default_server = nullptr;
    bool explicit_default = false;
    bool ssl = false;
    ServerNames names;
};

/// One listening socket: a wildcard also takes what the specific addresses of its port are for.
struct Listener {
    net::ListenSpec spec;
    std::vector<ListenAddress*> addresses;  // specific ones first, the socket's own last
};

/// What a module looks after besides requests, once a second, where the configuration was read (in
/// the master, as root).
class Chore
{
public:
    virtual ~Chore() = default;
    virtual void tend() = 0;
};

/// What a module runs in each worker besides requests: made when it begins to serve, destroyed when
/// it stops accepting. Null: nothing to do.
using StartEngine = std::shared_ptr<void> (*)(Service&);

struct Main {
    Main()
        : main_confs(ConfSet::main, ConfSet::outermost),
          server_confs(ConfSet::server, ConfSet::outermost),
          root(ConfSet::outermost)
    {
    }
    ConfSet main_confs;
    ConfSet server_confs;
    Location root;  // the http level's location confs
    std::vector<std::unique_ptr<Server>> servers;
    std::vector<std::unique_ptr<ListenAddress>> addresses;
    std::vector<Listener> listeners;
    Variables variables;
    size_t limit_rate_variable = 0;                // its index: `set` may give it a value
    std::vector<PhaseHandler> handlers;            // in module order within a phase
    std::vector<void (*)(Request&)> head_filters;  // from content to client
    std::vector<void (*)(Request&)> trailer_filters;
    std::vector<StartEngine> engines;
    std::vector<std::shared_ptr<Chore>> chores;
    const Log* log = nullptr;  // the main error log; without targets under -t
    std::string prefix;        // where relative paths begin
    std::string full_path(const std::string& path) const
    {
        return path.starts_with('/') ? path : prefix + path;
    }
    std::set<std::string> folders;    // for temporary files, as written; besides client bodies'
    bool foreign_addresses = false;   // connections come from addresses of other machines
    bool present = false;             // there was an http {}
    std::shared_ptr<void> upstreams;  // upstream::Groups: the layer above makes it
    zone::Set zones;                  // by declare_zone() and use_zone(), core/http/zones.h
    /// Where zones are used, to say where one is missing.
    struct ZoneUse {
        const zone::Zone* zone;
        conf::Place place;
    };
    std::vector<ZoneUse> zone_uses;

    template <class C>
    C& conf(const Module& m) const
    {
        return *static_cast<C*>(main_confs.at(m.index));
    }
};

// ---- for modules --------------------------------------------------------------------------------

/// What Module::install gets.
class Install
{
public:
    explicit Install(Main& m) : main(m) {}
    /// `active`: whether it has work in a location whose configuration is complete. Where it has
    /// none it is not called.
    void at(Phase phase, Handler handler, bool (*active)(const Location&) = nullptr)
    {
        main.handlers.push_back({phase, handler, active});
    }
    /// Called with the response's head before it is rendered; content-side filters first.
    void head_filter(void (*filter)(Request&)) { main.head_filters.push_back(filter); }
    /// Called when the body of a chunked response has ended; may add to its trailers.
    void trailer_filter(void (*filter)(Request&)) { main.trailer_filters.push_back(filter); }
    void at_start(StartEngine start) { main.engines.push_back(start); }
    template <class C>
    C& conf(const Module& m)
    {
        return main.conf<C>(m);
    }
    Main& main;
};

/// What Module::finish_* get.
class Finish
{
public:
    Main& main;
    conf::Diagnostics& diag;
    Location* location = nullptr;  // null in finish_main
};

/// While a configuration is read: where a directive stands.
class HttpBlock : public conf::Block
{
public:
    HttpBlock(conf::Where at, conf::Block* outer, Main& m, ConfSet* main_confs,
              ConfSet* server_confs, Location& l, Server* s)
        : Block(at, outer),
          main(m),
          location(l),
          server(s),
          main_confs_(main_confs),
          server_confs_(server_confs)
    {
    }
    void* conf(size_t set_index, const void* tag) override;

    Main& main;
    Location& location;
    Server* server;

private:
    ConfSet* main_confs_;
    ConfSet* server_confs_;
};

/// The block in which a directive of http, server or location stands. (Blocks of other kinds answer
/// their nearest enclosing one.)
HttpBlock& http_block(conf::Apply& apply);

/// All modules, the engine's own first; assigns Module::index.
const std::vector<const Module*>& all_modules();
extern const Module core_module;

}  // namespace sluice::http
