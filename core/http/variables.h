// SPDX-License-Identifier: Apache-2.0
// Variables and templates. A name in the configuration becomes an index when it is read; the value
// is computed at most once per request unless the variable is volatile. Names may be used before
// they are defined (map further down): what is still undefined when the configuration has been read
// is an error at the place of use.
//
// Template: a directive's text with $variables, compiled once to literal and variable parts;
// evaluating appends to the request's arena, never measures first.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/hash.h"
#include "core/conf/conf.h"
#include "core/http/regex.h"

namespace sluice::http {

class Request;

/// A variable's value: a view that lives as long as the request, or "not found" (logged as "-").
using Value = std::optional<std::string_view>;

class Variables
{
public:
    /// `data` is what was given to define().
    using Get = Value (*)(Request& r, const void* data);

    struct Variable {
        std::string name;
        Get get = nullptr;  // null: not defined (yet)
        const void* data = nullptr;
        bool is_volatile = false;  // computed at each use
        bool changeable = true;    // may be re-defined (map, set) over the built-in one
        conf::Place first_use{};
    };

    /// Variables by prefix ("arg_", "http_"): the getter's data is the rest of the name,
    /// lower-cased.
    struct Prefix {
        std::string prefix;
        Value (*get)(Request& r, std::string_view rest);
        bool is_volatile = false;
    };

    /// False when the name is taken by one that is not changeable.
    bool define(std::string_view name, Get get, const void* data = nullptr,
                bool is_volatile = false, bool changeable = true);
    /// Makes a regex's named group a variable; its index, for VariableCache::put().
    size_t define_capture(std::string_view name);
    void define_prefix(std::string_view prefix, Value (*get)(Request&, std::string_view rest),
                       bool is_volatile = false);

    /// The index of a name, for use(); remembers the place of its first use. Case does not matter.
    size_t use(std::string_view name, const conf::Place& place);
    /// After reading: binds prefixes and reports what nobody defined: `unknown "x" variable`. Not
    /// what a directive that failed may have meant to define.
    void finish(conf::Diagnostics& diag);

    size_t size() const { return table_.size(); }
    const Variable& at(size_t index) const { return *table_[index]; }

private:
    struct Bound {
        std::string rest;
        Value (*get)(Request& r, std::string_view rest);
    };
    Variable& entry(std::string_view name, size_t& index);
    bool bind_prefix(Variable& variable);
    std::string hint_for(std::string_view name) const;
    std::vector<std::unique_ptr<Variable>> table_;
    std::unordered_map<std::string, size_t, ViewHash, std::equal_to<>> index_;
    std::vector<Prefix> prefixes_;
    std::vector<std::unique_ptr<Bound>> bound_;
};

/// Makes variables of a pattern's named groups.
NamedGroups bind_groups(const Regex& regex, Variables& variables);
/// Sets them from the last match.
void store_groups(Request& r, const NamedGroups& groups, const Captures& captures);

/// A request's values, by index.
class VariableCache
{
public:
    /// nullopt also while it is being computed: a map that needs itself (logged).
    Value get(Request& r, size_t index);
    void reset() { slots_ = nullptr; }
    /// From now on the values are those of `other`, whose request is `r`.
    void share(Request& r, VariableCache& other)
    {
        other.slot(r, 0);
        slots_ = other.slots_;
    }
    /// It has been computed or set, and is there.
    bool has(size_t index) const { return slots_ && slots_[index].state == Slot::present; }
    /// Sets a value for the rest of the request (named captures).
    void put(Request& r, size_t index, Value value);

private:
    struct Slot {
        enum State : uint32_t { unknown, busy, missing, present };  // memory of zeros is unknown
        const char* data;
        uint32_t size;
        State state;
        void set(Value value)
        {
            state = value ? present : missing;
            data = value ? value->data() : nullptr;
            size = value ? static_cast<uint32_t>(value->size()) : 0;
        }
    };
    Slot& slot(Request& r, size_t index);
    Slot* slots_ = nullptr;
};

class Template
{
public:
    Template() = default;
    explicit Template(std::string literal) : literal_(std::move(literal)) {}

    /// Reports `invalid variable name` at the argument; $1 to $9 and ${name} as in nginx.
    static std::optional<Template> compile(conf::Apply& apply, Variables& variables, size_t arg);
    /// `place`: where the text begins, see conf::Apply::place().
    static std::optional<Template> compile(std::string_view text, const conf::Place& place,
                                           conf::Diagnostics& diag, Variables& variables);

    /// A view of the arena, the template or a single variable's value. A missing value adds
    /// nothing.
    std::string_view eval(Request& r) const;
    bool is_constant() const { return parts_.empty(); }
    /// The text when it is constant.
    const std::string& literal() const { return literal_; }
    bool empty() const { return parts_.empty() && literal_.empty(); }

    struct Part {
        enum Kind : uint8_t { text, variable, capture } kind;
        size_t index;  // of the variable or capture group
        std::string text_;
    };
    const std::vector<Part>& parts() const { return parts_; }

private:
    std::string literal_;
    std::vector<Part> parts_;  // empty: constant
};

/// For Setting<Template>: any text with variables (needs the http context of the interpreter).
bool parse(conf::Apply& apply, size_t arg, Template& out);

/// A cookie of the request, by its name.
Value cookie_value(Request& r, std::string_view name);

/// The built-in set: core/http/variables_core.cc.
void define_core_variables(Variables& variables);

}  // namespace sluice::http
