// SPDX-License-Identifier: Apache-2.0
// The module contract. A module is one `const Module module` in its own namespace `sluice::NAME`:
// directive rows, conf types per level, and an install function that adds handlers to phases,
// variables and header filters for one generation. Its order is its line in auto/modules. core/
// never names one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/conf/conf.h"
#include "core/event/task.h"

namespace sluice::http {
class Request;
class Install;
class Finish;
}  // namespace sluice::http

namespace sluice {

/// In the order of a request's life. Content has one handler per location; log always runs.
enum class Phase : uint8_t {
    post_read,
    server_rewrite,
    rewrite,
    preaccess,
    access,
    precontent,
    content,
    log
};

/// What a handler says:
/// - next: not mine, go on with the next handler of the phase (content: the next content handler);
/// - done: go on behind this phase (access: allowed);
/// - finished: the response has been sent, whole; go to the end;
/// - redirected: the request has a new URI or named location; find its location and run the phases
///   again;
/// - closed: nothing more can be sent, the connection goes (client left, response cut short);
/// - reply(status): answer with that status (error_page applies from 300 up).
class Rc
{
public:
    constexpr explicit Rc(int value = 0) : value_(value) {}
    constexpr bool operator==(const Rc&) const = default;
    constexpr bool is_reply() const { return value_ >= 100; }
    constexpr int status() const { return value_; }

private:
    int value_;
};
inline constexpr Rc next{0}, done{1}, finished{2}, redirected{3}, closed{4};
constexpr Rc reply(int status)
{
    return Rc{status};
}

using Handler = event::Task<Rc> (*)(http::Request&);

struct Module {
    std::string_view name;
    std::span<const conf::Directive> directives = {};
    const conf::ConfType* main_conf = nullptr;
    const conf::ConfType* server_conf = nullptr;
    const conf::ConfType* location_conf = nullptr;
    /// Once per generation, after the whole configuration has been read, inherited and finished. Of
    /// one that has errors it is called for the variables that it defines alone: then nothing has
    /// been inherited or finished.
    void (*install)(http::Install&) = nullptr;
    /// After inheritance, to compile and check (may report errors): once per location, server and
    /// http level whose location_conf is its own (see ConfSet); of all when there is no such type.
    void (*finish_location)(http::Finish&, void* conf) = nullptr;
    void (*finish_main)(http::Finish&, void* conf) = nullptr;

    /// Its Request::slot outlives internal redirects (what was decided once for a request).
    bool slot_lasts = false;

    /// Set once at start from the position in the table.
    mutable size_t index = 0;
};

/// Of auto/modules, in its order; generated.
std::span<const Module* const> built_in_modules();

// What modules say without qualification.
using conf::any;
using conf::Apply;
using conf::call;
using conf::conf_of;
using conf::Directive;
using conf::everywhere;
using conf::in_http;
using conf::in_location;
using conf::in_server;
using conf::in_upstream;
using conf::Setting;
using conf::Size;
using conf::store;
using event::Task;
using http::Request;

}  // namespace sluice
