// SPDX-License-Identifier: Apache-2.0
// refused: an awaiter must have a constructor
#include "t/unit/event/refused/common.h"

struct Awaiter {
    std::string s;
    bool await_ready() { return true; }
    void await_suspend(std::coroutine_handle<>) {}
    int await_resume() { return 1; }
};

Task<int> parent(Owner& o)
{
    int n = co_await Awaiter{"x"};
    co_return n;
}
