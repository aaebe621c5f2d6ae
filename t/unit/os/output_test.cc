// SPDX-License-Identifier: Apache-2.0
#include "core/os/output.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "core/os/file.h"

namespace sluice::os {
namespace {

struct WholeFileTest : testing::Test {
    std::filesystem::path dir =
        std::filesystem::temp_directory_path() / ("sluice-output-" + std::to_string(::getpid()));
    std::string path = dir / "pid";
    void SetUp() override { std::filesystem::create_directory(dir); }
    void TearDown() override { std::filesystem::remove_all(dir); }
    size_t files() const
    {
        size_t n = 0;
        for (const auto& at : std::filesystem::directory_iterator(dir))
            n += at.exists();
        return n;
    }
};

TEST_F(WholeFileTest, AppearsOnlyWhenCommitted)
{
    WholeFile file;
    ASSERT_EQ(file.prepare(path, "1\n"), 0);
    EXPECT_FALSE(std::filesystem::exists(path));
    ASSERT_EQ(file.commit(), 0);
    EXPECT_EQ(*read_file(path), "1\n");
    EXPECT_EQ(files(), 1u);
}

TEST_F(WholeFileTest, LeavesNothingWhenGivenUp)
{
    {
        WholeFile file;
        ASSERT_EQ(file.prepare(path, "1\n"), 0);
    }
    EXPECT_EQ(files(), 0u);
}

TEST_F(WholeFileTest, SaysWhyNot)
{
    WholeFile file;
    EXPECT_EQ(file.prepare(dir / "none" / "pid", "1\n"), ENOENT);
}

TEST_F(WholeFileTest, DeviceStaysADevice)
{
    WholeFile file;
    ASSERT_EQ(file.prepare("/dev/null", "1\n"), 0);
    ASSERT_EQ(file.commit(), 0);
    struct stat info;
    ASSERT_EQ(::stat("/dev/null", &info), 0);
    EXPECT_TRUE(S_ISCHR(info.st_mode));
}

TEST_F(WholeFileTest, LinkIsWrittenThrough)
{
    std::filesystem::create_symlink(dir / "target", path);
    WholeFile file;
    ASSERT_EQ(file.prepare(path, "1\n"), 0);
    ASSERT_EQ(file.commit(), 0);
    EXPECT_TRUE(std::filesystem::is_symlink(path));
    EXPECT_EQ(*read_file(dir / "target"), "1\n");
}

}  // namespace
}  // namespace sluice::os
