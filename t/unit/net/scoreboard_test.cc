// SPDX-License-Identifier: Apache-2.0
#include "core/net/scoreboard.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>

namespace sluice::net {
namespace {

uint64_t accepted(const Scoreboard& board)
{
    return board.sum([](const WorkerLine& l) { return l.connections.accepted.get(); });
}

TEST(Scoreboard, WhatAChildCountsIsSeen)
{
    Scoreboard board;
    ASSERT_TRUE(board);
    WorkerLine* line = board.take(1, 0);
    pid_t child = ::fork();
    if (child == 0) {
        line->connections.accepted += 3;
        line->connections.active += 2;
        _exit(0);
    }
    line->pid = child;
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_EQ(accepted(board), 3u);
    EXPECT_EQ(line->connections.active, 2u);
}

TEST(Scoreboard, ALaterWorkerCountsOnButHoldsNothing)
{
    Scoreboard board;
    WorkerLine* first = board.take(1, 0);
    first->pid = 77;
    first->connections.accepted += 5;
    first->connections.active += 4;
    first->room.slots_used.set(4);
    board.give_back(77);
    WorkerLine* second = board.take(2, 3);
    EXPECT_EQ(second, first);
    EXPECT_EQ(second->generation, 2u);
    EXPECT_EQ(second->index, 3u);
    EXPECT_EQ(accepted(board), 5u);
    EXPECT_EQ(second->connections.active, 0u);
    EXPECT_EQ(second->room.slots_used, 0u);
}

TEST(Scoreboard, LinesRunOut)
{
    Scoreboard board;
    std::set<WorkerLine*> lines;
    for (size_t i = 0; i < Scoreboard::max_workers; ++i)
        lines.insert(board.take(1, static_cast<uint32_t>(i)));
    EXPECT_EQ(lines.size(), Scoreboard::max_workers);
    EXPECT_FALSE(lines.contains(nullptr));
    EXPECT_EQ(board.take(1, 0), nullptr);
}

TEST(Scoreboard, ListenersHaveNamesUntilTheyRunOut)
{
    Scoreboard board;
    size_t a = board.listener("0.0.0.0:80"), b = board.listener("[::]:80");
    EXPECT_NE(a, b);
    EXPECT_EQ(board.listener("0.0.0.0:80"), a);
    EXPECT_EQ(board.listener_name(b), "[::]:80");
    EXPECT_EQ(board.listener_name(0), "other");
    for (size_t i = 0; i < max_listeners; ++i)
        board.listener("unix:/" + std::to_string(i));
    EXPECT_EQ(board.listener_count(), max_listeners);
    EXPECT_EQ(board.listener("unix:/more"), 0u);
    EXPECT_EQ(board.listener_name(board.listener(std::string(200, 'x'))), "other");
}

}  // namespace
}  // namespace sluice::net
