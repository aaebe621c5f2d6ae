// SPDX-License-Identifier: Apache-2.0
// Task<T>: a lazy, move-only coroutine that is awaited where it is made, or given to a Scope. There
// is no detach. Its frame comes from the FrameArena of its first parameter (after the object of a
// member function): anything with `FrameArena& frames()`, in practice Request& or Connection&.
//
// A function that usually has nothing to wait for need not be a coroutine: it returns its value, as
// a Task that has ended already and has no frame, or the Task of a coroutine that does the waiting.
//
// The dialect (core/README.md): resumed only by Pump, plus the inline start of an awaited child; no
// symmetric transfer. Cancelling is asking: a leaf wait of the asked CancelScope wakes with
// Wait::canceled, and every later wait in it says so at once. Dropping a Task destroys its frame;
// whoever does so must not run inside it.
#pragma once

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/list.h"

namespace sluice::event {

class CancelScope;
struct PromiseBase;

template <class T>
class Task;

template <class T>
concept FrameOwner = requires(std::remove_cvref_t<T>& t)
{
    {
        t.frames()
        } -> std::same_as<FrameArena&>;
};

namespace detail {

template <class T>
concept Callable = requires
{
    &std::remove_cvref_t<T>::operator();
};

// GCC 12 destroys a temporary aggregate or capturing lambda twice inside a full expression that
// awaits (anchors: PR 100611, PR 95599). A mutable reference cannot bind to a temporary and is
// fine.
template <class T>
constexpr bool allowed_parameter =
    !Callable<T> &&
    !(std::is_aggregate_v<std::remove_cvref_t<T>> && std::is_class_v<std::remove_cvref_t<T>> &&
      !std::is_trivially_destructible_v<std::remove_cvref_t<T>> &&
      !(std::is_lvalue_reference_v<T> && !std::is_const_v<std::remove_reference_t<T>>));

/// The first parameter, or the first behind the object of a member function, names the frame's
/// arena.
template <class... A>
constexpr bool has_owner = false;
template <class A>
constexpr bool has_owner<A> = FrameOwner<A>;
template <class A, class B, class... Rest>
constexpr bool has_owner<A, B, Rest...> = FrameOwner<A> || FrameOwner<B>;

}  // namespace detail

/// Who waits for several children at once: told when one of them ends.
class Joint
{
public:
    virtual void child_done(PromiseBase& child) = 0;

protected:
    ~Joint() = default;
};

/// Runs coroutines: resumes a handle and whatever becomes its continuation. The only place that
/// resumes.
class Pump
{
public:
    static void run(std::coroutine_handle<> h)
    {
        do {
            next_ = nullptr;
            h.resume();
            h = next_;
        } while (h);
    }
    /// Starts an awaited child inline; its own continuations are not ours to run.
    static void start(std::coroutine_handle<> child) { child.resume(); }
    static void continue_with(std::coroutine_handle<> h) { next_ = h; }

private:
    inline static std::coroutine_handle<> next_;
};

template <class A>
class AwaitRef
{
public:
    explicit AwaitRef(A& awaiter) : awaiter_(&awaiter) {}
    bool await_ready() const { return awaiter_->await_ready(); }
    template <class P>
    auto await_suspend(std::coroutine_handle<P> h) const
    {
        return awaiter_->await_suspend(h);
    }
    decltype(auto) await_resume() const { return awaiter_->await_resume(); }

private:
    A* awaiter_;
};

struct PromiseBase {
    struct Parent {
        std::coroutine_handle<> handle;
        bool child_done = false;
    };
    struct Neighbours {
        PromiseBase* next;
        PromiseBase** link;  // what points here
    };
    std::coroutine_handle<> self;
    CancelScope* cancel = nullptr;  // may be null: cannot be canceled
    Joint* joint = nullptr;         // the group that awaits us, or the Scope that owns us
    union {
        Parent parent{};        // without a joint: who awaits us
        Neighbours neighbours;  // in a Scope
    };

    struct Final {
        bool await_ready() const noexcept { return false; }
        template <class P>
        void await_suspend(std::coroutine_handle<P> h) const noexcept
        {
            PromiseBase& p = h.promise();
            if (p.joint) {
                p.joint->child_done(p);
                return;
            }
            p.parent.child_done = true;
            if (p.parent.handle)
                Pump::continue_with(p.parent.handle);
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    Final final_suspend() const noexcept { return {}; }
    void unhandled_exception() const noexcept
    {
        check_failed("no exception leaves a Task", __FILE__, __LINE__);
    }

    template <FrameOwner Owner, class... A>
    static void* operator new(size_t n, Owner& owner, A&...)
    {
        return owner.frames().take(n);
    }
    template <class Self, FrameOwner Owner, class... A>
    requires(!FrameOwner<Self>) static void* operator new(size_t n, Self&, Owner& owner, A&...)
    {
        return owner.frames().take(n);
    }
    static void operator delete(void* frame) { FrameArena::give(frame); }

    /// A Task is awaited where it is made. (It lives on in the awaiting frame to the end of the
    /// statement.)
    template <class T>
    static auto await_transform(Task<T>&& task)
    {
        return std::move(task).awaiter();
    }
    /// Awaiters do not move: the await goes through a reference to the temporary in the awaiting
    /// frame (GCC 12 would copy an awaiter that await_transform returns by reference). Aggregate
    /// awaiters are refused: GCC 12 destroys such temporaries twice.
    template <class A>
    static auto await_transform(A&& awaiter)
    {
        static_assert(!std::is_aggregate_v<std::remove_cvref_t<A>>,
                      "an awaiter must have a constructor");
        return AwaitRef<std::remove_cvref_t<A>>(awaiter);
    }
    template <class T>
    static void await_transform(Task<T>& named) = delete;
};

namespace detail {

template <class T>
struct Promise : PromiseBase {
    std::optional<T> value;
    Task<T> get_return_object();
    template <class U>
    void return_value(U&& v)
    {
        value.emplace(std::forward<U>(v));
    }
};

template <>
struct Promise<void> : PromiseBase {
    Task<void> get_return_object();
    void return_void() const {}
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task
{
public:
    using promise_type = detail::Promise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    /// Ended. It has no value: only a Task<void> may be awaited so.
    Task() = default;
    explicit Task(Handle h) : handle_(h) { h.promise().self = h; }
    /// Ended: `return value;` in a function that is no coroutine.
    template <class U>
    requires(!std::is_void_v<T> && std::is_convertible_v<U&&, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Task>) Task(U&& value)
        : ended_(std::forward<U>(value))
    {
    }
    Task(Task&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)), ended_(std::move(other.ended_))
    {
    }
    Task& operator=(Task&& other) noexcept
    {
        std::swap(handle_, other.handle_);
        std::swap(ended_, other.ended_);
        return *this;
    }
    ~Task()
    {
        if (handle_)
            handle_.destroy();
    }

    /// There is a coroutine to run.
    explicit operator bool() const { return static_cast<bool>(handle_); }
    promise_type& promise() const { return handle_.promise(); }
    Handle release() { return std::exchange(handle_, nullptr); }

    T result()
    {
        if constexpr (!std::is_void_v<T>) {
            if (handle_)
                return std::move(*handle_.promise().value);
            return std::move(*ended_);
        }
    }

    /// Of a task that has ended.
    const auto& value() const { return handle_ ? *handle_.promise().value : *ended_; }

    class Awaiter
    {
    public:
        explicit Awaiter(Task& child) : child_(child) {}
        bool await_ready() const noexcept { return !child_.handle_; }
        template <class P>
        bool await_suspend(std::coroutine_handle<P> parent) const
        {
            PromiseBase& child = child_.promise();
            child.cancel = parent.promise().cancel;
            Pump::start(child_.handle_);
            if (child.parent.child_done)
                return false;
            child.parent.handle = parent;
            return true;
        }
        T await_resume() const { return child_.result(); }

    private:
        Task& child_;
    };
    Awaiter awaiter() && { return Awaiter(*this); }

private:
    struct Nothing {
    };
    using Ended = std::conditional_t<std::is_void_v<T>, Nothing, std::optional<T>>;
    Handle handle_;
    [[no_unique_address]] Ended ended_ = Ended();
};

namespace detail {
template <class T>
Task<T> Promise<T>::get_return_object()
{
    return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object()
{
    return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}
}  // namespace detail

}  // namespace sluice::event

template <class T, class... A>
struct std::coroutine_traits<sluice::event::Task<T>, A...> {
    static_assert((sluice::event::detail::allowed_parameter<A> && ...),
                  "a coroutine takes references to what outlives the call, views, or classes with "
                  "constructors: no lambdas, no aggregates with destructors");
    // GCC would say so too, as no operator new fits; Clang 14 would take the global one.
    static_assert(sluice::event::detail::has_owner<A...>,
                  "a coroutine's first parameter has frames(): it names the arena of its frame");
    using promise_type = sluice::event::detail::Promise<T>;
};
