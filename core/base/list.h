// SPDX-License-Identifier: Apache-2.0
// Intrusive doubly linked list. An object that derives from ListHook<Tag> sits in at most one list
// per Tag; the hook unlinks itself in its destructor, so a list never points at something dead.
// Neither hook nor list may be moved while linked. All operations are O(1) except size().
#pragma once

#include <cstddef>

#include "core/base/check.h"

namespace sluice {

template <class Tag = void>
class ListHook
{
public:
    ListHook() = default;
    ~ListHook() { unlink(); }
    ListHook(const ListHook&) = delete;
    ListHook& operator=(const ListHook&) = delete;

    bool linked() const { return next_ != nullptr; }

    void unlink()
    {
        if (!next_)
            return;
        next_->prev_ = prev_;
        prev_->next_ = next_;
        next_ = prev_ = nullptr;
    }

private:
    template <class, class>
    friend class List;
    ListHook* next_ = nullptr;
    ListHook* prev_ = nullptr;
};

template <class T, class Tag = void>
class List
{
    using Hook = ListHook<Tag>;

public:
    List() { head_.next_ = head_.prev_ = &head_; }
    ~List()
    {
        while (!empty())
            head_.next_->unlink();
        head_.next_ = head_.prev_ = nullptr;
    }
    List(const List&) = delete;
    List& operator=(const List&) = delete;

    bool empty() const { return head_.next_ == &head_; }
    T& front() { return *static_cast<T*>(head_.next_); }
    T& back() { return *static_cast<T*>(head_.prev_); }

    void push_back(T& item) { insert(*head_.prev_, item); }
    void push_front(T& item) { insert(head_, item); }

    T* pop_front()
    {
        if (empty())
            return nullptr;
        T& item = front();
        static_cast<Hook&>(item).unlink();
        return &item;
    }

    /// Takes over everything that `other` holds, behind what is here.
    void splice_back(List& other)
    {
        while (T* item = other.pop_front())
            push_back(*item);
    }

    /// Calls f(T&) for each; f may unlink the item it is given, and only that one.
    template <class F>
    void each(F&& f)
    {
        for (Hook* at = head_.next_; at != &head_;) {
            Hook* next = at->next_;
            f(*static_cast<T*>(at));
            at = next;
        }
    }

    size_t size() const
    {
        size_t n = 0;
        for (const Hook* at = head_.next_; at != &head_; at = at->next_)
            ++n;
        return n;
    }

private:
    void insert(Hook& after, T& item)
    {
        Hook& hook = item;
        SLUICE_DCHECK(!hook.linked());
        hook.prev_ = &after;
        hook.next_ = after.next_;
        after.next_->prev_ = &hook;
        after.next_ = &hook;
    }

    Hook head_;
};

}  // namespace sluice
