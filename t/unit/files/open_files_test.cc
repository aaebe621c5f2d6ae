// SPDX-License-Identifier: Apache-2.0
#include "core/files/open_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/event/loop.h"

namespace sluice::files {
namespace {

namespace fs = std::filesystem;

// A folder of its own, and a clock that is minutes ahead: files made now are old enough to be kept.
class OpenFilesTest : public ::testing::Test
{
protected:
    OpenFilesTest()
    {
        char name[] = "/tmp/sluice-files.XXXXXX";
        folder = ::mkdtemp(name);
        os::update_clock();
        wait(ms{60000});
    }
    ~OpenFilesTest() override
    {
        os::update_clock();
        fs::remove_all(folder);
    }

    void wait(ms d)
    {
        Clock::set(Clock::now() + d, Clock::wall_ms() + d.count());
        loop.timers().advance(Clock::now());
    }
    std::string path(const std::string& name) const { return folder + "/" + name; }
    void write(const std::string& name, std::string_view text) const
    {
        // The file system's clock ticks every few ms.
        ::usleep(12000);
        std::ofstream(path(name), std::ios::trunc) << text;
    }
    static std::string content(const Found& found)
    {
        char text[16384];
        if (!found.file)
            return "error " + std::to_string(found.error);
        ssize_t n = ::pread(found.file->fd.get(), text, sizeof text, 0);
        std::string read(text, static_cast<size_t>(n));
        EXPECT_EQ(found.info.size, n);
        EXPECT_TRUE(found.content.empty() || found.content == read);
        return read;
    }
    std::string get(OpenFiles& cache, const std::string& name, const Rules& rules = {}) const
    {
        return content(cache.open(path(name), rules));
    }
    // System calls that one look-up makes.
    uint64_t calls(OpenFiles& cache, const std::string& name, const Rules& rules = {}) const
    {
        uint64_t before = os::counters.file + os::counters.close;
        cache.open(path(name), rules);
        return os::counters.file + os::counters.close - before;
    }
    static size_t descriptors()
    {
        size_t n = 0;
        for ([[maybe_unused]] auto& entry : fs::directory_iterator("/proc/self/fd"))
            ++n;
        return n;
    }

    event::Loop loop{16};
    std::string folder;
    OpenFiles files{10, ms{5000}};
};

TEST_F(OpenFilesTest, ASecondLookUpIsOneStat)
{
    write("a", "one");
    EXPECT_EQ(get(files, "a"), "one");
    EXPECT_EQ(calls(files, "a"), 1u);
    EXPECT_EQ(files.open(path("a"), {}).content, "one");
    EXPECT_EQ(files.size(), 1u);
}

TEST_F(OpenFilesTest, EveryChangeIsSeenByTheNextLookUp)
{
    write("a", "one");
    write("b", "two");
    EXPECT_EQ(get(files, "a"), "one");
    fs::rename(path("b"), path("a"));
    EXPECT_EQ(get(files, "a"), "two") << "replaced";
    write("a", "x");
    wait(ms{60000});
    EXPECT_EQ(get(files, "a"), "x") << "truncated and written";
    write("a", "y");
    EXPECT_EQ(get(files, "a"), "y") << "the same length";
    wait(ms{60000});
    EXPECT_EQ(get(files, "a"), "y");
    ::usleep(12000);
    std::ofstream(path("a"), std::ios::app) << "z";
    EXPECT_EQ(get(files, "a"), "yz") << "appended";
    wait(ms{60000});
    EXPECT_EQ(get(files, "a"), "yz");
    ASSERT_EQ(::truncate(path("a").c_str(), 1), 0);
    EXPECT_EQ(get(files, "a"), "y") << "truncated";
    fs::remove(path("a"));
    EXPECT_EQ(get(files, "a"), "error 2") << "removed";
    EXPECT_EQ(files.size(), 0u);
    write("a", "again");
    EXPECT_EQ(get(files, "a"), "again");
    fs::remove(path("a"));
    fs::create_directory(path("a"));
    Found found = files.open(path("a"), {});
    EXPECT_FALSE(found.file);
    EXPECT_EQ(found.error, 0);
    EXPECT_EQ(found.info.kind, os::FileInfo::directory);
}

TEST_F(OpenFilesTest, ALinkThatLeadsElsewhereIsSeen)
{
    write("a", "one");
    write("b", "two");
    fs::create_symlink("a", path("l"));
    EXPECT_EQ(get(files, "l"), "one");
    fs::remove(path("l"));
    fs::create_symlink("b", path("l"));
    EXPECT_EQ(get(files, "l"), "two");
}

TEST_F(OpenFilesTest, RightsThatWereTakenAwayAreGone)
{
    if (::geteuid() == 0 && ::seteuid(65534) != 0)
        GTEST_SKIP() << "needs a user without privileges";
    if (::getuid() == 0) {  // the folder is root's: give it away
        ASSERT_EQ(::seteuid(0), 0);
        ASSERT_EQ(::chown(folder.c_str(), 65534, 65534), 0);
        ASSERT_EQ(::seteuid(65534), 0);
    }
    write("a", "one");
    EXPECT_EQ(get(files, "a"), "one");
    ASSERT_EQ(::chmod(path("a").c_str(), 0), 0);
    EXPECT_EQ(get(files, "a"), "error 13");
    ASSERT_EQ(::chmod(path("a").c_str(), 0644), 0);
    EXPECT_EQ(get(files, "a"), "one");
    ASSERT_EQ(::chmod(folder.c_str(), 0), 0);
    EXPECT_EQ(get(files, "a"), "error 13");
    ASSERT_EQ(::chmod(folder.c_str(), 0755), 0);
    EXPECT_EQ(get(files, "a"), "one");
    if (::getuid() == 0) {
        ASSERT_EQ(::seteuid(0), 0);
    }
}

TEST_F(OpenFilesTest, WhatHasJustChangedIsNotKept)
{
    os::update_clock();  // no minutes ahead
    write("a", "one");
    os::update_clock();
    EXPECT_EQ(get(files, "a"), "one");
    EXPECT_EQ(files.size(), 0u);
    wait(ms{2100});
    EXPECT_EQ(get(files, "a"), "one");
    EXPECT_EQ(files.size(), 1u);
}

TEST_F(OpenFilesTest, WhatAMappingWritesIsSeenASecondLater)
{
    write("a", "one");
    os::Fd fd(::open(path("a").c_str(), O_RDWR | O_CLOEXEC));
    void* memory = ::mmap(nullptr, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    ASSERT_NE(memory, MAP_FAILED);
    char* mapped = static_cast<char*>(memory);
    mapped[0] = 'O';  // the file has its new time
    wait(ms{60000});
    EXPECT_EQ(files.open(path("a"), {}).content, "One");
    mapped[0] = 'X';  // and keeps it: the page is dirty already
    wait(ms{1000});
    EXPECT_EQ(files.open(path("a"), {}).content, "Xne");
    ::munmap(memory, 3);
}

TEST_F(OpenFilesTest, ForeignFileSystemsAreNotKept)
{
    files.open("/proc/self/status", {});
    files.open("/proc/version", {});
    EXPECT_EQ(files.size(), 0u);
}

TEST_F(OpenFilesTest, TheOneAskedForLongestAgoGoesFirst)
{
    size_t before = descriptors();
    for (int i = 0; i < 10; ++i)
        write("f" + std::to_string(i), "x");
    for (int i = 0; i < 10; ++i)
        get(files, "f" + std::to_string(i));
    EXPECT_EQ(descriptors(), before + 10);
    get(files, "f0");
    write("g", "x");
    get(files, "g");
    EXPECT_EQ(files.size(), 10u);
    EXPECT_EQ(descriptors(), before + 10);
    EXPECT_EQ(calls(files, "f0"), 1u) << "still kept";
    EXPECT_GT(calls(files, "f1"), 1u) << "had to go";
}

TEST_F(OpenFilesTest, WhatNobodyAsksForIsClosed)
{
    size_t before = descriptors();
    write("a", "x");
    write("b", "x");
    get(files, "a");
    wait(ms{3000});
    get(files, "b");
    wait(ms{2500});
    EXPECT_EQ(files.size(), 1u);
    wait(ms{3000});
    EXPECT_EQ(files.size(), 0u);
    EXPECT_EQ(descriptors(), before);
    EXPECT_EQ(files.content_bytes(), 0u);
}

TEST_F(OpenFilesTest, AFileInUseOutlivesItsEntry)
{
    size_t before = descriptors();
    write("a", "one");
    {
        Found found = files.open(path("a"), {});
        files.clear();
        EXPECT_EQ(content({found.file, found.info, 0, {}}), "one");
        EXPECT_EQ(descriptors(), before + 1);
    }
    EXPECT_EQ(descriptors(), before);
}

TEST_F(OpenFilesTest, GivingUpClosesOnlyWhatIsIdle)
{
    write("a", "x");
    write("b", "x");
    Found used = files.open(path("a"), {});
    get(files, "b");
    size_t before = descriptors();
    EXPECT_TRUE(give_up_one());
    EXPECT_EQ(descriptors(), before - 1);
    EXPECT_FALSE(give_up_one());
    used = {};
    EXPECT_TRUE(give_up_one());
    EXPECT_EQ(descriptors(), before - 2);
}

TEST_F(OpenFilesTest, ContentsAreBounded)
{
    constexpr size_t count = OpenFiles::max_contents / OpenFiles::small_content + 10;
    OpenFiles many(count, ms{5000});
    std::string text(OpenFiles::small_content, 'x');
    write("big", text + "x");
    for (size_t i = 0; i < count; ++i)
        std::ofstream(path(std::to_string(i))) << text;
    for (size_t i = 0; i < count; ++i)
        EXPECT_EQ(many.open(path(std::to_string(i)), {}).content.size(), text.size());
    EXPECT_EQ(many.size(), count);
    EXPECT_EQ(many.content_bytes(), OpenFiles::max_contents);
    EXPECT_EQ(many.open(path("0"), {}).content, text) << "read again";
    EXPECT_TRUE(many.open(path("big"), {}).content.empty());
    many.clear();
    EXPECT_EQ(many.content_bytes(), 0u);
}

TEST_F(OpenFilesTest, WithValidTheDiskIsNotLookedAt)
{
    Rules rules{.valid = ms{10000}};
    OpenFiles configured(10, ms{60000});
    write("a", "one");
    write("b", "two");
    EXPECT_EQ(get(configured, "a", rules), "one");
    fs::rename(path("b"), path("a"));
    wait(ms{500});
    EXPECT_EQ(calls(configured, "a", rules), 0u);
    EXPECT_EQ(get(configured, "a", rules), "one");
    wait(ms{9500});
    EXPECT_EQ(get(configured, "a", rules), "two");
}

TEST_F(OpenFilesTest, MinUsesAndErrors)
{
    Rules rules{.valid = ms{10000}, .min_uses = 2};
    OpenFiles configured(10, ms{60000});
    write("a", "one");
    size_t before = descriptors();
    EXPECT_EQ(get(configured, "a", rules), "one");
    EXPECT_EQ(descriptors(), before);
    EXPECT_EQ(get(configured, "a", rules), "one");
    EXPECT_EQ(descriptors(), before + 1);
    EXPECT_EQ(get(configured, "none", rules), "error 2");
    EXPECT_EQ(configured.size(), 1u);
    rules.errors = true;
    EXPECT_EQ(get(configured, "none", rules), "error 2");
    EXPECT_EQ(configured.size(), 2u);
    write("none", "now");
    EXPECT_EQ(get(configured, "none", rules), "error 2") << "believed";
    os::FileInfo info;
    EXPECT_EQ(configured.info(path("none"), rules, info), ENOENT);
    wait(ms{10000});
    EXPECT_EQ(configured.info(path("none"), rules, info), 0);
    EXPECT_EQ(get(configured, "none", rules), "now");
}

TEST_F(OpenFilesTest, FoldersAreRemembered)
{
    Rules rules{.valid = ms{10000}};
    fs::create_directory(path("d"));
    os::FileInfo info;
    EXPECT_EQ(files.info(path("d"), rules, info), 0);
    fs::remove(path("d"));
    EXPECT_EQ(files.info(path("d"), rules, info), 0);
    EXPECT_EQ(info.kind, os::FileInfo::directory);
    EXPECT_EQ(files.info(path("d"), {}, info), ENOENT) << "without valid it is looked for";
}

}  // namespace
}  // namespace sluice::files
