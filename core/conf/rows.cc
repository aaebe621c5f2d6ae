// SPDX-License-Identifier: Apache-2.0
#include "core/conf/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/check.h"

namespace sluice::conf {

Block::~Block() = default;

std::string where_names(Where where)
{
    static constexpr std::pair<Where, std::string_view> names[] = {
        {in_main, "main"},
        {in_events, "events"},
        {in_http, "http"},
        {in_server, "server"},
        {in_location, "location"},
        {in_upstream, "upstream"},
        {in_if_server, "if in server"},
        {in_if_location, "if in location"},
        {in_limit_except, "limit_except"},
        {in_other, "blocks of values"},
    };
    std::string out;
    for (const auto& [bit, name] : names)
        if (where & bit)
            out.append(out.empty() ? "" : ", ").append(name);
    return out;
}

void Apply::fail(std::string text, std::string hint)
{
    failed_ = true;
    diag.error(node.stop, std::move(text), std::move(hint), node.name.pos);
}

void Apply::fail_at(size_t i, std::string text, std::string hint)
{
    failed_ = true;
    diag.error(node.stop, std::move(text), std::move(hint),
               i < node.args.size() ? node.args[i].pos : node.name.pos);
}

void Apply::fail_inside(size_t i, size_t offset, std::string text, std::string hint)
{
    failed_ = true;
    diag.error(place(i, offset), std::move(text), std::move(hint));
}

Place Apply::place(size_t i, size_t offset) const
{
    return {node.stop.line ? node.stop : node.args[i].pos, node.args[i].pos, offset};
}

void Apply::fail_directive(std::string_view what, std::string hint)
{
    fail(fmt::format("\"{}\" directive {}", name(), what), std::move(hint));
}

void Apply::fail_directive_at(size_t i, std::string_view what, std::string hint)
{
    fail_at(i, fmt::format("\"{}\" directive {}", name(), what), std::move(hint));
}

void Apply::fail_node(const Node& child, std::string text, std::string hint)
{
    failed_ = true;
    diag.error(child.stop, std::move(text), std::move(hint), child.name.pos);
}

void Apply::fail_in_name(const Node& child, size_t offset, std::string text)
{
    failed_ = true;
    diag.error(Place{child.stop, child.name.pos, offset}, std::move(text));
}

void Apply::fail_unknown()
{
    failed_ = true;
    in.unknown(node, block);
}

void Apply::fail_end(std::string text, std::string hint)
{
    failed_ = true;
    diag.error(node.end, std::move(text), std::move(hint), node.name.pos);
}

void Apply::warn(std::string_view code, std::string text, std::string hint)
{
    diag.warn(node.stop, code, std::move(text), node.name.pos, std::move(hint));
}

namespace detail {

void apply_nothing(Apply&, void*) {}

}  // namespace detail

Interpreter::Interpreter(std::vector<DirectiveSet> sets, Diagnostics& diag, Tree&)
    : Interpreter(std::move(sets), diag)
{
}

Interpreter::Interpreter(std::vector<DirectiveSet> sets, Diagnostics& diag)
    : sets_(std::move(sets)), diag_(diag)
{
    for (size_t i = 0; i < sets_.size(); ++i)
        for (const Directive& row : sets_[i].rows)
            rows_[row.name].push_back({&row, i});
}

void Interpreter::run(const std::vector<Node>& nodes, Block& block)
{
    for (const Node& node : nodes)
        apply(node, block);
}

namespace {

void doubt(const Node& node, Diagnostics& diag)
{
    diag.doubt(node.name.text);  // the regex of a map's line, say
    for (const Token& arg : node.args)
        diag.doubt(arg.text);
    for (const Node& child : node.children)
        doubt(child, diag);
}

}  // namespace

void Interpreter::apply(const Node& node, Block& block)
{
    if (!applied(node, block))
        doubt(node, diag_);
}

// False: it failed, or nobody knows it; what stands in it has no effect.
bool Interpreter::applied(const Node& node, Block& block)
{
    auto found = rows_.find(node.name.text);
    if (found == rows_.end()) {
        unknown(node, block);
        return false;
    }
    const std::vector<Row>& rows = found->second;
    auto row = std::find_if(rows.begin(), rows.end(),
                            [&](const Row& r) { return (r.directive->where & block.where) != 0; });
    if (row == rows.end()) {
        misplaced(node, rows);
        return false;
    }
    const Directive& directive = *row->directive;
    if (!shape_fits(node, directive))
        return false;
    void* conf = directive.set.tag ? block.conf(row->set, directive.set.tag) : nullptr;
    // Fails when a row claims a level that its module has no conf for.
    SLUICE_CHECK(conf || !directive.set.tag);
    Apply apply{node, diag_, *this, block, directive};
    directive.set.apply(apply, conf);
    return !apply.failed();
}

void Interpreter::unknown(const Node& node, Block& block)
{
    const std::string& name = node.name.text;
    std::string hint;
    if (std::string_view successor = successor_of_directive(name); !successor.empty()) {
        hint = fmt::format("nginx has given it up, too: use {} instead", successor);
    } else if (std::string_view module = nginx_module_of_directive(name); !module.empty()) {
        hint = fmt::format("a directive of nginx's {} module, which is not built into this sluice",
                           module);
        diag_.lacks(module);
    } else if (known_in_nginx(name)) {
        hint = "this directive exists in nginx but is not built into this sluice";
        diag_.lacks(fmt::format("\"{}\"", name));
    } else if (std::string near = nearest(name, block.where); !near.empty()) {
        hint = fmt::format("did you mean \"{}\"?", near);
    }
    diag_.error(node.stop, fmt::format("unknown directive \"{}\"", name), std::move(hint),
                node.name.pos);
}

void Interpreter::misplaced(const Node& node, const std::vector<Row>& rows)
{
    Where where{};
    for (const Row& row : rows)
        where |= row.directive->where;
    diag_.error(node.stop, fmt::format("\"{}\" directive is not allowed here", node.name.text),
                "allowed in: " + where_names(where), node.name.pos);
}

namespace {

std::string arity_text(const Directive& row)
{
    if (row.max == 0)
        return "it takes no arguments";
    if (row.max == any)
        return fmt::format("it takes at least {} argument{}", row.min, row.min == 1 ? "" : "s");
    if (row.min == row.max)
        return fmt::format("it takes {} argument{}", row.min, row.min == 1 ? "" : "s");
    return fmt::format("it takes {} to {} arguments", row.min, row.max);
}

}  // namespace

/// In nginx's order: terminator, then number of arguments.
bool Interpreter::shape_fits(const Node& node, const Directive& row)
{
    const std::string& name = node.name.text;
    if (row.block != node.block) {
        diag_.error(node.stop,
                    row.block ? fmt::format("directive \"{}\" has no opening \"{{\"", name)
                              : fmt::format("directive \"{}\" is not terminated by \";\"", name),
                    {}, node.name.pos);
        return false;
    }
    size_t n = node.args.size();
    if (n >= row.min && (row.max == any || n <= row.max))
        return true;
    // The usual cause of too many: a ; that was forgotten a line above.
    std::string hint = arity_text(row);
    for (const Token& arg : node.args)
        if (n > row.min && arg.pos.line > node.name.pos.line && !arg.quoted &&
            rows_.contains(arg.text))
            hint =
                fmt::format("is a \";\" missing before \"{}\" in line {}?", arg.text, arg.pos.line);
    diag_.error(node.stop, fmt::format("invalid number of arguments in \"{}\" directive", name),
                std::move(hint), node.name.pos);
    return false;
}

namespace {

bool has_nearest(std::string_view name)
{
    return name.size() >= 3 && name.size() <= 64;
}

size_t most_edits(std::string_view name)
{
    return name.size() < 4 ? 1 : name.size() < 6 ? 2 : 3;
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& names)
{
    size_t limit = most_edits(name), best = limit + 1;
    std::string_view found;
    for (std::string_view known : names) {
        if (!has_nearest(name))
            break;
        size_t distance = edit_distance(name, known, limit);
        if (distance < known.size() / 2 + 1 &&
            (distance < best || (distance == best && distance <= limit && known < found))) {
            best = distance;
            found = known;
        }
    }
    return std::string(found);
}

/// A name that may stand here wins over one that may not.
std::string Interpreter::nearest(std::string_view name, Where where) const
{
    if (!has_nearest(name))
        return {};
    size_t limit = most_edits(name);
    size_t best = (limit + 1) * 2;
    std::string_view found;
    for (const auto& [known, rows] : rows_) {
        size_t distance = edit_distance(name, known, limit);
        bool here = std::any_of(rows.begin(), rows.end(),
                                [&](const Row& r) { return (r.directive->where & where) != 0; });
        size_t score = distance * 2 + !here;
        if (distance <= limit && distance < known.size() / 2 + 1 &&
            (score < best || (score == best && known < found))) {
            best = score;
            found = known;
        }
    }
    return std::string(found);
}

size_t edit_distance(std::string_view a, std::string_view b, size_t limit)
{
    size_t longer = std::max(a.size(), b.size()), shorter = std::min(a.size(), b.size());
    if (longer - shorter > limit)
        return limit + 1;
    // Levenshtein with neighbours swapped as one edit (lsiten): three rows are enough.
    std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return std::min(last[b.size()], limit + 1);
}

}  // namespace sluice::conf
