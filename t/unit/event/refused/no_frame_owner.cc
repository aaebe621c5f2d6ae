// SPDX-License-Identifier: Apache-2.0
// refused: names the arena of its frame
#include "t/unit/event/refused/common.h"

Task<int> child(int n) { co_return n; }
