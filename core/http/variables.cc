// SPDX-License-Identifier: Apache-2.0
#include "core/http/variables.h"

#include <cstring>

#include "core/base/bytes.h"
#include "core/http/request.h"

namespace sluice::http {
namespace {

Value no_value(Request&, const void*)
{
    return std::nullopt;
}

}  // namespace

Variables::Variable& Variables::entry(std::string_view name, size_t& index)
{
    auto [it, fresh] = index_.emplace(lower(name), table_.size());
    index = it->second;
    if (fresh) {
        table_.push_back(std::make_unique<Variable>());
        table_.back()->name = it->first;
    }
    return *table_[index];
}

bool Variables::define(std::string_view name, Get get, const void* data, bool is_volatile,
                       bool changeable)
{
    size_t index = 0;
    Variable& variable = entry(name, index);
    if (variable.get && !variable.changeable)
        return false;
    variable.get = get;
    variable.data = data;
    variable.is_volatile = is_volatile;
    variable.changeable = changeable;
    return true;
}

size_t Variables::define_capture(std::string_view name)
{
    size_t index = 0;
    Variable& variable = entry(name, index);
    if (!variable.get)
        variable.get = no_value;
    return index;
}

void Variables::define_prefix(std::string_view prefix, Value (*get)(Request&, std::string_view),
                              bool is_volatile)
{
    prefixes_.push_back({std::string(prefix), get, is_volatile});
}

size_t Variables::use(std::string_view name, const conf::Place& place)
{
    size_t index = 0;
    Variable& variable = entry(name, index);
    if (variable.first_use.stop.line == 0)
        variable.first_use = place;
    return index;
}

bool Variables::bind_prefix(Variable& variable)
{
    const Prefix* best = nullptr;
    for (const Prefix& p : prefixes_)
        if (variable.name.starts_with(p.prefix) && variable.name.size() > p.prefix.size() &&
            (!best || p.prefix.size() > best->prefix.size()))
            best = &p;
    if (!best)
        return false;
    bound_.push_back(
        std::make_unique<Bound>(Bound{variable.name.substr(best->prefix.size()), best->get}));
    variable.get = [](Request& r, const void* data) {
        auto* bound = static_cast<const Bound*>(data);
        return bound->get(r, bound->rest);
    };
    variable.data = bound_.back().get();
    variable.is_volatile = best->is_volatile;
    return true;
}

// The nearest name, also behind a prefix that was misspelt.
std::string Variables::hint_for(std::string_view name) const
{
    if (std::string_view module = conf::nginx_module_of_variable(name); !module.empty())
        return fmt::format("a variable of nginx's {} module, which is not built into this sluice",
                           module);
    std::vector<std::string> names;
    for (const auto& variable : table_)
        if (variable->get && variable->get != no_value)
            names.push_back(variable->name);
    for (const Prefix& p : prefixes_)
        if (name.size() > p.prefix.size())
            for (size_t n : {p.prefix.size() - 1, p.prefix.size(), p.prefix.size() + 1})
                if (n < name.size() && name[n] != '_' &&
                    conf::edit_distance(name.substr(0, n), p.prefix, 1) <= 1)
                    names.push_back(p.prefix + std::string(name.substr(n)));
    std::string near = conf::nearest_name(name, names);
    return near.empty() ? near : fmt::format("did you mean \"${}\"?", near);
}

void Variables::finish(conf::Diagnostics& diag)
{
    for (auto& variable : table_) {
        if (variable->get || bind_prefix(*variable))
            continue;
        if (!diag.doubtful(variable->name)) {
            if (std::string_view module = conf::nginx_module_of_variable(variable->name);
                !module.empty())
                diag.lacks(module);
            diag.error(variable->first_use, fmt::format("unknown \"{}\" variable", variable->name),
                       hint_for(variable->name));
        }
        variable->get = no_value;
    }
}

// ---- the values of a request --------------------------------------------------------------------

VariableCache::Slot& VariableCache::slot(Request& r, size_t index)
{
    if (!slots_) {
        size_t bytes = r.main().variables.size() * sizeof(Slot);
        slots_ = static_cast<Slot*>(std::memset(r.arena().alloc(bytes, alignof(Slot)), 0, bytes));
    }
    return slots_[index];
}

Value VariableCache::get(Request& r, size_t index)
{
    const Variables::Variable& variable = r.main().variables.at(index);
    Slot& s = slot(r, index);
    if (s.state == Slot::present)
        return std::string_view{s.data, s.size};
    if (s.state == Slot::missing)
        return std::nullopt;
    if (s.state == Slot::busy) {
        r.log(Level::error, "cycle while evaluating variable \"{}\"", variable.name);
        return std::nullopt;
    }
    s.state = Slot::busy;
    Value value = variable.get(r, variable.data);
    if (variable.is_volatile)
        s.state = Slot::unknown;
    else
        s.set(value);
    return value;
}

void VariableCache::put(Request& r, size_t index, Value value)
{
    slot(r, index).set(value);
}

NamedGroups bind_groups(const Regex& regex, Variables& variables)
{
    NamedGroups groups;
    for (const auto& [name, group] : regex.names())
        groups.emplace_back(variables.define_capture(name), group);
    return groups;
}

void store_groups(Request& r, const NamedGroups& groups, const Captures& captures)
{
    for (const auto& [index, group] : groups)
        r.variables.put(r, index, captures.get(group));
}

}  // namespace sluice::http
