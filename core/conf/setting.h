// SPDX-License-Identifier: Apache-2.0
// Setting<T>: a value that knows its default and whether the configuration set it. ConfType: what
// the engine needs to make, inherit and destroy a module's conf object without knowing it.
//   struct Conf { Setting<ms> wait{ms{0}}; Setting<bool> on; };
//   constexpr ConfType type = conf_of<Conf, &Conf::wait, &Conf::on>;
// A member that is not named does not compile. Inheriting is done once per level, from the
// outermost inwards, after all directives of the level have been applied. A member that has
// inherit(const M&) is inherited by it; others (a plain pointer, say) stay as they are, and need
// ==.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace sluice::conf {

template <class T>
class Setting
{
public:
    using value_type = T;

    Setting() = default;
    Setting(T default_value) : value_(std::move(default_value)) {}

    const T& operator*() const { return value_; }
    const T* operator->() const { return &value_; }

    /// True when a directive set it, here or (after inheriting) further out.
    bool is_set() const { return set_; }
    void set(T value)
    {
        value_ = std::move(value);
        set_ = true;
    }
    /// For changing in place; counts as set.
    T& edit()
    {
        set_ = true;
        return value_;
    }
    /// Takes the parent's value unless set here.
    void inherit(const Setting& parent)
    {
        if (set_)
            return;
        value_ = parent.value_;
        set_ = parent.set_;
    }

private:
    T value_{};
    bool set_ = false;
};

namespace detail {

template <class C>
inline char tag_storage = 0;

struct Anything {
    template <class T>
    operator T() const;
};

template <class C, class... A>
constexpr size_t count_fields()
{
    if constexpr (requires { C{std::declval<A>()..., Anything{}}; })
        return count_fields<C, A..., Anything>();
    else
        return sizeof...(A);
}

template <class M>
concept Inheritable = requires(M& child, const M& parent)
{
    child.inherit(parent);
};

template <class M>
void inherit_member(M& child, const M& parent)
{
    if constexpr (Inheritable<M>)
        child.inherit(parent);
}

// Inherited, or as a level without directives would have it.
template <class M>
bool shareable_member(const M& member, const M& fresh)
{
    if constexpr (Inheritable<M>)
        return true;
    else
        return member == fresh;
}

}  // namespace detail

/// Identifies a conf type at run time.
template <class C>
constexpr const void* tag_of()
{
    return &detail::tag_storage<C>;
}

struct ConfType {
    const void* tag;
    void* (*make)();
    void (*destroy)(void*);
    void (*inherit)(void* child, const void* parent);
    /// Could an inner level without directives of its own use this one's object? Not where a member
    /// is set that is not inherited.
    bool (*shareable)(const void*);
};

namespace detail {

template <class C, auto... Members>
constexpr ConfType make_conf_type()
{
    static_assert(std::is_aggregate_v<C>, "a conf is a plain struct");
    static_assert(count_fields<C>() == sizeof...(Members),
                  "conf_of must name every member of the struct, so that none is left uninherited");
    return {
        tag_of<C>(), []() -> void* { return new C{}; }, [](void* p) { delete static_cast<C*>(p); },
        []([[maybe_unused]] void* child, [[maybe_unused]] const void* parent) {
            (inherit_member(static_cast<C*>(child)->*Members,
                            static_cast<const C*>(parent)->*Members),
             ...);
        },
        []([[maybe_unused]] const void* p) {
            static const C fresh{};
            return (shareable_member(static_cast<const C*>(p)->*Members, fresh.*Members) && ...);
        }};
}

}  // namespace detail

template <class C, auto... Members>
inline constexpr ConfType conf_of = detail::make_conf_type<C, Members...>();

}  // namespace sluice::conf
