// SPDX-License-Identifier: Apache-2.0
// refused: nodiscard
#include "t/unit/event/refused/common.h"

Task<int> child(Owner& o) { co_return 1; }

void forgets(Owner& o) { child(o); }
