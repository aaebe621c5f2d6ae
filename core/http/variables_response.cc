// SPDX-License-Identifier: Apache-2.0
// Variables of the response. Those of fields that the engine renders itself ($sent_http_connection)
// are made from the same values that it renders from.
#include <algorithm>

#include "core/http/variables_core.h"

namespace sluice::http {
namespace {

Value optional(std::string_view s)
{
    return s.empty() ? std::nullopt : Value{s};
}

Value last_modified(Request& r)
{
    if (!r.out.last_modified_text.empty())
        return r.out.last_modified_text;
    if (r.out.last_modified < 0)
        return std::nullopt;
    char text[30];
    format_http_time(r.out.last_modified, text);
    return r.arena().copy({text, 29});
}

Value sent_http_value(Request& r, std::string_view name)
{
    if (name == "content_type")
        return optional(r.out.content_type);
    if (name == "content_length")
        return r.out.content_length < 0 ? std::nullopt
                                        : Value{arena_format(r, "{}", r.out.content_length)};
    if (name == "last_modified")
        return last_modified(r);
    if (name == "connection")
        return r.out.status == 101 ? "upgrade" : r.keep_alive ? "keep-alive" : "close";
    if (name == "keep_alive") {
        auto seconds = r.core().keepalive_timeout->header.count();
        return r.keep_alive && seconds ? Value{arena_format(r, "timeout={}", seconds)}
                                       : std::nullopt;
    }
    if (name == "transfer_encoding")
        return r.is_chunked() ? Value{"chunked"} : std::nullopt;
    return joined_field(r, r.out.headers, name, ", ");
}

Value sent_trailer_value(Request& r, std::string_view name)
{
    return joined_field(r, r.out.trailers, name, ", ");
}

Value request_time(Request& r, const void*)
{
    int64_t spent = std::max<int64_t>(0, (Clock::now() - r.started).count());
    return arena_format(r, "{}.{:03}", spent / 1000, spent % 1000);
}

}  // namespace

void define_response_variables(Variables& v)
{
    v.define_prefix("sent_http_", sent_http_value, true);
    v.define_prefix("sent_trailer_", sent_trailer_value, true);

    auto fixed = [&v](std::string_view name, Variables::Get get) {
        v.define(name, get, nullptr, true, false);
    };
    fixed("status", [](Request& r, const void*) -> Value {
        int status = r.status_for_log();
        return arena_format(r, "{:03}", status ? status : r.error_status);
    });
    v.define(
        "limit_rate",
        [](Request& r, const void*) -> Value {
            return arena_format(r, "{}",
                                r.limit_rate >= 0              ? static_cast<uint64_t>(r.limit_rate)
                                : r.core().limit_rate.is_set() ? r.core().limit_rate->eval(r)
                                                               : 0);
        },
        nullptr, true, true);
    fixed("body_bytes_sent",
          [](Request& r, const void*) -> Value { return arena_format(r, "{}", r.body_sent()); });
    fixed("bytes_sent",
          [](Request& r, const void*) -> Value { return arena_format(r, "{}", r.bytes_sent()); });
    fixed("request_time", request_time);
    fixed("request_completion",
          [](Request& r, const void*) -> Value { return r.completed() ? "OK" : ""; });
}

}  // namespace sluice::http
