// SPDX-License-Identifier: Apache-2.0
#include "core/process/command_line.h"

#include <gtest/gtest.h>

namespace sluice::process {
namespace {

// Each row was tried with nginx 1.22.
struct Row {
    std::vector<std::string_view> args;
    std::string_view error;  // empty: good
    std::string_view seen;   // flags and values as told below
};

std::string seen(const CommandLine& line)
{
    std::string out;
    for (auto [set, letter] : {std::pair{line.help, 'h'},
                               {line.version, 'v'},
                               {line.build, 'V'},
                               {line.test, 't'},
                               {line.dump, 'T'},
                               {line.quiet, 'q'}})
        if (set)
            out += letter;
    for (const auto& [value, letter] : {std::pair{line.prefix, 'p'},
                                        {line.error_log, 'e'},
                                        {line.conf, 'c'},
                                        {line.globals, 'g'}})
        if (value)
            out.append(" ").append(1, letter).append("=").append(*value);
    if (!line.signal.empty())
        out += " s=" + line.signal;
    return out;
}

TEST(CommandLine, Table)
{
    const Row rows[] = {
        {{}, "", ""},
        {{"-"}, "", ""},
        {{"-h"}, "", "hv"},
        {{"-?"}, "", "hv"},
        {{"-v"}, "", "v"},
        {{"-V"}, "", "vV"},
        {{"-t"}, "", "t"},
        {{"-T"}, "", "tT"},
        {{"-tq"}, "", "tq"},
        {{"-tVq"}, "", "vVtq"},
        {{"-c", "x"}, "", " c=x"},
        {{"-cx"}, "", " c=x"},
        {{"-tcx"}, "", "t c=x"},
        {{"-tc", "x", "-q"}, "", "tq c=x"},
        {{"-c", "-t"}, "", " c=-t"},
        {{"-c", ""}, "", " c="},
        {{"-p", "/a/", "-c", "b", "-e", "c", "-g", "daemon off;"},
         "",
         " p=/a/ e=c c=b g=daemon off;"},
        {{"-s", "reload"}, "", " s=reload"},
        {{"-squit"}, "", " s=quit"},
        {{"-s", "stop"}, "", " s=stop"},
        {{"-s", "reopen"}, "", " s=reopen"},
        {{"-x"}, "invalid option: \"x\"", ""},
        {{"-vx"}, "invalid option: \"x\"", ""},
        {{"--"}, "invalid option: \"-\"", ""},
        {{"foo"}, "invalid option: \"foo\"", ""},
        {{"-t", "foo"}, "invalid option: \"foo\"", ""},
        {{"-c"}, "option \"-c\" requires file name", ""},
        {{"-e"}, "option \"-e\" requires file name", ""},
        {{"-p"}, "option \"-p\" requires directory name", ""},
        {{"-g"}, "option \"-g\" requires parameter", ""},
        {{"-s"}, "option \"-s\" requires parameter", ""},
        {{"-s", "foo"}, "invalid option: \"-s foo\"", ""},
        {{"-sfoo"}, "invalid option: \"-s foo\"", ""},
    };
    for (const Row& row : rows) {
        std::string shown;
        for (std::string_view arg : row.args)
            shown.append(arg).append("|");
        auto line = parse_command_line(row.args);
        if (row.error.empty()) {
            ASSERT_TRUE(line) << shown << ": " << line.error();
            EXPECT_EQ(seen(*line), row.seen) << shown;
        } else {
            ASSERT_FALSE(line) << shown;
            EXPECT_EQ(line.error(), row.error) << shown;
        }
    }
}

TEST(CommandLine, VersionIsParsable)
{
    EXPECT_TRUE(version_text().starts_with("nginx version: nginx/1.31.4 (sluice/"));
    std::string build = build_text("--with-http_ssl_module");
    EXPECT_NE(build.find("\nTLS SNI support enabled\n"), std::string::npos);
    EXPECT_EQ(build_text("").find("TLS SNI"), std::string::npos);
    EXPECT_NE(build.find("\nconfigure arguments: --prefix=/"), std::string::npos);
    EXPECT_TRUE(build.ends_with(" --with-http_ssl_module\n"));
}

TEST(CommandLine, PathsBelowThePrefix)
{
    EXPECT_EQ(below("/a/", "b"), "/a/b");
    EXPECT_EQ(below("/a/", "/b"), "/b");
    EXPECT_EQ(below("", "b"), "b");
}

}  // namespace
}  // namespace sluice::process
