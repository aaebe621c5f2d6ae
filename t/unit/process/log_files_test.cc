// SPDX-License-Identifier: Apache-2.0
#include "core/process/log_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/os/file.h"

namespace sluice::process {
namespace {

struct LogFilesTest : testing::Test {
    std::filesystem::path dir =
        std::filesystem::temp_directory_path() / ("sluice-logs-" + std::to_string(::getpid()));
    LogRegistry registry;
    LogRegistry::Failure failure;
    void SetUp() override
    {
        std::filesystem::create_directory(dir);
        registry.set_prefix(dir.string() + "/");
    }
    void TearDown() override { std::filesystem::remove_all(dir); }
    std::string text(const std::string& name) { return os::read_file(dir / name).value_or("-"); }
};

TEST_F(LogFilesTest, OnePerPath)
{
    auto a = registry.open_later("a.log"), b = registry.open_later((dir / "a.log").string());
    EXPECT_EQ(a, b);
    EXPECT_FALSE(std::filesystem::exists(dir / "a.log"));
    a->write("lost\n");
    ASSERT_TRUE(registry.open_new(failure));
    a->write("one\n");
    b->write("two\n");
    EXPECT_EQ(text("a.log"), "one\ntwo\n");
}

TEST_F(LogFilesTest, ReopenAfterRename)
{
    auto a = registry.open_later("a.log");
    ASSERT_TRUE(registry.open_new(failure));
    a->write("one\n");
    std::filesystem::rename(dir / "a.log", dir / "a.log.1");
    a->write("two\n");
    EXPECT_TRUE(registry.reopen().empty());
    a->write("three\n");
    EXPECT_EQ(text("a.log.1"), "one\ntwo\n");
    EXPECT_EQ(text("a.log"), "three\n");
}

TEST_F(LogFilesTest, FailedReopenKeepsTheOldFile)
{
    std::filesystem::create_directory(dir / "sub");
    auto a = registry.open_later("sub/a.log");
    ASSERT_TRUE(registry.open_new(failure));
    std::filesystem::rename(dir / "sub", dir / "moved");
    auto failures = registry.reopen();
    ASSERT_EQ(failures.size(), 1u);
    EXPECT_EQ(failures[0].error, ENOENT);
    a->write("still\n");
    EXPECT_EQ(text("moved/a.log"), "still\n");
}

TEST_F(LogFilesTest, SaysWhichFileFailed)
{
    auto a = registry.open_later("none/a.log");
    ASSERT_FALSE(registry.open_new(failure));
    EXPECT_EQ(failure.path, dir / "none/a.log");
    EXPECT_EQ(failure.error, ENOENT);
}

TEST_F(LogFilesTest, ForgetsWhatNobodyHolds)
{
    registry.open_later("none/a.log").reset();
    EXPECT_TRUE(registry.open_new(failure));
}

TEST_F(LogFilesTest, FullDiskIsNotFatal)
{
    auto full = registry.open_later("/dev/full");
    ASSERT_TRUE(registry.open_new(failure));
    full->write("line\n");
}

}  // namespace
}  // namespace sluice::process
