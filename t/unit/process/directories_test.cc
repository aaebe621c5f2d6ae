// SPDX-License-Identifier: Apache-2.0
// Folders for temporary files: made before privileges are dropped, and the workers' to write in.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "t/unit/process/server.h"

namespace sluice::process {
namespace {

constexpr unsigned daemon_uid = 1;  // a user of every Debian that is not the built-in one

struct stat info_of(const std::filesystem::path& path)
{
    struct stat info {
    };
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info;
}

void configure(Server& s, const std::string& more, const std::filesystem::path& directory)
{
    s.configure(more + " test_directory " + directory.string() + "; test_answer one;");
}

TEST(Directories, AreTheWorkersOwn)
{
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root can give files away";
    Server s;
    std::filesystem::path fresh = s.dir / "fresh", old = s.dir / "old";
    configure(s, "user daemon;", fresh);
    ASSERT_NE(s.start(), 0) << s.file("err");
    EXPECT_EQ(info_of(fresh).st_uid, daemon_uid);
    EXPECT_EQ(info_of(fresh).st_mode & 07777, 0700u);
    EXPECT_EQ(s.ask("uid"), std::to_string(daemon_uid));

    // One that was there, by a reload; what it holds and who else may use it stays.
    std::filesystem::create_directory(old);
    std::ofstream(old / "file") << "kept";
    ::chmod(old.c_str(), 0750);
    configure(s, "user daemon;", old);
    EXPECT_EQ(s.run({"-s", "reload"}).code, 0);
    EXPECT_EQ(info_of(old).st_uid, daemon_uid);
    EXPECT_EQ(info_of(old).st_mode & 07777, 0750u);
    EXPECT_EQ(info_of(old / "file").st_uid, 0u);
    EXPECT_EQ(s.log().find("[warn]"), std::string::npos) << s.log();
}

TEST(Directories, OfTheBuiltInUser)
{
    Server s;
    configure(s, "", s.dir / "temp");
    ASSERT_NE(s.start(), 0) << s.file("err");
    EXPECT_EQ(s.ask("uid"), std::to_string(info_of(s.dir / "temp").st_uid));
}

TEST(Directories, OfASingleProcess)
{
    Server s;
    configure(s, "master_process off;", s.dir / "temp");
    ASSERT_NE(s.start(), 0) << s.file("err");
    EXPECT_TRUE(std::filesystem::is_directory(s.dir / "temp"));
}

TEST(Directories, ATestMakesNone)
{
    Server s;
    configure(s, "", s.dir / "temp");
    EXPECT_EQ(s.run({"-t"}).code, 0);
    EXPECT_FALSE(std::filesystem::exists(s.dir / "temp"));
}

TEST(Directories, OneThatCannotBeMadeIsToldAndServedWithout)
{
    Server s;
    configure(s, "", s.dir / "none" / "temp");
    ASSERT_NE(s.start(), 0) << s.file("err");
    EXPECT_EQ(s.ask("answer"), "one");
    EXPECT_NE(s.log().find("mkdir() \"" + (s.dir / "none" / "temp").string() +
                           "\" failed (2: No such file or directory)"),
              std::string::npos)
        << s.log();
}

}  // namespace
}  // namespace sluice::process
