// SPDX-License-Identifier: Apache-2.0
// refused: no lambdas, no aggregates with destructors
#include "t/unit/event/refused/common.h"

template <class F>
Task<int> child(Owner& o, F f)
{
    co_return f();
}

Task<int> parent(Owner& o)
{
    std::string s = "captured";
    co_return co_await child(o, [s] { return static_cast<int>(s.size()); });
}
