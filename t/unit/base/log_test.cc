// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>

#include "core/base/clock.h"

namespace sluice {
namespace {

struct Lines : LogSink {
    std::string text;
    int writes = 0;
    void write(std::string_view line) override
    {
        text += line;
        ++writes;
    }
};

struct LogTest : testing::Test {
    std::shared_ptr<Lines> sink = std::make_shared<Lines>();
    Log log;
    void SetUp() override
    {
        setenv("TZ", "UTC0", 1);
        tzset();
        Clock::set(Clock::now(), 784111799000);
        Log::set_process_id(4711);
    }
    void TearDown() override
    {
        Log::set_process_id(0);
        unsetenv("TZ");
        tzset();
    }
};

TEST_F(LogTest, LinesAreNginxs)
{
    log.add(sink, Level::info);
    log.write(Level::error, 0, "open() failed");
    log.write(Level::info, 42, "client closed connection");
    log(Level::warn, "{} of {}", 1, "two");
    EXPECT_EQ(sink->text,
              "1994/11/06 08:49:59 [error] 4711#4711: open() failed\n"
              "1994/11/06 08:49:59 [info] 4711#4711: *42 client closed connection\n"
              "1994/11/06 08:49:59 [warn] 4711#4711: 1 of two\n");
    EXPECT_EQ(sink->writes, 3);
}

TEST_F(LogTest, EachTargetHasItsThreshold)
{
    auto second = std::make_shared<Lines>();
    EXPECT_TRUE(log.empty());
    EXPECT_FALSE(log.wants(Level::emerg));
    log.add(sink, Level::error);
    log.add(second, Level::debug);
    EXPECT_TRUE(log.wants(Level::debug));
    log(Level::debug, "fine");
    log(Level::crit, "grave");
    EXPECT_EQ(sink->writes, 1);
    EXPECT_EQ(second->writes, 2);
}

TEST_F(LogTest, LongLinesAreCut)
{
    log.add(sink, Level::info);
    log.write(Level::info, 1, std::string(10000, 'x'));
    EXPECT_EQ(sink->text.size(), Log::max_line);
    EXPECT_EQ(sink->text.back(), '\n');
    EXPECT_EQ(sink->writes, 1);
}

TEST_F(LogTest, Levels)
{
    Level level = Level::emerg;
    for (auto name : {"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"}) {
        ASSERT_TRUE(level_from_name(name, level));
        EXPECT_EQ(level_name(level), name);
    }
    EXPECT_FALSE(level_from_name("stderr", level));
    EXPECT_FALSE(level_from_name("Error", level));
    EXPECT_EQ(errno_text(EACCES), "(13: Permission denied)");
}

}  // namespace
}  // namespace sluice
