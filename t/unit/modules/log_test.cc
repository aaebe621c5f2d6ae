// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/log/batch.h"
#include "modules/log/format.h"

namespace sluice::log {
namespace {

std::string escaped(std::string_view s, Escape how)
{
    std::string out = ">";
    append_escaped(out, s, how);
    return out;
}

TEST(LogEscape, Modes)
{
    EXPECT_EQ(escaped("a\"b\\c\td\xe4\x7f", Escape::text), ">a\\x22b\\x5Cc\\x09d\\xE4\\x7F");
    EXPECT_EQ(escaped("a\"b\\c\t\n\r\b\f\x01\x1f\xc3\xa4/", Escape::json),
              ">a\\\"b\\\\c\\t\\n\\r\\b\\f\\u0001\\u001F\xc3\xa4/");
    EXPECT_EQ(escaped("a\"\x01", Escape::none), ">a\"\x01");
    EXPECT_EQ(escaped("", Escape::text), ">");
}

struct Lines : LogSink {
    std::vector<std::string> writes;
    void write(std::string_view text) override { writes.emplace_back(text); }
};

void add(Batch& batch, std::string_view line)
{
    size_t start = batch.text().size();
    batch.text() += line;
    batch.line_added(start);
}

TEST(LogBatch, OneWriteATurn)
{
    event::Loop loop(8);
    auto lines = std::make_shared<Lines>();
    Batch batch(lines, {});
    add(batch, "a\n");
    add(batch, "b\n");
    EXPECT_TRUE(lines->writes.empty());
    loop.turn(Clock::now());
    EXPECT_EQ(lines->writes, std::vector<std::string>{"a\nb\n"});
}

TEST(LogBatch, BufferHoldsWholeLines)
{
    event::Loop loop(8);
    auto lines = std::make_shared<Lines>();
    {
        Batch batch(lines, {.size = 8});
        add(batch, "12345\n");
        add(batch, "678\n");
        EXPECT_EQ(lines->writes, std::vector<std::string>{"12345\n"});
        add(batch, "a line that is too long\n");
        EXPECT_EQ(lines->writes.size(), 3u);
        add(batch, "x\n");
        BufferedLog::flush_all();
        EXPECT_EQ(lines->writes.back(), "x\n");
        add(batch, "end\n");
    }
    EXPECT_EQ(lines->writes.back(), "end\n");
}

}  // namespace
}  // namespace sluice::log
