// SPDX-License-Identifier: Apache-2.0
// What FastCGI, SCGI and uwsgi share, as heirs of CGI (RFC 3875): the parameters that a request
// becomes, and the head of an answer: fields, with the status in one of them.
#pragma once

#include <string>
#include <vector>

#include "core/http/head_parser.h"
#include "core/http/module.h"

namespace sluice::upstream {

/// X_param NAME VALUE [if_not_empty].
struct Param {
    std::string name;
    http::Template value;
    bool if_not_empty = false;
};
bool parse(Apply& apply, size_t arg, Param& out);

/// Calls add(name, value) for each: those that are written, then the client's fields as HTTP_NAME
/// (`fields`), without those that are written and without Proxy, which programs would take for
/// their own HTTP_PROXY. Fields of one name are joined.
template <class Add>
void each_param(http::Request& r, const std::vector<Param>& params, bool fields, Add&& add);

/// The head of an answer. A status line in front is read, too, if there is one.
class CgiHeadParser : public http::HeadParser<CgiHeadParser, http::ResponseHead>
{
public:
    void start(http::Method request_method, Arena& arena);

private:
    friend HeadParser;
    State read_line(std::string_view all);
    State read_fields(std::string_view all);
    void move_views(const char* from, size_t size, const char* to);
    State finish();
    State fail(std::string_view reason);
    bool read_status(std::string_view text);

    http::Method method_ = http::Method::get;
};

// ---- each_param ---------------------------------------------------------------------------------

namespace detail {
/// "HTTP_ACCEPT_LANGUAGE"
std::string_view param_name(Arena& arena, std::string_view field);
/// All values of the fields of this name, if `first` is the first of them; else nothing.
std::optional<std::string_view> joined_values(http::Request& r, const http::Header& first);
bool is_written(const std::vector<Param>& params, std::string_view name);
}  // namespace detail

template <class Add>
void each_param(http::Request& r, const std::vector<Param>& params, bool fields, Add&& add)
{
    for (const Param& p : params) {
        std::string_view value = p.value.eval(r);
        if (!value.empty() || !p.if_not_empty)
            add(std::string_view(p.name), value);
    }
    if (!fields)
        return;
    for (const http::Header& h : r.head.headers) {
        std::string_view name = detail::param_name(r.arena(), h.name);
        if (name == "HTTP_PROXY" || detail::is_written(params, name))
            continue;
        if (auto value = detail::joined_values(r, h))
            add(name, *value);
    }
}

}  // namespace sluice::upstream
