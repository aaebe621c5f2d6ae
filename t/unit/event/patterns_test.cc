// SPDX-License-Identifier: Apache-2.0
// The compiler-pattern table: what the coroutine dialect (core/README.md) allows must compile and
// be right with this compiler. Each pattern runs to its end with awaits that suspend and with
// awaits that do not, and is destroyed never started and at every point where it is suspended. What
// the dialect refuses is in refused/. When a new compiler fails here, the dialect needs a new rule.
#include "t/unit/event/patterns.h"

#include <gtest/gtest.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sluice::event::patterns {
namespace {

// ---- the patterns ------------------------------------------------------------------------------

Task<int> named_local_moved(Ctx& c)
{
    Tracked t(c, 3);
    int n = co_await take(c, std::move(t));
    co_return n;
}

Task<int> class_temporary(Ctx& c)
{
    int n = co_await take(c, Tracked(c, 5));
    co_return n;
}

Task<int> class_temporary_by_reference(Ctx& c)
{
    int n = co_await peek(c, Tracked(c, 6));
    co_return n;
}

Task<int> string_temporaries(Ctx& c)
{
    std::string a(40, 'x');
    size_t n = co_await length_of(c, std::string(50, 'y'));
    size_t m = co_await length_of(c, a + "z");
    size_t k = co_await length_of(c, "short");
    co_return static_cast<int>(n + m + k);
}

Task<int> pointer_temporary(Ctx& c)
{
    int n = co_await take_pointer(c, std::make_unique<Tracked>(c, 8));
    co_return n;
}

Task<int> move_only_local(Ctx& c)
{
    auto p = std::make_unique<Tracked>(c, 9);
    int n = co_await take_pointer(c, std::move(p));
    co_return n + (p ? 100 : 0);
}

Task<int> views(Ctx& c)
{
    std::string s(64, 'v');
    size_t n = co_await length_of_view(c, s);
    size_t m =
        co_await length_of_view(c, std::string(30, 'w'));  // lives to the end of the statement
    co_return static_cast<int>(n + m);
}

Task<int> trivial_aggregates(Ctx& c)
{
    int a = co_await sum(c, Trivial{1, 2});
    int b = co_await sum(c, {3, 4});
    int d = co_await sum(c, Trivial{.a = 5, .b = 6});
    co_return a + b + d;
}

Task<int> aggregate_by_mutable_reference(Ctx& c)
{
    Aggregate a{"abc", Tracked(c, 10)};
    int n = co_await change(c, a);
    co_return n;
}

Task<int> if_await(Ctx& c)
{
    int n = 0;
    if (co_await below(c, 1, 2))
        n += 1;
    if (!co_await below(c, 3, 2))
        n += 2;
    if (auto t = co_await maybe(c, true))
        n += t->value();
    if (auto t = co_await maybe(c, false); !t)
        n += 10;
    co_return n;
}

Task<int> while_await(Ctx& c)
{
    int n = 0;
    while (co_await below(c, n, 4))
        ++n;
    while (co_await below(c, n, 100) && n < 8)
        ++n;
    co_return n;
}

Task<int> assigned(Ctx& c)
{
    int n = 1;
    n = co_await give(c, 11);
    Tracked t(c, 1);
    t = co_await make(c, 12);
    co_return n + t.value();
}

Task<int> returned(Ctx& c)
{
    Tracked held(c, 1);
    co_return co_await take(c, Tracked(c, 13));
}

Task<int> void_statement(Ctx& c)
{
    co_await nothing(c);
    co_await nothing(c);
    co_return 14;
}

Task<int> switched(Ctx& c)
{
    int n = co_await give(c, 2);
    switch (n) {
    case 1: co_return -1;
    case 2: {
        Tracked t(c, 4);
        int got = co_await take(c, std::move(t));
        n += got;
        break;
    }
    default: co_await nothing(c);
    }
    co_return n;
}

Task<int> looped(Ctx& c)
{
    int n = 0;
    for (int i = 0;; ++i) {
        Tracked inside(c, i);
        if (i == 1)
            continue;
        int got = co_await peek(c, inside);
        if (got == 4)
            break;
        n += got;
    }
    co_return n;
}

Task<int> range_for(Ctx& c)
{
    std::vector<Tracked> all;
    for (int i = 1; i <= 3; ++i)
        all.emplace_back(c, i);
    int n = 0;
    for (const Tracked& t : all) {
        int got = co_await peek(c, t);
        n += got;
    }
    co_return n;
}

Task<int> early_return(Ctx& c)
{
    Tracked outer(c, 1);
    for (int i = 0; i < 5; ++i) {
        Tracked inner(c, i);
        co_await nothing(c);
        if (i == 2)
            co_return inner.value();
    }
    co_return -1;
}

Task<int> structured_binding(Ctx& c)
{
    auto [n, t] = co_await both_of(c, 20);
    co_await nothing(c);
    co_return n + t.value();
}

Task<int> group(Ctx& c)
{
    auto [a, b] = co_await both(take(c, Tracked(c, 1)), give(c, 2));
    auto won = co_await race(give(c, 3), take(c, Tracked(c, 4)));
    co_return a + b + won.a + won.b;
}

Task<int> tried(Ctx& c)
{
    int n = 0;
    try {
        Tracked t(c, 1);
        n = co_await peek(c, t);
        if (n == 1)
            throw 5;
    } catch (int thrown) {
        n += thrown;
    }
    co_await nothing(c);
    co_return n;
}

Task<int> recursive(Ctx& c, int depth)
{
    if (depth == 0)
        co_return 0;
    Tracked t(c, depth);
    int n = co_await recursive(c, depth - 1);
    co_return n + t.value();
}
Task<int> deep(Ctx& c)
{
    co_return co_await recursive(c, 5);
}

class Object
{
public:
    explicit Object(int n) : n_(n) {}
    virtual ~Object() = default;
    Task<int> member(Ctx& c)
    {
        co_await Step(c);
        co_return n_;
    }
    Task<int> constant(Ctx& c, Tracked t) const
    {
        co_await Step(c);
        co_return n_ + t.value();
    }
    static Task<int> of_class(Ctx& c, int n)
    {
        co_await Step(c);
        co_return n;
    }
    virtual Task<int> overridden(Ctx& c) { co_return co_await give(c, -1); }

protected:
    int n_;
};

class Derived final : public Object
{
public:
    using Object::Object;
    Task<int> overridden(Ctx& c) override
    {
        int n = co_await give(c, n_);
        co_return n * 2;
    }
};

Task<int> members(Ctx& c)
{
    Object o(1);
    int a = co_await o.member(c);
    int b = co_await o.constant(c, Tracked(c, 2));
    int d = co_await Object::of_class(c, 3);
    int e = co_await Object(4).member(c);  // the object lives to the end of the statement
    co_return a + b + d + e;
}

Task<int> virtual_call(Ctx& c)
{
    std::unique_ptr<Object> o = std::make_unique<Derived>(8);
    int n = co_await o->overridden(c);
    co_return n;
}

template <class T>
Task<T> templated(Ctx& c, T value)
{
    co_await Step(c);
    co_return std::move(value);
}

Task<int> template_call(Ctx& c)
{
    Tracked t = co_await templated(c, Tracked(c, 15));
    std::string s = co_await templated<std::string>(c, "four");
    co_return t.value() + static_cast<int>(s.size());
}

Task<int> sleeper(Ctx& c)
{
    Tracked t(c, 2);
    if (c.suspends) {
        Wait w = co_await sleep(ms{0});
        if (w != Wait::timeout)
            co_return -1;
    }
    Event set;
    set.set();
    Wait w = co_await set.wait(Deadline::never());
    co_return w == Wait::ready ? t.value() : -2;
}

Task<int> spans(Ctx& c)
{
    int numbers[] = {1, 2, 3};
    int n = 0;
    for (int i : std::span(numbers)) {
        int got = co_await give(c, i);
        n += got;
    }
    co_return n;
}

struct Pattern {
    const char* name;
    Task<int> (*run)(Ctx&);
    int expected;
};

constexpr Pattern table[] = {
    {"named_local_moved", named_local_moved, 3},
    {"class_temporary", class_temporary, 5},
    {"class_temporary_by_reference", class_temporary_by_reference, 6},
    {"string_temporaries", string_temporaries, 96},
    {"pointer_temporary", pointer_temporary, 8},
    {"move_only_local", move_only_local, 9},
    {"views", views, 94},
    {"trivial_aggregates", trivial_aggregates, 21},
    {"aggregate_by_mutable_reference", aggregate_by_mutable_reference, 14},
    {"if_await", if_await, 20},
    {"while_await", while_await, 8},
    {"assigned", assigned, 23},
    {"returned", returned, 13},
    {"void_statement", void_statement, 14},
    {"switched", switched, 6},
    {"looped", looped, 5},
    {"range_for", range_for, 6},
    {"early_return", early_return, 2},
    {"structured_binding", structured_binding, 41},
    {"group", group, 10},
    {"tried", tried, 6},
    {"deep", deep, 15},
    {"members", members, 11},
    {"virtual_call", virtual_call, 16},
    {"template_call", template_call, 19},
    {"sleeper", sleeper, 2},
    {"spans", spans, 6},
};

// ---- running them ------------------------------------------------------------------------------

Task<void> store(Ctx& c, Pattern p, std::optional<int>& out)
{
    int n = co_await p.run(c);
    out = n;
}

struct Patterns : testing::TestWithParam<Pattern> {
    Loop loop{8};
    Ctx c;

    void expect_clean(const char* when)
    {
        EXPECT_EQ(c.live, 0) << when;
        EXPECT_FALSE(c.twice) << when;
        EXPECT_EQ(c.arena.live(), 0u) << when;
    }
    void turn() { loop.turn(Clock::now() + ms{2}); }
};

TEST_P(Patterns, RunsToTheEnd)
{
    for (bool suspends : {false, true}) {
        c.suspends = suspends;
        std::optional<int> out;
        Scope scope;
        scope.start(store(c, GetParam(), out), nullptr);
        for (int i = 0; i < 200 && !scope.empty(); ++i)
            turn();
        turn();  // reaps
        EXPECT_EQ(out, GetParam().expected);
        expect_clean(suspends ? "suspending" : "ready at once");
    }
}

TEST_P(Patterns, IsDestroyedWhereverItIs)
{
    {
        std::optional<int> out;
        Task<void> never_started = store(c, GetParam(), out);
    }
    expect_clean("never started");
    bool ended = false;
    for (int turns = 0; !ended; ++turns) {
        ASSERT_LT(turns, 200);
        std::optional<int> out;
        Scope scope;
        scope.start(store(c, GetParam(), out), nullptr);
        for (int i = 0; i < turns; ++i)
            turn();
        ended = scope.empty();
        scope.drop();
        turn();
        expect_clean(("dropped after turn " + std::to_string(turns)).c_str());
    }
}

// A coroutine that is asked to end unwinds by returns: its objects go in order, its frame is
// reaped.
TEST_P(Patterns, IsAskedToEnd)
{
    CancelScope cancel;
    std::optional<int> out;
    Scope scope;
    scope.start(store(c, GetParam(), out), &cancel);
    cancel.ask();
    for (int i = 0; i < 200 && !scope.empty(); ++i)
        turn();
    turn();
    EXPECT_TRUE(scope.empty());
    expect_clean("asked");
}

INSTANTIATE_TEST_SUITE_P(All, Patterns, testing::ValuesIn(table),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace sluice::event::patterns
