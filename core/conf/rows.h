// SPDX-License-Identifier: Apache-2.0
// Directive rows: what directives there are is data, {name, where, arity, setter}, and the
// Interpreter applies a tree to them. It checks name, place, terminator and arity with nginx's
// wordings, goes on after errors, and asks the Block for the conf object that the setter's tag
// names.
//   constexpr Directive directives[] = {
//       {"delay",  everywhere, 1, 1, store<&Conf::wait>},       // Setting<ms> Conf::wait
//       {"origin", in_server, 2, 3, call<add_origin>},          // void add_origin(Apply&, Conf&)
//       {"http",   in_main, 0, 0, run<on_http>, true},          // void on_http(Apply&): a block
//   };
// The same name may stand in several rows: the first whose `where` fits the block is taken.
// A setter of a block directive runs the children itself: in.run(node.children, my_block).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/conf/diag.h"
#include "core/conf/setting.h"
#include "core/conf/tree.h"

namespace sluice::conf {

using Where = uint32_t;
enum : Where {
    in_main = 1,
    in_events = 2,
    in_http = 4,
    in_server = 8,
    in_location = 16,
    in_upstream = 32,
    in_if_server = 64,
    in_if_location = 128,
    in_limit_except = 256,
    in_other = 512,  // bodies of map, types, geo
};
inline constexpr Where everywhere = in_http | in_server | in_location;

/// `http, server, if in location`
std::string where_names(Where where);

inline constexpr uint8_t any = 255;  // as Directive::max

struct Apply;
class Interpreter;

struct Setter {
    const void* tag;  // of the conf object that apply wants; null for none
    void (*apply)(Apply&, void* conf);
};

struct Directive {
    std::string_view name;
    Where where;
    uint8_t min, max;
    Setter set;
    bool block = false;
};

struct DirectiveSet {
    std::string_view module;
    std::span<const Directive> rows;
};

/// A level of the configuration while it is being read.
class Block
{
public:
    explicit Block(Where at = in_main, Block* outer = nullptr) : where(at), parent(outer) {}
    virtual ~Block();
    /// The conf object with this tag of that DirectiveSet at this level.
    virtual void* conf(size_t set_index, const void* tag) = 0;

    Where where;
    Block* parent;
};

/// One directive being applied.
struct Apply {
    const Node& node;
    Diagnostics& diag;
    Interpreter& in;
    Block& block;
    const Directive& row;

    size_t size() const { return node.args.size(); }
    const std::string& arg(size_t i) const { return node.args[i].text; }
    const std::string& name() const { return node.name.text; }

    /// An error at this directive: `TEXT in FILE:LINE`.
    void fail(std::string text, std::string hint = {});
    /// The same with the caret at an argument.
    void fail_at(size_t arg, std::string text, std::string hint = {});
    /// The same with the caret inside an argument, at byte `offset` of its text.
    void fail_inside(size_t arg, size_t offset, std::string text, std::string hint = {});
    /// Where an argument stands, from byte `offset` on.
    Place place(size_t arg, size_t offset = 0) const;
    /// nginx's `"NAME" directive WHAT`, as in `"listen" directive is duplicate`.
    void fail_directive(std::string_view what, std::string hint = {});
    void fail_directive_at(size_t arg, std::string_view what, std::string hint = {});
    /// An error at a child that the setter reads by itself (a line of a map, say).
    void fail_node(const Node& child, std::string text, std::string hint = {});
    /// The same with the caret inside the child's name.
    void fail_in_name(const Node& child, size_t offset, std::string text);
    /// As if no row had this name.
    void fail_unknown();
    /// An error that shows once the block has been read: nginx names the line of its }.
    void fail_end(std::string text, std::string hint = {});
    void warn(std::string_view code, std::string text, std::string hint = {});
    bool failed() const { return failed_; }

    bool failed_ = false;
};

class Interpreter
{
public:
    Interpreter(std::vector<DirectiveSet> sets, Diagnostics& diag, Tree& tree);
    Interpreter(std::vector<DirectiveSet> sets, Diagnostics& diag);

    /// Applies `nodes` in order. May be called again, also from setters, also for another tree.
    void run(const std::vector<Node>& nodes, Block& block);

    Diagnostics& diag() { return diag_; }
    const std::vector<DirectiveSet>& sets() const { return sets_; }

    void* user = nullptr;  // the owner's context

private:
    friend struct Apply;
    struct Row {
        const Directive* directive;
        size_t set;
    };

    void apply(const Node& node, Block& block);
    bool applied(const Node& node, Block& block);
    void unknown(const Node& node, Block& block);
    void misplaced(const Node& node, const std::vector<Row>& rows);
    bool shape_fits(const Node& node, const Directive& row);
    std::string nearest(std::string_view name, Where where) const;

    std::vector<DirectiveSet> sets_;
    std::unordered_map<std::string_view, std::vector<Row>> rows_;
    Diagnostics& diag_;
};

/// The smallest number of single-byte edits that make `b` of `a`; `limit` + 1 when there are more.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit);

/// The nearest of `names` that could be meant: few edits for its length, the alphabetically first
/// of equals. "" when none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& names);

/// True for a directive of stock nginx, whether it is built in here or not.
bool known_in_nginx(std::string_view name);
/// The module of nginx that a directive (a variable, without '$') belongs to, "" for its core and
/// for what it does not have. Only what may be missing here is listed.
std::string_view nginx_module_of_directive(std::string_view name);
std::string_view nginx_module_of_variable(std::string_view name);

/// What to write in place of a directive that nginx has given up; "" when it has not.
std::string_view successor_of_directive(std::string_view name);

namespace detail {

template <class T>
struct IsVector : std::false_type {
};
template <class T, class A>
struct IsVector<std::vector<T, A>> : std::true_type {
};

template <class T>
void store_value(Apply& apply, Setting<T>& setting)
{
    if constexpr (IsVector<T>::value) {
        typename T::value_type item{};
        if (!parse(apply, size_t{0}, item))
            return;
        if (!setting.is_set())
            setting.set({});  // a default list gives way to the first line
        setting.edit().push_back(std::move(item));
    } else {
        if (setting.is_set())
            return apply.fail_directive("is duplicate");
        T value = *setting;
        if (parse(apply, size_t{0}, value))
            setting.set(std::move(value));
        else
            setting.edit();  // no second complaint from a second use
    }
}

template <class M>
struct MemberOf;
template <class M, class C>
struct MemberOf<M C::*> {
    using Class = C;
};

template <class F>
struct ConfOf;
template <class C>
struct ConfOf<void (*)(Apply&, C&)> {
    using Class = C;
};

template <auto Member>
void apply_store(Apply& apply, void* conf)
{
    using C = typename MemberOf<decltype(Member)>::Class;
    store_value(apply, static_cast<C*>(conf)->*Member);
}

template <auto Fn>
void apply_call(Apply& apply, void* conf)
{
    using C = typename ConfOf<decltype(+Fn)>::Class;
    Fn(apply, *static_cast<C*>(conf));
}

template <void (*Fn)(Apply&)>
void apply_run(Apply& apply, void*)
{
    Fn(apply);
}

void apply_nothing(Apply&, void*);

}  // namespace detail

/// Parses the arguments into a Setting<T> with `bool parse(Apply&, size_t first_arg, T& out)`,
/// found by ADL. A second use in one block is nginx's `directive is duplicate`;
/// Setting<std::vector<T>> takes one T per line.
template <auto Member>
inline constexpr Setter store{tag_of<typename detail::MemberOf<decltype(Member)>::Class>(),
                              &detail::apply_store<Member>};

/// void Fn(Apply&, Conf&)
template <auto Fn>
inline constexpr Setter call{tag_of<typename detail::ConfOf<decltype(+Fn)>::Class>(),
                             &detail::apply_call<Fn>};

/// void Fn(Apply&): needs no conf object.
template <void (*Fn)(Apply&)>
inline constexpr Setter run{nullptr, &detail::apply_run<Fn>};

/// Accepted and without effect, a block's content included.
inline constexpr Setter ignored{nullptr, &detail::apply_nothing};

}  // namespace sluice::conf
