// SPDX-License-Identifier: Apache-2.0
// What counts as a time and a size: the laxer cases were put to nginx 1.22.
#include "core/conf/values.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "core/conf/memory_files.h"
#include "core/conf/system_files.h"
#include "t/unit/conf/rows.h"

namespace sluice::conf::test {
namespace {

constexpr int64_t bad = -1;

struct Time {
    const char* text;
    int64_t ms, seconds;
};

TEST(ConfValues, Times)
{
    const Time table[] = {
        {"0", 0, 0},
        {"00", 0, 0},
        {"60", 60000, 60},
        {"1s", 1000, 1},
        {"500ms", 500, bad},
        {"1m30s", 90000, 90},
        {"1h30m", 5400000, 5400},
        {"1h 30m", 5400000, 5400},
        {"1h  30m", 5400000, 5400},
        {"1h30", 3630000, 3630},
        {"1h 30", 3630000, 3630},
        {"1d2", 86402000, 86402},
        {"1w2d3h4m5s6ms", 788645006, bad},
        {"1y", bad, 31536000},
        {"1M", bad, 2592000},
        {"1y1M1w1d1h1m1s", bad, 34822861},
        {"1M1y", bad, bad},
        {"1h ", 3600000, 3600},
        {"1  ", 1000, 1},
        {"1s 5", 6000, 6},
        {"1 5", 6000, 6},
        {"1m 5 ", 65000, 65},
        {"1 5 ", bad, bad},
        {"1s 5 ", bad, bad},
        {"500ms ", 500, bad},
        {"1hs", 3600000, 3600},
        {"1h ms", 3600000, bad},
        {"1m s", 60000, 60},
        {"h1", 1000, 1},
        {"y1", bad, 1},
        {"1 s", bad, bad},
        {"1 h", bad, bad},
        {"30 1h", bad, bad},
        {"1 500ms", bad, bad},
        {"1m1h", bad, bad},
        {"1s1s", bad, bad},
        {"500ms1s", bad, bad},
        {"", bad, bad},
        {"s", bad, bad},
        {" 1h", bad, bad},
        {"-1", bad, bad},
        {"+1", bad, bad},
        {"1.5s", bad, bad},
        {"1x", bad, bad},
        {"9223372036854775", 9223372036854775000, 9223372036854775},
        {"9223372036854776", bad, 9223372036854776},
        {"99999999999999999999", bad, bad},
        {"999999999999y", bad, bad},
    };
    for (const Time& t : table) {
        auto ms = parse_ms(t.text);
        EXPECT_EQ(ms ? ms->count() : bad, t.ms) << t.text;
        auto seconds = parse_seconds(t.text);
        EXPECT_EQ(seconds ? seconds->count() : bad, t.seconds) << t.text;
    }
}

TEST(ConfValues, Sizes)
{
    const std::pair<const char*, int64_t> table[] = {
        {"0", 0},
        {"10", 10},
        {"8k", 8192},
        {"8K", 8192},
        {"1m", 1 << 20},
        {"1M", 1 << 20},
        {"2g", 2ll << 30},
        {"2G", 2ll << 30},
        {"", bad},
        {"k", bad},
        {"1kk", bad},
        {"-1", bad},
        {"1 k", bad},
        {"1t", bad},
        {"x", bad},
        {"9999999999g", bad},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", bad},
    };
    for (const auto& [text, bytes] : table) {
        auto n = parse_size(text);
        EXPECT_EQ(n ? static_cast<int64_t>(*n) : bad, bytes) << text;
    }
}

TEST(ConfValues, SettingsAreStoredAndInherited)
{
    Diagnostics diag;
    Level main;
    read(
        "daemon off; pid /run/x; env A; env B=c; events {}\n"
        "http { sendfile ON; root /a; client_body_timeout 5s; satisfy ANY; index a; index b;\n"
        "  server { root /b; client_body_buffer_size 1m; keepalive_requests 7;\n"
        "    location / { sendfile off; index c; } } }",
        diag, main);
    EXPECT_EQ(diag.render(), "");
    EXPECT_FALSE(*main.main.daemon);
    EXPECT_EQ(*main.main.pid, "/run/x");
    EXPECT_EQ(*main.main.env, (std::vector<std::string>{"A", "B=c"}));
    EXPECT_FALSE(main.main.rlimit.is_set());

    Level& http = *main.inner[1];
    Level& server = *http.inner[0];
    Level& location = *server.inner[0];
    EXPECT_EQ(*http.location.root, "/a");
    EXPECT_EQ(http.location.index->size(), 2u);
    EXPECT_EQ(*server.location.root, "/b");
    EXPECT_TRUE(*server.location.sendfile);
    EXPECT_EQ(*server.location.satisfy, Satisfy::any);
    EXPECT_EQ(server.location.buffer->n, 1u << 20);
    EXPECT_EQ(server.location.body_timeout->count(), 5000);
    EXPECT_EQ(*location.location.root, "/b");
    EXPECT_EQ(location.location.body_timeout->count(), 5000);
    EXPECT_TRUE(location.location.body_timeout.is_set());
    EXPECT_FALSE(*location.location.sendfile);
    EXPECT_EQ(*location.location.requests, 7);
    EXPECT_EQ(*location.location.index, std::vector<std::string>{"c"});
    EXPECT_EQ(location.location.resolve->count(), 30);
    EXPECT_FALSE(location.location.resolve.is_set());
}

TEST(ConfValues, ConfTypeMakesAndDestroys)
{
    void* made = location_type.make();
    EXPECT_EQ(*static_cast<Location*>(made)->root, "html");
    location_type.destroy(made);
    EXPECT_NE(tag_of<Main>(), tag_of<Location>());
    EXPECT_EQ(tag_of<Main>(), main_type.tag);
}

TEST(ConfValues, AnInnerLevelSharesWhatIsInherited)
{
    struct Conf {
        Setting<int> inherited{1};
        std::shared_ptr<int> own;
    };
    static constexpr ConfType type = conf_of<Conf, &Conf::inherited, &Conf::own>;
    Conf outer;
    EXPECT_TRUE(type.shareable(&outer));
    outer.inherited.set(2);
    EXPECT_TRUE(type.shareable(&outer));
    outer.own = std::make_shared<int>(3);
    EXPECT_FALSE(type.shareable(&outer));
}

TEST(ConfValues, NarrowNumbersAreChecked)
{
    Diagnostics diag;
    Level level;
    read("worker_rlimit_nofile 2147483648;", diag, level);
    EXPECT_EQ(diag.first(), "\"worker_rlimit_nofile\" directive invalid number in /t.conf:1");
    EXPECT_NE(diag.render().find("it must be 0 to 2147483647"), std::string::npos);
}

TEST(ConfValues, EditDistance)
{
    EXPECT_EQ(edit_distance("listen", "lisen", 3), 1u);
    EXPECT_EQ(edit_distance("listen", "lsiten", 3), 1u);
    EXPECT_EQ(edit_distance("listen", "listen", 3), 0u);
    EXPECT_EQ(edit_distance("abc", "xyz", 2), 3u);
    EXPECT_EQ(edit_distance("", "abcd", 2), 3u);
}

TEST(ConfValues, KnownNames)
{
    EXPECT_TRUE(known_in_nginx("absolute_redirect"));
    EXPECT_TRUE(known_in_nginx("zone"));
    EXPECT_TRUE(known_in_nginx("proxy_pass"));
    EXPECT_FALSE(known_in_nginx("proxy_pas"));
    EXPECT_FALSE(known_in_nginx(""));
}

TEST(ConfValues, SystemFiles)
{
    auto dir =
        std::filesystem::temp_directory_path() / ("conf_files_" + std::to_string(::getpid()));
    std::filesystem::create_directories(dir);
    std::ofstream(dir / "b.conf") << "b;";
    std::ofstream(dir / "a.conf") << "a;";
    std::ofstream(dir / "main") << "include *.conf; include " << dir.string() << ";";
    SystemFiles files;
    Diagnostics diag;
    Tree tree = load((dir / "main").string(), files, dir.string(), diag);
    ASSERT_EQ(tree.nodes.size(), 2u);
    EXPECT_EQ(tree.nodes[0].name.text, "a");
    EXPECT_EQ(diag.first(), "pread() \"" + dir.string() + "\" failed (21: Is a directory) in " +
                                (dir / "main").string() + ":1");
    EXPECT_EQ(files.read("/nonexistent/x").error(), ENOENT);
    int error = 0;
    EXPECT_TRUE(files.glob("/nonexistent/*", error).empty());
    EXPECT_EQ(error, 0);
    std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace sluice::conf::test
