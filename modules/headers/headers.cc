// SPDX-License-Identifier: Apache-2.0
// headers: add_header and expires work on the head that is about to be sent, add_trailer behind the
// body.
#include "core/http/module.h"
#include "modules/headers/expires.h"

namespace sluice::headers {

extern const Module module;

namespace {

using http::HeaderId;

struct Field {
    std::string name;
    HeaderId id = HeaderId::other;
    Template value;
    bool always = false;
};
/// Lines of add_header or add_trailer of one level. Own ones replace those from further out, unless
/// add_header_inherit says otherwise.
using Fields = std::vector<Field>;

enum class Inherit : uint8_t { on, off, merge };
std::span<const std::pair<std::string_view, Inherit>> enum_names(Inherit*)
{
    static constexpr std::pair<std::string_view, Inherit> names[] = {
        {"on", Inherit::on}, {"off", Inherit::off}, {"merge", Inherit::merge}};
    return names;
}

struct Added {
    Setting<Inherit> rule{Inherit::on};
    Fields fields;

    void inherit(const Added& parent)
    {
        rule.inherit(parent.rule);
        if (*rule == Inherit::merge || (*rule == Inherit::on && fields.empty()))
            fields.insert(fields.end(), parent.fields.begin(), parent.fields.end());
    }
};

struct Conf {
    Added headers, trailers;
    Setting<Expires> expires;
};

constexpr bool is_good_status(int status)
{
    return status == 200 || status == 201 || status == 204 || status == 206 ||
           (status >= 301 && status <= 304) || status == 307 || status == 308;
}

void add_line(Apply& apply, Added& added)
{
    Field field;
    field.name = apply.arg(0);
    field.id = http::header_id(field.name);
    if (!http::parse(apply, 1, field.value))
        return;
    if (apply.size() == 3) {
        if (apply.arg(2) != "always")
            return apply.fail_at(2, fmt::format("invalid parameter \"{}\"", apply.arg(2)));
        field.always = true;
    }
    added.fields.push_back(std::move(field));
}

// Fields that say where the message ends, which only the engine knows.
constexpr bool is_framing(HeaderId id)
{
    return id == HeaderId::content_length || id == HeaderId::transfer_encoding ||
           id == HeaderId::connection || id == HeaderId::keep_alive;
}

void set_header(Apply& apply, Conf& conf)
{
    if (is_framing(http::header_id(apply.arg(0))))
        apply.warn("no-effect",
                   fmt::format("the \"{}\" field is made by sluice: this line has no effect",
                               apply.arg(0)));
    add_line(apply, conf.headers);
}
void set_trailer(Apply& apply, Conf& conf)
{
    add_line(apply, conf.trailers);
}

template <Added Conf::*Member>
void set_inherit(Apply& apply, Conf& conf)
{
    Setting<Inherit>& rule = (conf.*Member).rule;
    if (rule.is_set())
        return apply.fail_directive("is duplicate");
    Inherit value{};
    if (conf::parse(apply, 0, value))
        rule.set(value);
}

void add_field(Request& r, const Field& field)
{
    std::string_view value = http::one_line(field.value.eval(r), r.arena());
    if (field.id == HeaderId::last_modified) {
        r.out.last_modified = value.empty() ? -1 : parse_http_time(value);
        r.out.last_modified_text = value;
        return;
    }
    if (field.id == HeaderId::etag) {
        r.out.headers.remove(HeaderId::etag);
        if (!value.empty())
            r.out.headers.add(r.arena(), {field.name, value, field.id});
        return;
    }
    if (value.empty())
        return;
    switch (field.id) {  // of these there is one
    case HeaderId::content_type: r.out.content_type = value; return;
    case HeaderId::server: r.out.server = value; return;
    case HeaderId::date: r.out.date = value; return;
    default: r.out.headers.add(r.arena(), {field.name, value, field.id});
    }
}

void set_expires(Request& r, const Expires& expires)
{
    ExpiresFields fields;
    if (!expires.evaluate(r, fields))
        return;
    if (!fields.expires.empty())
        r.out.headers.set(r.arena(), HeaderId::expires, fields.expires);
    r.out.headers.set(r.arena(), HeaderId::cache_control, fields.cache_control);
}

void filter(Request& r)
{
    const Conf& conf = r.conf<Conf>(module);
    bool good = is_good_status(r.out.status);
    if (good && conf.expires.is_set())
        set_expires(r, *conf.expires);
    for (const Field& field : conf.headers.fields)
        if (good || field.always)
            add_field(r, field);
    // A length would leave no place for trailers.
    bool chunks = r.head.version == http::Version::http11 && *r.core().chunked_transfer_encoding &&
                  !r.out.no_body && !r.is_head();
    for (const Field& field : conf.trailers.fields)
        if (chunks && (good || field.always))
            r.out.content_length = -1;
}

void filter_trailers(Request& r)
{
    bool good = is_good_status(r.out.status);
    for (const Field& field : r.conf<Conf>(module).trailers.fields)
        if (good || field.always) {
            std::string_view value = http::one_line(field.value.eval(r), r.arena());
            if (!value.empty())
                r.out.trailers.add(r.arena(), {field.name, value, field.id});
        }
}

constexpr conf::Where where = everywhere | conf::in_if_location;

constexpr Directive directives[] = {
    {"add_header", where, 2, 3, call<set_header>},
    {"add_trailer", where, 2, 3, call<set_trailer>},
    {"add_header_inherit", where, 1, 1, call<set_inherit<&Conf::headers>>},
    {"add_trailer_inherit", where, 1, 1, call<set_inherit<&Conf::trailers>>},
    {"expires", where, 1, 2, store<&Conf::expires>},
};

}  // namespace

const Module module{
    .name = "headers",
    .directives = directives,
    .location_conf = &conf_of<Conf, &Conf::headers, &Conf::trailers, &Conf::expires>,
    .install =
        [](Install& in) {
            in.head_filter(filter);
            in.trailer_filter(filter_trailers);
        },
};

}  // namespace sluice::headers
