// SPDX-License-Identifier: Apache-2.0
// refused: no lambdas, no aggregates with destructors
#include "t/unit/event/refused/common.h"

Task<int> parent(Owner& o)
{
    int n = 3;
    auto child = [n](Owner& o) -> Task<int> { co_return n; };
    co_return co_await child(o);
}
