// SPDX-License-Identifier: Apache-2.0
// refused: no lambdas, no aggregates with destructors
#include "t/unit/event/refused/common.h"

Task<int> child(Owner& o, Aggregate&& a) { co_return a.n; }
