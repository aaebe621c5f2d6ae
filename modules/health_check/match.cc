// SPDX-License-Identifier: Apache-2.0
#include "modules/health_check/match.h"

#include "core/base/bytes.h"

namespace sluice::health_check {
namespace {

bool compile(Apply& apply, const conf::Node& line, const std::string& text, http::Regex& out)
{
    auto regex = http::Regex::compile(text, false);
    if (regex)
        out = std::move(*regex);
    else
        apply.fail_node(line, regex.error().text);
    return regex.has_value();
}

bool matches(const http::Regex& pattern, std::string_view text)
{
    http::Captures captures;
    return pattern.run(text, &captures) == http::Regex::match;
}

}  // namespace

void Match::read(Apply& apply)
{
    for (const conf::Node& line : apply.node.children) {
        const std::string& name = line.name.text;
        if (line.block || line.args.empty())
            apply.fail_node(line, "invalid parameter \"" + name + "\"");
        else if (name == "status")
            read_status(apply, line);
        else if (name == "header")
            read_header(apply, line);
        else if (name == "body")
            read_body(apply, line);
        else if (name == "require")
            read_require(apply, line);
        else
            apply.fail_node(line, "unknown parameter \"" + name + "\"",
                            "status, header, body, require");
    }
}

// status [!] 200 301-303 …
void Match::read_status(Apply& apply, const conf::Node& line)
{
    if (!statuses_.empty())
        return apply.fail_node(line, "duplicate \"status\"");
    size_t i = 0;
    no_status_ = line.args[0].text == "!";
    for (i = no_status_; i < line.args.size(); ++i) {
        std::string_view word = line.args[i].text;
        size_t dash = word.find('-');
        auto from = parse_decimal(word.substr(0, dash));
        auto to = dash == word.npos ? from : parse_decimal(word.substr(dash + 1));
        if (!from || !to || *from < 100 || *to > 999 || *from > *to)
            return apply.fail_node(line, fmt::format("invalid status \"{}\"", word));
        statuses_.push_back({static_cast<int>(*from), static_cast<int>(*to)});
    }
    if (statuses_.empty())
        apply.fail_node(line, "invalid status \"!\"");
}

// header [!] NAME, header NAME = | != | ~ | !~ TEXT
void Match::read_header(Apply& apply, const conf::Node& line)
{
    static constexpr std::pair<std::string_view, Op> signs[] = {
        {"=", Op::equal}, {"!=", Op::unequal}, {"~", Op::like}, {"!~", Op::unlike}};
    const auto& args = line.args;
    Field field{args[0].text, Op::present, {}, {}};
    if (args.size() == 2 && args[0].text == "!") {
        field.name = args[1].text;
        field.op = Op::absent;
    } else if (args.size() == 3) {
        auto it = std::find_if(std::begin(signs), std::end(signs),
                               [&](const auto& s) { return s.first == args[1].text; });
        if (it == std::end(signs))
            return apply.fail_node(line, fmt::format("invalid operator \"{}\"", args[1].text));
        field.op = it->second;
        field.text = args[2].text;
        if (it->first.ends_with('~') && !compile(apply, line, field.text, field.pattern))
            return;
    } else if (args.size() != 1) {
        return apply.fail_node(line, "invalid number of arguments in \"header\"");
    }
    fields_.push_back(std::move(field));
}

// body ~ | !~ TEXT
void Match::read_body(Apply& apply, const conf::Node& line)
{
    const auto& args = line.args;
    if (args.size() != 2 || (args[0].text != "~" && args[0].text != "!~"))
        return apply.fail_node(line, "write body ~ REGEX or body !~ REGEX");
    Body body{args[0].text == "~", args[1].text, {}};
    if (compile(apply, line, body.text, body.pattern))
        bodies_.push_back(std::move(body));
}

// require $variable …
void Match::read_require(Apply& apply, const conf::Node& line)
{
    http::Variables& variables = http::http_block(apply).main.variables;
    for (const auto& arg : line.args) {
        auto value = Template::compile(arg.text, arg.pos, apply.diag, variables);
        if (!value)
            return;
        if (value->is_constant())
            return apply.fail_node(line, fmt::format("invalid variable \"{}\"", arg.text));
        required_.push_back({arg.text, std::move(*value)});
    }
}

bool Match::status_fits(int status) const
{
    if (statuses_.empty())
        return status >= 200 && status <= 399;
    for (Range range : statuses_)
        if (status >= range.from && status <= range.to)
            return !no_status_;
    return no_status_;
}

bool Match::fits(const Field& field, const http::Header* h)
{
    switch (field.op) {
    case Op::present: return h;
    case Op::absent: return !h;
    case Op::equal: return h && h->value == field.text;
    case Op::unequal: return !h || h->value != field.text;
    case Op::like: return h && matches(field.pattern, h->value);
    case Op::unlike: return !h || !matches(field.pattern, h->value);
    }
    return false;
}

std::string Match::fault(const http::ResponseHead& head, std::string_view body) const
{
    if (!status_fits(head.status))
        return fmt::format("status {}", head.status);
    for (const Field& field : fields_) {
        const http::Header* found = nullptr;
        for (const http::Header& h : head.headers)
            if (!found && iequals(h.name, field.name))
                found = &h;
        if (!fits(field, found))
            return fmt::format("header \"{}\" is {}", field.name,
                               found ? fmt::format("\"{}\"", found->value) : "not there");
    }
    for (const Body& b : bodies_)
        if (matches(b.pattern, body) != b.wanted)
            return fmt::format("the body {} \"{}\"", b.wanted ? "does not match" : "matches",
                               b.text);
    return {};
}

std::string Match::fault(http::Request& r) const
{
    for (const Required& required : required_) {
        std::string_view value = required.value.eval(r);
        if (value.empty() || value == "0")
            return fmt::format("{} is \"{}\"", required.text, value);
    }
    return {};
}

}  // namespace sluice::health_check
