// SPDX-License-Identifier: Apache-2.0
// Compiles: so that the others fail for the reason they name and for no other.
#include "t/unit/event/refused/common.h"

Task<int> child(Owner& o, std::string_view text) { co_return static_cast<int>(text.size()); }

Task<int> parent(Owner& o)
{
    int n = co_await child(o, "abc");
    co_return n;
}
