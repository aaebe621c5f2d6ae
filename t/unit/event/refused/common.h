// SPDX-License-Identifier: Apache-2.0
// Each .cc beside this must not compile; its second line holds an extended regular expression that
// the compiler's messages must match (check.cmake).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/event/loop.h"

using sluice::FrameArena;
using sluice::event::Task;

struct Owner {
    FrameArena arena;
    FrameArena& frames() { return arena; }
};

struct Aggregate {
    std::string s;
    int n;
};
