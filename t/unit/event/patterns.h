// SPDX-License-Identifier: Apache-2.0
// What the compiler-pattern table is made of: a frame owner that counts live objects, an object
// that knows whether it was destroyed twice, and an await that suspends for one turn of the loop
// (or not at all).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/event/loop.h"

namespace sluice::event::patterns {

struct Ctx {
    FrameArena arena;
    FrameArena& frames() { return arena; }
    bool suspends = true;  // false: every await is ready at once
    int live = 0;          // Tracked objects
    bool twice = false;    // one was destroyed again
};

/// A class with a constructor and a destructor that owns heap memory: copying it bytewise,
/// destroying it twice or leaking it is seen here, and by AddressSanitizer.
class Tracked
{
public:
    Tracked(Ctx& c, int value) : c_(&c), value_(std::make_unique<int>(value)) { ++c.live; }
    Tracked(Tracked&& other) noexcept : c_(other.c_), value_(std::move(other.value_))
    {
        ++c_->live;
    }
    Tracked& operator=(Tracked&& other) noexcept
    {
        value_ = std::move(other.value_);
        return *this;
    }
    ~Tracked()
    {
        if (magic_ != alive)
            c_->twice = true;
        magic_ = 0;
        --c_->live;
        value_.reset();
    }
    int value() const { return value_ ? *value_ : -1; }

private:
    static constexpr unsigned alive = 0x600d600d;
    unsigned volatile magic_ = alive;
    Ctx* c_;
    std::unique_ptr<int> value_;
};

/// `co_await Step(c)`: one turn. An awaiter with a destructor, as real ones have.
class Step final : public Waiter
{
public:
    explicit Step(Ctx& c) : c_(c), held_(c, 0) {}
    bool await_ready() const noexcept { return !c_.suspends; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h)
    {
        suspend(h);
        Waiter::wake(Wait::ready);
        return true;
    }
    Wait await_resume() const { return result_; }

private:
    Ctx& c_;
    Tracked held_;
};

// ---- children ----------------------------------------------------------------------------------

inline Task<int> give(Ctx& c, int n)
{
    co_await Step(c);
    co_return n;
}

inline Task<void> nothing(Ctx& c)
{
    co_await Step(c);
}

inline Task<int> take(Ctx& c, Tracked t)
{
    co_await Step(c);
    co_return t.value();
}

inline Task<int> peek(Ctx& c, const Tracked& t)
{
    co_await Step(c);
    co_return t.value();
}

inline Task<Tracked> make(Ctx& c, int n)
{
    co_await Step(c);
    co_return Tracked(c, n);
}

inline Task<size_t> length_of(Ctx& c, std::string s)
{
    co_await Step(c);
    co_return s.size();
}

inline Task<size_t> length_of_view(Ctx& c, std::string_view s)
{
    co_await Step(c);
    co_return s.size();
}

inline Task<int> take_pointer(Ctx& c, std::unique_ptr<Tracked> p)
{
    co_await Step(c);
    co_return p->value();
}

struct Trivial {
    int a, b;
};

inline Task<int> sum(Ctx& c, Trivial t)
{
    co_await Step(c);
    co_return t.a + t.b;
}

struct Aggregate {  // with a destructor: only by mutable reference
    std::string s;
    Tracked t;
};

inline Task<int> change(Ctx& c, Aggregate& a)
{
    co_await Step(c);
    a.s += "!";
    co_return a.t.value() + static_cast<int>(a.s.size());
}

inline Task<bool> below(Ctx& c, int n, int limit)
{
    co_await Step(c);
    co_return n < limit;
}

inline Task<std::pair<int, Tracked>> both_of(Ctx& c, int n)
{
    co_await Step(c);
    co_return std::pair<int, Tracked>(n, Tracked(c, n + 1));
}

inline Task<std::optional<Tracked>> maybe(Ctx& c, bool yes)
{
    co_await Step(c);
    if (!yes)
        co_return std::nullopt;
    co_return Tracked(c, 7);
}

}  // namespace sluice::event::patterns
