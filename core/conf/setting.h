// SPDX-License-Identifier: Apache-2.0
// Setting<T>: a value that knows its default and whether the configuration set it. ConfType: what
// the engine needs to make, inherit and destroy a module's conf object without knowing it.
//   struct Conf { Setting<ms> wait{ms{0}}; Setting<bool> on; };
//   constexpr ConfType type = conf_of<Conf, &Conf::wait, &Conf::on>;
// A member that is not named does not compile. Inheriting is done once per level, from the
// outermost inwards, after all directives of the level have been applied. A member that has
// inherit(const M&) is inherited by it; others (a plain pointer, say) stay as they are.
#pragma once

#include <cstddef>
#include <new>
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
void inherit_member(M& child, const M& parent)
{
    if constexpr (requires { child.inherit(parent); })
        child.inherit(parent);
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
    size_t size, align;
    void (*construct)(void*);
    void (*destroy)(void*);
    void (*inherit)(void* child, const void* parent);
};

namespace detail {

template <class C, auto... Members>
constexpr ConfType make_conf_type()
{
    static_assert(std::is_aggregate_v<C>, "a conf is a plain struct");
    static_assert(count_fields<C>() == sizeof...(Members),
                  "conf_of must name every member of the struct, so that none is left uninherited");
    return {tag_of<C>(),
            sizeof(C),
            alignof(C),
            [](void* p) { new (p) C{}; },
            [](void* p) { static_cast<C*>(p)->~C(); },
            []([[maybe_unused]] void* child, [[maybe_unused]] const void* parent) {
                (inherit_member(static_cast<C*>(child)->*Members,
                                static_cast<const C*>(parent)->*Members),
                 ...);
            }};
}

}  // namespace detail

template <class C, auto... Members>
inline constexpr ConfType conf_of = detail::make_conf_type<C, Members...>();

}  // namespace sluice::conf
