// SPDX-License-Identifier: Apache-2.0
#include "core/conf/tree.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/conf/memory_files.h"

namespace sluice::conf {
namespace {

/// name[arg|arg]{children}
std::string show(const std::vector<Node>& nodes)
{
    std::string out;
    for (const Node& node : nodes) {
        out += node.name.text + "[";
        for (size_t i = 0; i < node.args.size(); ++i)
            out += (i ? "|" : "") + node.args[i].text;
        out += "]";
        if (node.block)
            out += "{" + show(node.children) + "}";
    }
    return out;
}

struct Case {
    std::string text, tree;
};

TEST(ConfTree, ReadsTheLanguage)
{
    const Case cases[] = {
        {"", ""},
        {"# only a comment", ""},
        {"a;", "a[]"},
        {"a b c;", "a[b|c]"},
        {"a\tb\r\n c ;", "a[b|c]"},
        {"a{}", "a[]{}"},
        {"a b{c d;e{f;}}g;", "a[b]{c[d]e[]{f[]}}g[]"},
        {"\xef\xbb\xbf"
         "a b;",
         "a[b]"},
        {"a b;\r\nc d;\r\n", "a[b]c[d]"},
        {"a b # c;\n d;", "a[b|d]"},
        {"a b#c;", "a[b#c]"},
        {"a #c", ""},
        {"'a b' \"c d\";", "a b[c d]"},
        {"a 'it\\'s' \"q\\\"\";", "a[it's|q\"]"},
        {"a 'x\"y' \"x'y\";", "a[x\"y|x'y]"},
        {"a '';", "a[]"},
        {"a x'y\"z;", "a[x'y\"z]"},
        {"a \\t\\r\\n\\\\\\'\\\";", "a[\t\r\n\\'\"]"},
        {"a \\d\\.\\;\\{;", "a[\\d\\.\\;\\{]"},
        {"a b\\ c;", "a[b\\ c]"},
        {"a '\\d+\\;';", "a[\\d+\\;]"},
        {"a ${b}c;", "a[${b}c]"},
        {"a $b{c;}", "a[$b]{c[]}"},
        {"a ${{b;}", "a[${{b]}"},
        {"a \"${b} {\";", "a[${b} {]"},
        {"if ($x = 'y'){b;}", "if[($x|=|y|)]{b[]}"},
        {"a '(x)');", "a[(x)|)]"},
        {"a b};", "a[b}]"},
        {"a 'b\nc';", "a[b\nc]"},
        {"a 'b;{}#c';", "a[b;{}#c]"},
        {"a \xc3\xa9;", "a[\xc3\xa9]"},
        {"a " + std::string(9000, 'x') + ";", "a[" + std::string(9000, 'x') + "]"},
        {std::string("a b\0c;", 6), std::string("a[b\0c]", 6)},
    };
    for (const Case& c : cases) {
        Diagnostics diag;
        Tree tree = load_text("/t", c.text, diag);
        if (c.tree == "a[${{b]}")
            EXPECT_EQ(show(tree.nodes), "a[${{b]") << c.text;  // the } is stray
        else
            EXPECT_EQ(show(tree.nodes), c.tree) << c.text;
        bool broken = c.text == "a #c" || c.text == "a ${{b;}";
        EXPECT_EQ(diag.failed(), broken) << c.text << diag.render();
    }
}

TEST(ConfTree, KnowsPlaces)
{
    Diagnostics diag;
    Tree tree = load_text("/t", "a;\n  b 'x'\n    y {\n c;\n }\n", diag);
    ASSERT_EQ(tree.nodes.size(), 2u);
    const Node& b = tree.nodes[1];
    EXPECT_EQ(b.name.pos, (Pos{0, 2, 3}));
    EXPECT_EQ(b.args[0].pos, (Pos{0, 2, 5}));
    EXPECT_TRUE(b.args[0].quoted);
    EXPECT_EQ(b.args[1].pos, (Pos{0, 3, 5}));
    EXPECT_FALSE(b.args[1].quoted);
    EXPECT_EQ(b.stop, (Pos{0, 3, 7}));
    EXPECT_EQ(b.end, (Pos{0, 5, 2}));
    EXPECT_EQ(b.children[0].stop, (Pos{0, 4, 3}));
}

TEST(ConfTree, GoesOnAfterErrors)
{
    const Case cases[] = {
        {"a; ; b;", "a[]b[]"},
        {"a; } b;", "a[]b[]"},
        {"a { b c } d;", "a[]{}d[]"},
        {"{ x; { y; } } b;", "b[]"},
        {"a 'b'c; d;", "a[b|c]d[]"},
        {"a { b;", "a[]{b[]}"},
        {"a { b { c; ", "a[]{b[]{c[]}}"},
        {"include x { y; } b;", "b[]"},
    };
    for (const Case& c : cases) {
        Diagnostics diag;
        EXPECT_EQ(show(load_text("/t", c.text, diag).nodes), c.tree) << c.text;
        EXPECT_EQ(diag.count(), 1u) << diag.render();
    }
}

TEST(ConfTree, IncludesInPlace)
{
    MemoryFiles files{{"/etc/main", "a; http { include sub/*.conf; z; } include /abs;"},
                      {"/etc/sub/2.conf", "two;"},
                      {"/etc/sub/1.conf", "one { include rel; }"},
                      {"/etc/sub/3.txt", "three;"},
                      {"/etc/rel", "rel;"},
                      {"/abs", "abs;"}};
    Diagnostics diag;
    Tree tree = load("/etc/main", files, "/etc", diag);
    EXPECT_EQ(diag.render(), "");
    EXPECT_EQ(show(tree.nodes), "a[]http[]{one[]{rel[]}two[]z[]}abs[]");
    std::vector<std::string> paths;
    for (const auto& file : tree.files)
        paths.push_back(file->path);
    EXPECT_EQ(paths, (std::vector<std::string>{"/etc/main", "/etc/sub/1.conf", "/etc/rel",
                                               "/etc/sub/2.conf", "/abs"}));
    EXPECT_EQ(diag.file(tree.nodes.back().name.pos).path, "/abs");
}

TEST(ConfTree, IncludeErrors)
{
    struct {
        std::string text, error;
    } cases[] = {
        {"x;\ninclude nope;",
         "open() \"/e/nope\" failed (2: No such file or directory) in /e/main:2"},
        {"include none*;", ""},
        {"include main;", "\"/e/main\" includes itself in /e/main:1"},
        {"include loop;", "\"/e/loop\" includes itself in /e/back:1"},
        {"include bad;", "unexpected \"}\" in /e/bad:1"},
        {"a { include open; }", "unexpected end of file, expecting \"}\" in /e/open:1"},
        {"include;", "invalid number of arguments in \"include\" directive in /e/main:1"},
    };
    for (const auto& c : cases) {
        MemoryFiles files{{"/e/main", c.text},
                          {"/e/loop", "include back;"},
                          {"/e/back", "include loop;"},
                          {"/e/bad", "a; }"},
                          {"/e/open", "a {"}};
        Diagnostics diag;
        load("/e/main", files, "/e/", diag);
        EXPECT_EQ(diag.first(), c.error) << c.text;
        EXPECT_LE(diag.count(), 1u) << diag.render();
    }
}

TEST(ConfTree, MainFileThatIsNotThere)
{
    MemoryFiles files;
    Diagnostics diag;
    load("/e/main", files, "/e", diag);
    EXPECT_EQ(diag.render("nginx: "),
              "nginx: [emerg] open() \"/e/main\" failed (2: No such file or directory)\n");
}

TEST(ConfTree, ErrorsOfIncludedFilesStandAtTheirInclude)
{
    MemoryFiles files{{"/m", "}\ninclude i;\n}"}, {"/i", "\n\n\n\n}"}};
    Diagnostics diag;
    load("/m", files, "/", diag);
    std::vector<std::string> texts;
    for (const auto* entry : diag.entries())
        texts.push_back(entry->text);
    EXPECT_EQ(texts,
              (std::vector<std::string>{"unexpected \"}\" in /m:1", "unexpected \"}\" in /i:5",
                                        "unexpected \"}\" in /m:3"}));
}

TEST(ConfTree, BoundsNesting)
{
    std::string deep;
    for (int i = 0; i < 100000; ++i)
        deep += "a{";
    Diagnostics diag;
    load_text("/t", deep, diag);
    EXPECT_EQ(diag.first(), "more than 100 blocks inside each other in /t:1");

    MemoryFiles files;
    for (int i = 0; i < 60; ++i)
        files.add(fmt::format("/{}", i), fmt::format("include {};", i + 1));
    Diagnostics chain;
    load("/0", files, "/", chain);
    EXPECT_EQ(chain.first(), "more than 40 files include each other in /39:1");
}

TEST(ConfTree, LongQuoteWithoutEnd)
{
    Diagnostics diag;
    load_text("/t", "a;\nb '" + std::string(5000, 'x') + "; } }", diag);
    EXPECT_EQ(diag.first(),
              "too long parameter, probably missing terminating \"'\" character in /t:2");
    EXPECT_LT(diag.render().size(), 500u);
}

TEST(ConfTree, DumpHasEveryFileOnce)
{
    MemoryFiles files{{"/t.conf", "events {} include inc; include inc;\n"}, {"/inc", "# inc"}};
    Diagnostics diag;
    EXPECT_EQ(dump(load("/t.conf", files, "/", diag)),
              "# configuration file /t.conf:\nevents {} include inc; include inc;\n\n"
              "# configuration file /inc:\n# inc\n");
}

}  // namespace
}  // namespace sluice::conf
