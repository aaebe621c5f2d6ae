// SPDX-License-Identifier: Apache-2.0
// Both tables were read off nginx 1.22: `return 200 $uri`, and proxy_pass with a changed URI.
#include "core/http/uri.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

constexpr std::string_view bad = "(malformed)";

std::string_view normal(std::string_view path, Arena& arena, bool merge = true)
{
    std::string_view uri;
    return normalize_uri(path, merge, arena, uri) ? uri : bad;
}

TEST(Uri, Normalize)
{
    const std::pair<std::string_view, std::string_view> table[] = {
        {"/", "/"},
        {"/a", "/a"},
        {"/u//a", "/u/a"},
        {"/u/./a", "/u/a"},
        {"/u/../u/a", "/u/a"},
        {"/u/..", "/"},
        {"/u/x/..", "/u/"},
        {"/u/x/.", "/u/x/"},
        {"/u/x/../", "/u/"},
        {"/u/%2e%2e/u/b", "/u/b"},
        {"/u/%2Fx", "/u/x"},
        {"/u/a%00", bad},
        {"/u/a%", bad},
        {"/u/a%2", bad},
        {"/u/a%zz", bad},
        {"/..", bad},
        {"/u/%2e%2e/%2e%2e", bad},
        {"/u/a%23b", "/u/a#b"},
        {"/u/a#b", "/u/a"},
        {"/u/a%3Fb", "/u/a?b"},
        {"/u/a%25b", "/u/a%b"},
        {"/u/...", "/u/..."},
        {"/u/.a", "/u/.a"},
        {"/u/..a", "/u/..a"},
        {"/u/a/.../b", "/u/a/.../b"},
        {"/u/a%2fb", "/u/a/b"},
        {"/u/a+b", "/u/a+b"},
        {"/u///..//a", "/a"},
        {"/u/a/..b/../c", "/u/a/c"},
        {"/u/%252e", "/u/%2e"},
        {"/u/x%2F..%2Fy", "/u/y"},
        {"/u/\xe4", "/u/\xe4"},
        {"/u/a\\b", "/u/a\\b"},
        {"/u/a/%2e", "/u/a/"},
        {"//", "/"},
        {"/a/b/c/../../d", "/a/d"},
        {"/.", "/"},
        {"/./", "/"},
        {"/a/../..", bad},
        {"/%41%7a", "/Az"},
    };
    for (const auto& [path, uri] : table) {
        Arena arena;
        EXPECT_EQ(normal(path, arena), uri) << path;
    }
    Arena arena;
    EXPECT_EQ(normal("/a//b", arena, false), "/a//b");
    EXPECT_EQ(normal("/a//../b", arena, false), "/a/b");
}

TEST(Uri, PlainPathsAreNotCopied)
{
    Arena arena;
    constexpr std::string_view path = "/a/b.c/d-e_f";
    std::string_view uri;
    ASSERT_TRUE(normalize_uri(path, true, arena, uri));
    EXPECT_EQ(uri.data(), path.data());
    EXPECT_TRUE(arena.empty());
}

TEST(Uri, SplitTarget)
{
    TargetParts t = split_target("/a?b=c?d");
    EXPECT_EQ(t.path, "/a");
    EXPECT_EQ(t.args, "b=c?d");
    EXPECT_TRUE(t.has_args);
    t = split_target("/a#b?c");
    EXPECT_EQ(t.path, "/a");
    EXPECT_FALSE(t.has_args);
    t = split_target("/a?");
    EXPECT_TRUE(t.has_args);
    EXPECT_EQ(t.args, "");
}

TEST(Uri, Escape)
{
    Arena arena;
    constexpr std::string_view escaped = " \"#%<>?\\^`{|}\x7f";
    for (int c = 0; c < 256; ++c) {
        char byte = static_cast<char>(c);
        bool want = c < 0x20 || c >= 0x7f || escaped.find(byte) != std::string_view::npos;
        EXPECT_EQ(escape_uri({&byte, 1}, Escape::uri, arena).size(), want ? 3u : 1u) << c;
    }
    EXPECT_EQ(escape_uri("/a b\xff?", Escape::uri, arena), "/a%20b%FF%3F");
    EXPECT_EQ(escape_uri("a&b+c;d=e", Escape::args, arena), "a%26b%2Bc%3Bd=e");
    EXPECT_EQ(escape_uri("a/b~c.d", Escape::component, arena), "a%2Fb~c.d");
    constexpr std::string_view plain = "/plain";
    EXPECT_EQ(escape_uri(plain, Escape::uri, arena).data(), plain.data());
}

TEST(Uri, Unescape)
{
    Arena arena;
    EXPECT_EQ(unescape("a%20b%2", arena), "a b%2");
    EXPECT_EQ(unescape("%41%zz%", arena), "A%zz%");
}

TEST(Uri, WhatIsMadeOfVariablesStaysInItsLine)
{
    Arena arena;
    EXPECT_EQ(escape_uri("/a b\r\n%0d\x7f\xc3", Escape::target, arena), "/a%20b%0D%0A%0d%7F\xc3");
    EXPECT_EQ(escape_uri("/a b\r\n\xc3", Escape::controls, arena), "/a b%0D%0A\xc3");
    EXPECT_EQ(escape_controls("a\nb\x1b[1m \xc3", arena), "a\\x0Ab\\x1B[1m \xc3");
    std::string_view plain = "/plain?x=1";
    EXPECT_EQ(escape_uri(plain, Escape::target, arena).data(), plain.data());
}

}  // namespace
}  // namespace sluice::http
