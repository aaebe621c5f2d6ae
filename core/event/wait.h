// SPDX-License-Identifier: Apache-2.0
// What a coroutine suspends on. A Waiter is the leaf: it sits in the awaiting frame, is linked into
// the CancelScope of its task and into whatever will wake it, and unlinks itself from all of that
// when it is destroyed. Waking puts it on the loop's ready list; it never resumes anybody directly.
//
//   Wait     how a wait ended
//   Sleep    co_await sleep(ms)
//   Event    sticky flag that several may await
//   Queue    bounded FIFO: push awaits room, pop awaits an item
//   both     runs two tasks to their ends; the first failure asks the other to cancel
//   race     the first to end wins; the other is asked to cancel and awaited
//   Scope    owns tasks that nobody awaits singly
#pragma once

#include <array>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/base/clock.h"
#include "core/base/list.h"
#include "core/event/task.h"
#include "core/event/timer.h"

namespace sluice::event {

class Loop;

enum class Wait : uint8_t { ready, timeout, canceled };

struct ReadyTag;
struct CancelTag;
struct ScopeTag;
struct ChildTag;

class Waiter : public ListHook<ReadyTag>, public ListHook<CancelTag>
{
public:
    bool waiting() const { return waiting_; }
    /// First caller wins; the others find it not waiting.
    void wake(Wait why);

protected:
    ~Waiter() = default;
    template <class P>
    void suspend(std::coroutine_handle<P> h)
    {
        suspend_in(h, h.promise().cancel);
    }
    /// False, with that result, where the task has been asked to end.
    template <class P>
    bool suspend_unless_canceled(std::coroutine_handle<P> h);
    void suspend_in(std::coroutine_handle<> h, CancelScope* cancel);
    std::coroutine_handle<> handle() const { return handle_; }

private:
    friend class Loop;
    /// Unlink from whatever would wake us; called once, by wake().
    virtual void detach() {}
    /// Asked when its turn to resume has come. False: not yet, it has suspended itself again.
    virtual bool settle() { return true; }

    std::coroutine_handle<> handle_;
    bool waiting_ = false;

protected:
    Wait result_ = Wait::ready;  // last: those that derive go on in the same word
};

/// Asks a tree of tasks to end. Sticky. Scopes nest: asking the parent asks the children.
class CancelScope : public ListHook<ChildTag>
{
public:
    CancelScope() = default;
    explicit CancelScope(CancelScope* parent) { nest(parent); }
    void nest(CancelScope* parent);
    void ask();
    bool asked() const { return asked_; }
    /// For an object that is used again.
    void reset() { asked_ = false; }

private:
    friend class Waiter;
    bool asked_ = false;
    List<Waiter, CancelTag> waits_;
    List<CancelScope, ChildTag> children_;
};

inline bool canceled(const PromiseBase& p)
{
    return p.cancel && p.cancel->asked();
}

template <class P>
bool Waiter::suspend_unless_canceled(std::coroutine_handle<P> h)
{
    if (canceled(h.promise())) {
        result_ = Wait::canceled;
        return false;
    }
    suspend(h);
    return true;
}

class Sleep : public Waiter, public Timer
{
public:
    explicit Sleep(Instant until) : until_(until) {}
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h)
    {
        if (!suspend_unless_canceled(h))
            return false;
        arm();
        return true;
    }
    /// timeout: slept to the end; canceled.
    Wait await_resume() const { return result_; }

private:
    void arm();
    void expired() override { wake(Wait::timeout); }
    void detach() override { cancel(); }
    Instant until_;
};

inline Sleep sleep(ms d)
{
    return Sleep(Clock::in(d));
}

/// A wait in a list, with a deadline.
struct ListWaitTag;
class ListWaiter : public Waiter, public Timer, public ListHook<ListWaitTag>
{
protected:
    ~ListWaiter() = default;
    void arm(Deadline deadline);

private:
    void expired() override { wake(Wait::timeout); }
    void detach() override
    {
        cancel();
        ListHook<ListWaitTag>::unlink();
    }
};
using WaitList = List<ListWaiter, ListWaitTag>;

class Event
{
public:
    bool is_set() const { return set_; }
    void set();
    void clear() { set_ = false; }

    class Awaiter final : public ListWaiter
    {
    public:
        Awaiter(Event& event, Deadline deadline) : event_(event), deadline_(deadline) {}
        bool await_ready() const noexcept { return event_.set_; }
        template <class P>
        bool await_suspend(std::coroutine_handle<P> h)
        {
            if (!suspend_unless_canceled(h))
                return false;
            event_.waiters_.push_back(*this);
            arm(deadline_);
            return true;
        }
        Wait await_resume() const { return result_; }

    private:
        Event& event_;
        Deadline deadline_;
    };
    Awaiter wait(Deadline deadline) { return Awaiter(*this, deadline); }

private:
    bool set_ = false;
    WaitList waiters_;
};

/// One task may push and one may pop at a time.
template <class T, size_t N>
class Queue
{
public:
    bool empty() const { return size_ == 0; }
    bool full() const { return size_ == N; }
    bool try_push(T value)
    {
        if (full())
            return false;
        items_[(first_ + size_++) % N].emplace(std::move(value));
        filled_.set();
        return true;
    }
    std::optional<T> try_pop()
    {
        if (empty())
            return std::nullopt;
        std::optional<T> value = std::move(items_[first_]);
        items_[first_].reset();
        first_ = (first_ + 1) % N;
        --size_;
        drained_.set();
        return value;
    }
    /// Then try_push / try_pop succeed.
    template <FrameOwner Owner>
    Task<Wait> room(Owner& owner, Deadline deadline)
    {
        while (full()) {
            drained_.clear();
            Wait w = co_await drained_.wait(deadline);
            if (w != Wait::ready)
                co_return w;
        }
        co_return Wait::ready;
    }
    template <FrameOwner Owner>
    Task<Wait> item(Owner& owner, Deadline deadline)
    {
        while (empty()) {
            filled_.clear();
            Wait w = co_await filled_.wait(deadline);
            if (w != Wait::ready)
                co_return w;
        }
        co_return Wait::ready;
    }

private:
    std::array<std::optional<T>, N> items_;
    size_t first_ = 0, size_ = 0;
    Event filled_, drained_;
};

// ---- groups ------------------------------------------------------------------------------------

/// Whether a task's value means that its sibling in both() should be asked to stop. Overload by
/// ADL.
template <class T>
bool is_failure(const T&)
{
    return false;
}

namespace detail {

template <class A, class B, bool first_wins>
class Pair : Joint
{
public:
    Pair(Task<A> a, Task<B> b) : a_(std::move(a)), b_(std::move(b)) {}
    Pair(const Pair&) = delete;

    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h)
    {
        cancel_a_.nest(h.promise().cancel);
        cancel_b_.nest(h.promise().cancel);
        begin(a_, cancel_a_);
        begin(b_, cancel_b_);
        if (left_ == 0)
            return false;
        parent_ = h;
        return true;
    }

protected:
    template <class T>
    void begin(Task<T>& child, CancelScope& cancel)
    {
        if (!child) {
            ended(static_cast<void*>(&child) == &a_);
            return;
        }
        child.promise().cancel = &cancel;
        child.promise().joint = this;
        Pump::start(child.promise().self);
    }
    void child_done(PromiseBase& child) override { ended(a_ && &child == &a_.promise()); }
    void ended(bool is_a)
    {
        if (left_-- == 2) {
            a_first_ = is_a;
            bool stop = first_wins || (is_a ? is_failure(a_.value()) : is_failure(b_.value()));
            if (stop)
                (is_a ? cancel_b_ : cancel_a_).ask();
        } else if (parent_) {
            Pump::continue_with(parent_);
        }
    }

    Task<A> a_;
    Task<B> b_;
    CancelScope cancel_a_, cancel_b_;
    std::coroutine_handle<> parent_;
    int left_ = 2;
    bool a_first_ = true;
};

}  // namespace detail

template <class A, class B>
class Both : public detail::Pair<A, B, false>
{
public:
    using detail::Pair<A, B, false>::Pair;
    std::pair<A, B> await_resume() { return {this->a_.result(), this->b_.result()}; }
};

template <class A, class B>
class Race : public detail::Pair<A, B, true>
{
public:
    using detail::Pair<A, B, true>::Pair;
    struct Outcome {
        bool first;  // a ended first
        A a;
        B b;
    };
    Outcome await_resume() { return {this->a_first_, this->a_.result(), this->b_.result()}; }
};

template <class A, class B>
Both<A, B> both(Task<A> a, Task<B> b)
{
    return Both<A, B>(std::move(a), std::move(b));
}

template <class A, class B>
Race<A, B> race(Task<A> a, Task<B> b)
{
    return Race<A, B>(std::move(a), std::move(b));
}

/// Root tasks. An ended one is destroyed at the end of the loop's turn, never from inside. The
/// destructor drops what still runs.
class Scope : Joint
{
public:
    Scope() = default;
    ~Scope() { drop(); }
    Scope(const Scope&) = delete;

    /// Starts it now, inline. `cancel` must outlive the task; may be null.
    void start(Task<void> task, CancelScope* cancel);
    bool empty() const { return live_ == 0; }
    size_t size() const { return live_; }
    /// Set when the last one has ended.
    Event& idle() { return idle_; }
    /// Destroys everything that has not ended; not from inside a task.
    void drop();

private:
    void child_done(PromiseBase& child) override;
    void forget(PromiseBase& root);
    size_t live_ = 0;
    PromiseBase* roots_ = nullptr;
    Event idle_;
};

}  // namespace sluice::event
