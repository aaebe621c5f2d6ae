// SPDX-License-Identifier: Apache-2.0
// All of core/conf: diagnostics, tree, settings, rows, values.
#pragma once

#include "core/conf/diag.h"
#include "core/conf/rows.h"
#include "core/conf/setting.h"
#include "core/conf/tree.h"
#include "core/conf/values.h"
