// SPDX-License-Identifier: Apache-2.0
// refused: deleted (function|constructor)|implicitly-deleted
#include "t/unit/event/refused/common.h"

Task<int> child(Owner& o) { co_return 1; }

void copies(Owner& o)
{
    Task<int> a = child(o);
    Task<int> b = a;
}
