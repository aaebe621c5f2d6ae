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

struct Scope::Root {
    Root* next;
    Root** link;
    PromiseBase* promise;

    void unlink()
    {
        *link = next;
        if (next)
            next->link = link;
    }
};

void Scope::start(Task<void> task, CancelScope* cancel)
{
    if (!task)
        return;
    PromiseBase& promise = task.release().promise();
    auto* root = new (Loop::current().frames().take(sizeof(Root))) Root{roots_, &roots_, &promise};
    if (roots_)
        roots_->link = &root->next;
    roots_ = root;
    promise.joint = this;
    promise.cancel = cancel;
    // `next` names no continuation here: a root has none, so it carries the way back to its Root.
    promise.next = std::coroutine_handle<>::from_address(root);
    ++live_;
    idle_.clear();
    Pump::start(promise.self);
}

void Scope::child_done(PromiseBase& child)
{
    auto* root = static_cast<Root*>(child.next.address());
    root->unlink();
    FrameArena::give(root);
    Loop::current().dead_.push_back(child.self);
    if (--live_ == 0)
        idle_.set();
}

void Scope::drop()
{
    while (Root* root = roots_) {
        std::coroutine_handle<> frame = root->promise->self;
        root->unlink();
        FrameArena::give(root);
        --live_;
        frame.destroy();
    }
}

}  // namespace sluice::event
