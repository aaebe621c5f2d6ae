// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/settings.h"

#include <algorithm>

#include "core/base/bytes.h"

namespace sluice::upstream {
namespace {

using Names = std::span<const std::pair<std::string_view, uint32_t>>;

bool parse_mask(Apply& apply, size_t arg, Names names, bool any_case, uint32_t& mask)
{
    mask = 0;
    for (size_t i = arg; i < apply.size(); ++i) {
        auto it = std::find_if(names.begin(), names.end(), [&](const auto& n) {
            return any_case ? iequals(n.first, apply.arg(i)) : n.first == apply.arg(i);
        });
        if (it == names.end()) {
            apply.fail_at(i, fmt::format("invalid value \"{}\"", apply.arg(i)));
            return false;
        }
        mask |= it->second;
    }
    return true;
}

}  // namespace

bool parse(Apply& apply, size_t arg, NextConditions& out)
{
    static constexpr std::pair<std::string_view, uint32_t> names[] = {
        {"error", next_error},
        {"timeout", next_timeout},
        {"invalid_header", next_invalid_header},
        {"http_500", next_http_500},
        {"http_502", next_http_502},
        {"http_503", next_http_503},
        {"http_504", next_http_504},
        {"http_403", next_http_403},
        {"http_404", next_http_404},
        {"http_429", next_http_429},
        {"non_idempotent", next_non_idempotent},
        {"off", next_off},
        {"updating", 0}};
    static constexpr std::pair<std::string_view, uint32_t> names_of_memcached[] = {
        {"error", next_error},
        {"timeout", next_timeout},
        {"invalid_response", next_invalid_header},
        {"not_found", next_http_404},
        {"off", next_off}};
    if (apply.name().starts_with("memcached_"))
        return parse_mask(apply, arg, names_of_memcached, true, out.mask);
    return parse_mask(apply, arg, names, true, out.mask);
}

bool parse(Apply& apply, size_t arg, IgnoredFields& out)
{
    static constexpr std::pair<std::string_view, uint32_t> names[] = {
        {"X-Accel-Redirect", ignore_accel_redirect},
        {"X-Accel-Expires", ignore_accel_expires},
        {"X-Accel-Limit-Rate", ignore_accel_limit_rate},
        {"X-Accel-Buffering", ignore_accel_buffering},
        {"X-Accel-Charset", ignore_accel_charset},
        {"Expires", ignore_expires},
        {"Cache-Control", ignore_cache_control},
        {"Set-Cookie", ignore_set_cookie},
        {"Vary", ignore_vary}};
    return parse_mask(apply, arg, names, true, out.mask);
}

bool parse(Apply& apply, size_t arg, BufferCount& out)
{
    Size size;
    if (!conf::parse(apply, arg, out.count) || !conf::parse(apply, arg + 1, size))
        return false;
    if (out.count == 0 || size.n == 0) {
        apply.fail_directive_at(arg, "invalid value");
        return false;
    }
    out.size = size.n;
    return true;
}

bool parse(Apply& apply, size_t arg, Bind& out)
{
    if (apply.arg(arg) == "off" && apply.size() == arg + 1)
        return true;
    if (apply.size() > arg + 1) {
        if (apply.arg(arg + 1) != "transparent") {
            apply.fail_at(arg + 1, fmt::format("invalid parameter \"{}\"", apply.arg(arg + 1)));
            return false;
        }
        out.transparent = true;
    }
    if (!http::parse(apply, arg, out.address))
        return false;
    os::Address address;
    if (!out.address.is_constant() || parse_bind_address(out.address.literal(), address))
        return true;
    apply.fail_at(arg, fmt::format("invalid address \"{}\"", apply.arg(arg)));
    return false;
}

bool parse_bind_address(std::string_view text, os::Address& out)
{
    if (os::Address::from_literal(text, 0, out))
        return true;
    size_t colon = text.rfind(':');
    auto port = colon == text.npos ? std::nullopt : parse_decimal(text.substr(colon + 1));
    return port && *port <= 65535 &&
           os::Address::from_literal(text.substr(0, colon), static_cast<uint16_t>(*port), out);
}

bool parse(Apply& apply, size_t arg, TempPath& out)
{
    out.path = apply.arg(arg);
    for (size_t i = arg + 1; i < apply.size(); ++i) {
        auto level = conf::parse_number(apply.arg(i));
        if (!level || *level < 1 || *level > 3) {
            apply.fail_at(i, fmt::format("invalid value \"{}\"", apply.arg(i)));
            return false;
        }
    }
    return true;
}

// `on`: where the static module would look for it.
bool parse(Apply& apply, size_t arg, StorePath& out)
{
    if (apply.arg(arg) == "off")
        return true;
    if (apply.arg(arg) != "on")
        return http::parse(apply, arg, out.path);
    auto path = http::Template::compile("$request_filename", apply.place(arg), apply.diag,
                                        http::http_block(apply).main.variables);
    if (path)
        out.path = std::move(*path);
    return path.has_value();
}

// user:rw group:r all:r
bool parse(Apply& apply, size_t arg, StoreAccess& out)
{
    out.mode = 0;
    bool user = false;
    for (size_t i = arg; i < apply.size(); ++i) {
        std::string_view word = apply.arg(i);
        size_t colon = word.find(':');
        std::string_view who = word.substr(0, colon);
        std::string_view may = colon == word.npos ? std::string_view{} : word.substr(colon + 1);
        uint32_t bits = may == "r" ? 4 : may == "w" ? 2 : may == "rw" ? 6 : 0;
        int shift = who == "user" ? 6 : who == "group" ? 3 : who == "all" ? 0 : -1;
        if (bits == 0 || shift < 0) {
            apply.fail_at(i, fmt::format("invalid value \"{}\"", word));
            return false;
        }
        user = user || shift == 6;
        out.mode |= bits << shift;
    }
    if (!user)
        out.mode |= 0600;
    return true;
}

void Settings::inherit(const Settings& parent)
{
    auto take = [&](auto... members) { ((this->*members).inherit(parent.*members), ...); };
    take(&Settings::bind, &Settings::socket_keepalive, &Settings::connect_timeout,
         &Settings::send_timeout, &Settings::read_timeout, &Settings::buffer_size,
         &Settings::next_upstream, &Settings::next_upstream_tries, &Settings::next_upstream_timeout,
         &Settings::hold, &Settings::hide_header, &Settings::pass_header, &Settings::ignore_headers,
         &Settings::request_buffering, &Settings::buffering, &Settings::buffers,
         &Settings::busy_buffers_size, &Settings::temp_path, &Settings::max_temp_file_size,
         &Settings::temp_file_write_size, &Settings::limit_rate, &Settings::store,
         &Settings::store_access, &Settings::force_ranges, &Settings::intercept_errors,
         &Settings::ignore_client_abort, &Settings::pass_request_headers,
         &Settings::pass_request_body);
    static_assert(conf::detail::count_fields<Settings>() == 28, "a member is not inherited");
}

// ---- compiling ----------------------------------------------------------------------------------

namespace {

// What nginx would refuse is refused, in its words; where nothing is written its defaults count.
void check_buffers(http::Finish& finish, const Settings& s, std::string_view prefix, conf::Pos pos)
{
    constexpr size_t page = 4096;
    size_t head = s.buffer_size.is_set() ? s.buffer_size->n : page;
    BufferCount buffers = s.buffers.is_set() ? *s.buffers : BufferCount{8, page};
    size_t larger = std::max(head, buffers.size);
    auto fail = [&](std::string_view directive, std::string_view rest) {
        finish.diag.error(pos, fmt::format("\"{}{}\" {}", prefix, directive, rest));
    };
    if (buffers.count < 2)
        return finish.diag.error(pos,
                                 fmt::format("there must be at least 2 \"{}buffers\"", prefix));
    std::string least = fmt::format(
        "must be equal to or greater than the maximum of the value of \"{0}buffer_size\" and one "
        "of the \"{0}buffers\"",
        prefix);
    size_t busy = s.busy_buffers_size.is_set() ? s.busy_buffers_size->n : 2 * larger;
    if (busy < larger)
        return fail("busy_buffers_size", least);
    if (busy > (buffers.count - 1) * buffers.size)
        return fail("busy_buffers_size",
                    fmt::format("must be less than the size of all \"{}buffers\" minus one buffer",
                                prefix));
    if (s.temp_file_write_size.is_set() && s.temp_file_write_size->n < larger)
        return fail("temp_file_write_size", least);
    if (s.max_temp_file_size.is_set() && s.max_temp_file_size->n != 0 &&
        s.max_temp_file_size->n < larger)
        return fail("max_temp_file_size",
                    "must be equal to zero to disable temporary files usage or " + least);
}

void compile_hidden(const Settings& s, std::span<const std::string_view> hidden, Rules& out)
{
    using http::HeaderId;
    for (HeaderId id :
         {HeaderId::x_accel_redirect, HeaderId::x_accel_expires, HeaderId::x_accel_limit_rate,
          HeaderId::x_accel_charset, HeaderId::x_accel_buffering})
        out.hidden.add(id);
    for (std::string_view name : hidden)
        out.hidden.add(name);
    for (const std::string& name : *s.hide_header)
        out.hidden.add(name);
    for (const std::string& name : *s.pass_header) {
        out.hidden.remove(name);
        // Only where it would have been hidden: FastCGI programs are not expected to name a server.
        bool was_hidden = std::ranges::any_of(
            hidden, [&name](std::string_view other) { return iequals(other, name); });
        if (was_hidden && iequals(name, "Server"))
            out.left_to_upstream |= http::bit(HeaderId::server);
        if (was_hidden && iequals(name, "Date"))
            out.left_to_upstream |= http::bit(HeaderId::date);
    }
    for (HeaderId id : {HeaderId::connection, HeaderId::keep_alive, HeaderId::transfer_encoding,
                        HeaderId::content_length, HeaderId::proxy_connection, HeaderId::te})
        out.hidden.add(id);
}

}  // namespace

Rules compile_rules(http::Finish& finish, const Settings& s, std::string_view prefix, conf::Pos pos,
                    std::span<const std::string_view> hidden)
{
    check_buffers(finish, s, prefix, pos);
    Rules rules;
    rules.connect_timeout = *s.connect_timeout;
    rules.send_timeout = *s.send_timeout;
    rules.read_timeout = *s.read_timeout;
    rules.next_upstream = s.next_upstream->mask;
    rules.next_tries = *s.next_upstream_tries;
    rules.next_timeout_total = *s.next_upstream_timeout;
    rules.hold = *s.hold;
    rules.head_limit = s.buffer_size->n;
    if (s.buffers.is_set())
        rules.buffer_limit = std::max(s.buffers->count * s.buffers->size, s.buffer_size->n);
    rules.ignore_client_abort = *s.ignore_client_abort;
    rules.bind = *s.bind;
    if (rules.bind.transparent)
        finish.main.foreign_addresses = true;
    rules.socket_keepalive = *s.socket_keepalive;
    rules.ignored = s.ignore_headers->mask;
    rules.intercept_errors = *s.intercept_errors;
    rules.force_ranges = *s.force_ranges;
    rules.buffering = *s.buffering;
    rules.limit_rate = *s.limit_rate;
    rules.store = s.store->path;
    rules.store_mode = s.store_access->mode;
    rules.file_limit = s.max_temp_file_size->n;
    std::string folder = s.temp_path.is_set()
                             ? s.temp_path->path
                             : std::string(prefix.substr(0, prefix.size() - 1)) + "_temp";
    rules.temp_path = finish.main.full_path(folder);
    if (rules.file_limit)
        finish.main.folders.insert(folder);
    compile_hidden(s, hidden, rules);
    return rules;
}

}  // namespace sluice::upstream
