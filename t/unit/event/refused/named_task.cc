// SPDX-License-Identifier: Apache-2.0
// refused: deleted (member )?function
#include "t/unit/event/refused/common.h"

Task<int> child(Owner& o) { co_return 1; }

Task<int> parent(Owner& o)
{
    Task<int> named = child(o);
    co_return co_await named;
}
