// SPDX-License-Identifier: Apache-2.0
// Logs that cannot be written: traffic goes on, and it is said once.
#include <gtest/gtest.h>

#include "fleet.h"

namespace sluice::fault {
namespace {

TEST(FullLogDisk, NeverStopsTraffic)
{
    Fleet fleet;
    fleet.configure("error_log /dev/full info;",
                    "location = /status { status json; }"
                    "location / { access_log /dev/full; access_log /dev/full combined buffer=4k "
                    "flush=1s; return 200 ok; }");
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    for (int i = 0; i < 200; ++i)
        ASSERT_EQ(fleet.ask(), "200 ok") << i;
    EXPECT_EQ(count(fleet.log(), "[alert]"), 1u) << fleet.log();
    EXPECT_EQ(count(fleet.log(), "write() to \"/dev/full\" failed (28: No space left on device)"),
              1u);
    std::string status = fleet.ask("/status");
    size_t at = status.find("\"log_lines_lost\":");
    ASSERT_NE(at, std::string::npos) << status;
    EXPECT_GE(std::atoi(status.c_str() + at + 17), 200) << status;
    fleet.signal(SIGHUP);
    ASSERT_TRUE(eventually([&] { return count(fleet.log(), "exited with code 0") == 1; }));
    EXPECT_EQ(fleet.ask(), "200 ok");
}

// Where even the error log is full there is nobody to tell.
TEST(FullLogDisk, MayHoldAllLogs)
{
    Fleet fleet;
    fleet.configure("error_log /dev/full debug;",
                    "access_log /dev/full; location / { return 404; }");
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    int worker = fleet.workers().at(0);
    for (int i = 0; i < 100; ++i)
        ASSERT_TRUE(fleet.ask().starts_with("404 ")) << i;
    EXPECT_EQ(fleet.workers().at(0), worker);
}

}  // namespace
}  // namespace sluice::fault
