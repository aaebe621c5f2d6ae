// SPDX-License-Identifier: Apache-2.0
// Template: text with $variables. `$1` to `$9` are groups of the last regex, `$name` and `${name}`
// variables; a name is letters, digits and underscores.
#include "core/base/arena_text.h"
#include "core/http/request.h"
#include "core/http/variables.h"

namespace sluice::http {
namespace {

bool is_name_char(char c)
{
    return is_alpha(c) || is_digit(c) || c == '_';
}

struct Reference {
    std::string_view name;  // empty: bad
    size_t end = 0;         // behind it
    std::string error;
};

// `at` stands on the '$'.
Reference read_reference(std::string_view text, size_t at)
{
    size_t i = at + 1;
    bool braced = i < text.size() && text[i] == '{';
    size_t start = braced ? i + 1 : i, end = start;
    if (!braced && start < text.size() && text[start] >= '1' && text[start] <= '9')
        return {text.substr(start, 1), start + 1, {}};
    while (end < text.size() && is_name_char(text[end]))
        ++end;
    std::string_view name = text.substr(start, end - start);
    if (braced && (end == text.size() || text[end] != '}') && !name.empty())
        return {{}, end, fmt::format("the closing bracket in \"{}\" variable is missing", name)};
    if (name.empty())
        return {{}, end, "invalid variable name"};
    return {name, end + braced, {}};
}

bool is_group(std::string_view name)
{
    return name.size() == 1 && name[0] >= '1' && name[0] <= '9';
}

}  // namespace

std::optional<Template> Template::compile(std::string_view text, const conf::Place& place,
                                          conf::Diagnostics& diag, Variables& variables)
{
    Template t;
    std::string literal;
    for (size_t at = 0; at < text.size();) {
        if (text[at] != '$') {
            literal += text[at++];
            continue;
        }
        Reference ref = read_reference(text, at);
        if (ref.name.empty()) {
            diag.error(place.behind(at), ref.error);
            return std::nullopt;
        }
        if (!literal.empty())
            t.parts_.push_back({Part::text, 0, std::move(literal)});
        literal.clear();
        if (is_group(ref.name))
            t.parts_.push_back({Part::capture, static_cast<size_t>(ref.name[0] - '0'), {}});
        else
            t.parts_.push_back({Part::variable, variables.use(ref.name, place.behind(at)), {}});
        at = ref.end;
    }
    if (t.parts_.empty())
        t.literal_ = std::move(literal);
    else if (!literal.empty())
        t.parts_.push_back({Part::text, 0, std::move(literal)});
    return t;
}

std::optional<Template> Template::compile(conf::Apply& apply, Variables& variables, size_t arg)
{
    auto t = compile(apply.arg(arg), apply.place(arg), apply.diag, variables);
    if (!t)
        apply.failed_ = true;
    return t;
}

std::string_view Template::eval(Request& r) const
{
    if (parts_.empty())
        return literal_;
    auto value = [&r](const Part& part) -> std::string_view {
        switch (part.kind) {
        case Part::text: return part.text_;
        case Part::capture: return r.captures.get(part.index);
        default: return r.variables.get(r, part.index).value_or(std::string_view{});
        }
    };
    if (parts_.size() == 1)
        return value(parts_[0]);
    ArenaText text(r.arena());
    for (const Part& part : parts_)
        text.append(value(part));
    return text.view();
}

}  // namespace sluice::http
