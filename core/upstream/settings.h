// SPDX-License-Identifier: Apache-2.0
// Settings: the directives that forwarding modules have in common, each under the module's own
// prefix (proxy_read_timeout, fastcgi_read_timeout, ...), and what the engine makes of them for a
// location (Rules, core/upstream/rules.h). A module has one member of this type in its conf and
// takes the rows from here:
//   struct Conf { upstream::Settings common; ... };
//   constexpr auto rows = upstream::join(upstream::connection_rows<"proxy_", &Conf::common>,
//                                        upstream::response_rows<"proxy_", &Conf::common>, own);
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/module.h"
#include "core/http/values.h"
#include "core/os/address.h"
#include "core/upstream/rules.h"

namespace sluice::upstream {

struct NextConditions {
    uint32_t mask = next_error | next_timeout;
};
bool parse(Apply& apply, size_t arg, NextConditions& out);

struct BufferCount {
    size_t count = 0, size = 0;
};
bool parse(Apply& apply, size_t arg, BufferCount& out);

struct IgnoredFields {
    uint32_t mask = 0;  // of IgnoredField
};
bool parse(Apply& apply, size_t arg, IgnoredFields& out);

bool parse(Apply& apply, size_t arg, Bind& out);
/// "addr" or "addr:port"; false when it is no literal.
bool parse_bind_address(std::string_view text, os::Address& out);

struct TempPath {
    std::string path;  // the levels of nginx's folders are read and not needed
};
bool parse(Apply& apply, size_t arg, TempPath& out);

struct StorePath {
    http::Template path;  // empty: off
};
bool parse(Apply& apply, size_t arg, StorePath& out);

struct StoreAccess {
    uint32_t mode = 0600;
};
bool parse(Apply& apply, size_t arg, StoreAccess& out);

struct Settings {
    // of the connection
    Setting<Bind> bind;
    Setting<bool> socket_keepalive{false};
    Setting<ms> connect_timeout{ms{60000}};
    Setting<ms> send_timeout{ms{60000}};
    Setting<ms> read_timeout{ms{60000}};
    Setting<Size> buffer_size{Size{32768}};
    Setting<NextConditions> next_upstream;
    Setting<uint32_t> next_upstream_tries{0};
    Setting<ms> next_upstream_timeout{ms{0}};
    Setting<ms> hold{ms{0}};
    // of the response
    Setting<std::vector<std::string>> hide_header;
    Setting<std::vector<std::string>> pass_header;
    Setting<IgnoredFields> ignore_headers;
    Setting<bool> request_buffering{true};
    Setting<bool> buffering{true};
    Setting<BufferCount> buffers;
    Setting<Size> busy_buffers_size;
    Setting<TempPath> temp_path;
    Setting<Size> max_temp_file_size{Size{uint64_t{1} << 30}};
    Setting<Size> temp_file_write_size;
    Setting<http::SizeValue> limit_rate;
    Setting<StorePath> store;
    Setting<StoreAccess> store_access;
    Setting<bool> force_ranges{false};
    Setting<bool> intercept_errors{false};
    Setting<bool> ignore_client_abort{false};
    Setting<bool> pass_request_headers{true};
    Setting<bool> pass_request_body{true};

    void inherit(const Settings& parent);
};

/// Checks the settings of a location in nginx's words and compiles them. `hidden`: response fields
/// that this module never passes on unless X_pass_header names them.
Rules compile_rules(http::Finish& finish, const Settings& settings, std::string_view prefix,
                    conf::Pos pos, std::span<const std::string_view> hidden);

// ---- rows ---------------------------------------------------------------------------------------

/// Text as a template argument.
template <size_t N>
struct Text {
    char chars[N];
    consteval Text(const char (&text)[N]) { std::copy_n(text, N, chars); }
};

namespace detail {

template <Text Prefix, Text Name>
struct Joined {
    static constexpr auto chars = [] {
        std::array<char, sizeof(Prefix.chars) + sizeof(Name.chars) - 2> out{};
        auto at = std::copy_n(Prefix.chars, sizeof(Prefix.chars) - 1, out.begin());
        std::copy_n(Name.chars, sizeof(Name.chars) - 1, at);
        return out;
    }();
    static constexpr std::string_view text{chars.data(), chars.size()};
};

template <auto Part, auto Member>
void store_part(Apply& apply, void* conf)
{
    using C = typename conf::detail::MemberOf<decltype(Part)>::Class;
    conf::detail::store_value(apply, (static_cast<C*>(conf)->*Part).*Member);
}

template <Text Prefix, auto Part, Text Name, auto Member>
constexpr Directive row(uint8_t min = 1, uint8_t max = 1)
{
    using C = typename conf::detail::MemberOf<decltype(Part)>::Class;
    return {Joined<Prefix, Name>::text, everywhere, min, max,
            conf::Setter{conf::tag_of<C>(), &store_part<Part, Member>}};
}

}  // namespace detail

template <Text P, auto Part>
inline constexpr std::array connection_rows{
    detail::row<P, Part, "bind", &Settings::bind>(1, 2),
    detail::row<P, Part, "socket_keepalive", &Settings::socket_keepalive>(),
    detail::row<P, Part, "connect_timeout", &Settings::connect_timeout>(),
    detail::row<P, Part, "send_timeout", &Settings::send_timeout>(),
    detail::row<P, Part, "read_timeout", &Settings::read_timeout>(),
    detail::row<P, Part, "buffer_size", &Settings::buffer_size>(),
    detail::row<P, Part, "next_upstream", &Settings::next_upstream>(1, any),
    detail::row<P, Part, "next_upstream_tries", &Settings::next_upstream_tries>(),
    detail::row<P, Part, "next_upstream_timeout", &Settings::next_upstream_timeout>(),
    detail::row<P, Part, "hold", &Settings::hold>(),
};

template <Text P, auto Part>
inline constexpr std::array response_rows{
    detail::row<P, Part, "hide_header", &Settings::hide_header>(),
    detail::row<P, Part, "pass_header", &Settings::pass_header>(),
    detail::row<P, Part, "ignore_headers", &Settings::ignore_headers>(1, any),
    detail::row<P, Part, "request_buffering", &Settings::request_buffering>(),
    detail::row<P, Part, "buffering", &Settings::buffering>(),
    detail::row<P, Part, "buffers", &Settings::buffers>(2, 2),
    detail::row<P, Part, "busy_buffers_size", &Settings::busy_buffers_size>(),
    detail::row<P, Part, "temp_path", &Settings::temp_path>(1, 4),
    detail::row<P, Part, "max_temp_file_size", &Settings::max_temp_file_size>(),
    detail::row<P, Part, "temp_file_write_size", &Settings::temp_file_write_size>(),
    detail::row<P, Part, "limit_rate", &Settings::limit_rate>(),
    detail::row<P, Part, "store", &Settings::store>(),
    detail::row<P, Part, "store_access", &Settings::store_access>(1, 3),
    detail::row<P, Part, "force_ranges", &Settings::force_ranges>(),
    detail::row<P, Part, "intercept_errors", &Settings::intercept_errors>(),
    detail::row<P, Part, "ignore_client_abort", &Settings::ignore_client_abort>(),
    detail::row<P, Part, "pass_request_headers", &Settings::pass_request_headers>(),
    detail::row<P, Part, "pass_request_body", &Settings::pass_request_body>(),
};

template <size_t... N>
constexpr auto join(const std::array<Directive, N>&... parts)
{
    return [&]<size_t... I>(std::index_sequence<I...>)
    {
        std::array<std::span<const Directive>, sizeof...(parts)> lists{parts...};
        auto at = [&](size_t i) {
            size_t list = 0;
            while (i >= lists[list].size())
                i -= lists[list++].size();
            return lists[list][i];
        };
        return std::array<Directive, sizeof...(I)>{at(I)...};
    }
    (std::make_index_sequence<(N + ...)>{});
}

}  // namespace sluice::upstream
