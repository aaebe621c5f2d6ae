// SPDX-License-Identifier: Apache-2.0
#include "core/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sluice {

void check_failed(const char* what, const char* file, int line)
{
    std::fprintf(stderr, "sluice: broken invariant \"%s\" at %s:%d; please report it\n", what, file,
                 line);
    std::abort();
}

}  // namespace sluice
