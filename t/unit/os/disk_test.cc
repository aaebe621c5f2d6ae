// SPDX-License-Identifier: Apache-2.0
#include "core/os/disk.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace sluice::os {
namespace {

namespace fs = std::filesystem;

class DiskLinks : public ::testing::Test
{
protected:
    DiskLinks()
    {
        char name[] = "/tmp/sluice-disk.XXXXXX";
        folder = ::mkdtemp(name);
        fs::create_directories(folder + "/a/b");
        std::ofstream(folder + "/a/b/file") << "x";
        fs::create_symlink("a", folder + "/link");
        fs::create_symlink("file", folder + "/a/b/last");
        fs::create_symlink("nowhere", folder + "/dangling");
    }
    ~DiskLinks() override { fs::remove_all(folder); }

    int open(const std::string& name, Links::Mode mode, size_t trusted = 0) const
    {
        FileInfo info, seen;
        int error = 0;
        std::string path = folder + name;
        Fd fd = open_file(path.c_str(), {mode, trusted}, info, error);
        EXPECT_EQ(static_cast<bool>(fd), error == 0);
        EXPECT_EQ(file_info(path.c_str(), {mode, trusted}, seen), error);
        EXPECT_TRUE(error != 0 || info.same_state(seen));
        return error;
    }
    std::string folder;
};

TEST_F(DiskLinks, Follow)
{
    EXPECT_EQ(open("/link/b/last", Links::follow), 0);
    EXPECT_EQ(open("/dangling", Links::follow), ENOENT);
}

TEST_F(DiskLinks, Refuse)
{
    EXPECT_EQ(open("/a/b/file", Links::refuse), 0);
    EXPECT_EQ(open("//a//b///file", Links::refuse), 0);
    EXPECT_EQ(open("/a/b/", Links::refuse), 0);
    EXPECT_EQ(open("/a/b/none", Links::refuse), ENOENT);
    EXPECT_EQ(open("/a/b/file/x", Links::refuse), ENOTDIR);
    EXPECT_EQ(open("/a/b/last", Links::refuse), ELOOP);
    EXPECT_EQ(open("/link/b/file", Links::refuse), ENOTDIR);
    EXPECT_EQ(open("/link/", Links::refuse), ENOTDIR);
    EXPECT_EQ(open("/dangling", Links::refuse), ELOOP);
}

TEST_F(DiskLinks, TheBeginningMayBeTrusted)
{
    EXPECT_EQ(open("/link/b/file", Links::refuse, folder.size() + 5), 0);
    EXPECT_EQ(open("/link/b/file", Links::refuse, folder.size()), ENOTDIR);
    EXPECT_EQ(open("/link/b/last", Links::refuse, folder.size() + 5), ELOOP);
}

TEST_F(DiskLinks, SameOwner)
{
    EXPECT_EQ(open("/link/b/last", Links::same_owner), 0);
    EXPECT_EQ(open("/dangling", Links::same_owner), ENOENT);
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root can give a link to another user";
    ASSERT_EQ(::lchown((folder + "/a/b/last").c_str(), 65534, 65534), 0);
    EXPECT_EQ(open("/a/b/last", Links::same_owner), ELOOP);
    ASSERT_EQ(::lchown((folder + "/a/b/file").c_str(), 65534, 65534), 0);
    EXPECT_EQ(open("/a/b/last", Links::same_owner), 0);
    ASSERT_EQ(::lchown((folder + "/link").c_str(), 65534, 65534), 0);
    EXPECT_EQ(open("/link/b/file", Links::same_owner), ELOOP);
}

}  // namespace
}  // namespace sluice::os
