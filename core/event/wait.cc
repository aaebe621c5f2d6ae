// SPDX-License-Identifier: Apache-2.0
#include "core/event/wait.h"

#include "core/event/loop.h"

namespace sluice::event {

void Waiter::suspend_in(std::coroutine_handle<> h, CancelScope* cancel)
{
    handle_ = h;
    waiting_ = true;
    if (cancel)
        cancel->waits_.push_back(*this);
}

void Waiter::wake(Wait why)
{
    if (!waiting_)
        return;
    waiting_ = false;
    result_ = why;
    ListHook<CancelTag>::unlink();
    detach();
    Loop::current().ready_.push_back(*this);
}

void CancelScope::nest(CancelScope* parent)
{
    if (!parent)
        return;
    parent->children_.push_back(*this);
    asked_ = parent->asked_;
}

void CancelScope::ask()
{
    if (asked_)
        return;
    asked_ = true;
    while (Waiter* waiter = waits_.empty() ? nullptr : &waits_.front())
        waiter->wake(Wait::canceled);
    children_.each([](CancelScope& child) { child.ask(); });
}

void Sleep::arm()
{
    Loop::current().timers().add(*this, until_);
}

void ListWaiter::arm(Deadline deadline)
{
    if (deadline != Deadline::never())
        Loop::current().timers().add(*this, deadline);
}

void Event::set()
{
    set_ = true;
    while (!waiters_.empty())
        waiters_.front().wake(Wait::ready);
}

void Scope::start(Task<void> task, CancelScope* cancel)
{
    if (!task)
        return;
    PromiseBase& root = task.release().promise();
    root.joint = this;
    root.cancel = cancel;
    root.neighbours = {roots_, &roots_};
    if (roots_)
        roots_->neighbours.link = &root.neighbours.next;
    roots_ = &root;
    ++live_;
    idle_.clear();
    Pump::start(root.self);
}

void Scope::forget(PromiseBase& root)
{
    auto [next, link] = root.neighbours;
    *link = next;
    if (next)
        next->neighbours.link = link;
    --live_;
}

void Scope::child_done(PromiseBase& child)
{
    forget(child);
    Loop::current().dead_.push_back(child.self);
    if (live_ == 0)
        idle_.set();
}

void Scope::drop()
{
    while (PromiseBase* root = roots_) {
        forget(*root);
        root->self.destroy();
    }
}

}  // namespace sluice::event
