// SPDX-License-Identifier: Apache-2.0
// The first line of what is said about broken texts, word for word nginx's. With
// SLUICE_ORACLE=nginx (a path) in the environment the table is also put to that binary.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "t/unit/conf/rows.h"

namespace sluice::conf::test {
namespace {

struct Broken {
    const char* text;
    const char* error;  // without " in FILE:LINE"
    int line = 1;
};

const Broken table[] = {
    {"events {} foo bar;", "unknown directive \"foo\""},
    {"events {} http { foo bar; }", "unknown directive \"foo\""},
    {"\n\nevents {}\nhttp {\n  bogus;\n}\n", "unknown directive \"bogus\"", 5},
    {"events {} http { server {\n foo\n a\n b\n c\n ; foo; } }", "unknown directive \"foo\"", 6},
    {"events {} http { server {\n location\n / \n {\n foo\n; }}}", "unknown directive \"foo\"", 6},
    {"events {}\r\nhttp { foo;\r\n }\r\n", "unknown directive \"foo\"", 2},
    {"events {} http { server { \"\" a; } }", "unknown directive \"\""},
    {"events {} http { $x y; }", "unknown directive \"$x\""},
    {"events {} http { server { foo { bar; } } }", "unknown directive \"foo\""},
    {"events {} http { server { 'a\\'b' x; } }", "unknown directive \"a'b\""},
    {"events {} http { server { \"a\\tb\\q\\\\\\'\" x; } }", "unknown directive \"a\tb\\q\\'\""},
    {"events {} http { server { a\\{b x; } }", "unknown directive \"a\\{b\""},
    {"events {} http { server { a\\ b x; } }", "unknown directive \"a\\ b\""},
    {"events {} http { server { a\\;b x; } }", "unknown directive \"a\\;b\""},
    {"events {} http { server { ${a{b}c x; } }", "unknown directive \"${a\""},
    {"events {} http { server { a$ {b}c x; } }", "unknown directive \"a$\""},
    {"events {} http { server { a${b x; } }", "unknown directive \"a${b\""},
    {"events {} http { server { a'b;c' x; } }", "unknown directive \"a'b\""},
    {"events {} http { server { a\"b x; } }", "unknown directive \"a\"b\""},
    {"events {} http { server { a#b x; } }", "unknown directive \"a#b\""},
    {"events {} http { server { \\${a} x; } }", "unknown directive \"\\$\""},
    {"events {} http { server { $\\{a} x; } }", "unknown directive \"$\\{a}\""},
    {"events {} http { server { a}b x; } }", "unknown directive \"a}b\""},
    {"events {} http { server { )b x; } }", "unknown directive \")b\""},
    {"events {} http { \\sendfile on; }", "unknown directive \"\\sendfile\""},
    {"a ${b}c{", "unknown directive \"a\""},
    {"events {} http { listen 80; }", "\"listen\" directive is not allowed here"},
    {"worker_connections 10;events {}", "\"worker_connections\" directive is not allowed here"},
    {"events { server { } }", "\"server\" directive is not allowed here"},
    {"events {} server {}", "\"server\" directive is not allowed here"},
    {"events {} location / {}", "\"location\" directive is not allowed here"},
    {"events {} http { server { location / { listen 80; } } }",
     "\"listen\" directive is not allowed here"},
    {"events {} http { upstream a { listen 80; } }", "\"listen\" directive is not allowed here"},
    {"events {} http { server { listen 80 }\n}", "unexpected \"}\""},
    {"events {} http { server { listen 80; } } }", "unexpected \"}\""},
    {"events {} http { server {\n\n}\n}\n}\n", "unexpected \"}\"", 5},
    {"events {} http { server { location / } }", "unexpected \"}\""},
    {"events {} http { server { return 200 'x'}; } }", "unexpected \"}\""},
    {"events {} http { server { return 200 a }; } }", "unexpected \"}\""},
    {"}", "unexpected \"}\""},
    {"events {} ;", "unexpected \";\""},
    {"events {} { }", "unexpected \"{\""},
    {"{", "unexpected \"{\""},
    {"events {} http { types { a { } } }", "unexpected \"{\""},
    {"events {} http { server { listen 80; }\n", "unexpected end of file, expecting \"}\"", 2},
    {"events {} http { # comment", "unexpected end of file, expecting \"}\""},
    {"events {} http { server { location / { return 200 'a\\'b\"c'; } }",
     "unexpected end of file, expecting \"}\""},
    {"events {} http { server { server_name 'abc; } }\n",
     "unexpected end of file, expecting \";\" or \"}\"", 2},
    {"events {} http { server { server_name \"abc; } }\n",
     "unexpected end of file, expecting \";\" or \"}\"", 2},
    {"events {} http { server { server_name a", "unexpected end of file, expecting \";\" or \"}\""},
    {"events {} http { server { server_name a ",
     "unexpected end of file, expecting \";\" or \"}\""},
    {"events {} http { server { server_name", "unexpected end of file, expecting \";\" or \"}\""},
    {"a", "unexpected end of file, expecting \";\" or \"}\""},
    {"'a", "unexpected end of file, expecting \";\" or \"}\""},
    {"\"", "unexpected end of file, expecting \";\" or \"}\""},
    {"$", "unexpected end of file, expecting \";\" or \"}\""},
    {"${", "unexpected end of file, expecting \";\" or \"}\""},
    {"\\", "unexpected end of file, expecting \";\" or \"}\""},
    {"events {} http { server { server_name 'abc'd; } }\n", "unexpected \"d\""},
    {"events {} http { server { return 200 'x'#c\n; } }", "unexpected \"#\""},
    {"events {} http { server { return 200 'a'\"b\"; } }", "unexpected \"\"\""},
    {"events {} http { server { return 200 'a'$b; } }", "unexpected \"$\""},
    {"events {} http { server ; }", "directive \"server\" has no opening \"{\""},
    {"events; http {}", "directive \"events\" has no opening \"{\""},
    {"events {} http { sendfile { } }", "directive \"sendfile\" is not terminated by \";\""},
    {"events {} http { sendfile on { } }", "directive \"sendfile\" is not terminated by \";\""},
    {"events {} http { server { return 200 'x'{ } } }",
     "directive \"return\" is not terminated by \";\""},
    {"events {} http { server { return 200 ${x}b{; } }",
     "directive \"return\" is not terminated by \";\""},
    {"include x { } events {}", "directive \"include\" is not terminated by \";\""},
    {"include; events {}", "invalid number of arguments in \"include\" directive"},
    {"include a b; events {}", "invalid number of arguments in \"include\" directive"},
    {"events {} http { sendfile on off; }",
     "invalid number of arguments in \"sendfile\" directive"},
    {"events {} http { sendfile; }", "invalid number of arguments in \"sendfile\" directive"},
    {"events {} http { satisfy foo bar; }", "invalid number of arguments in \"satisfy\" directive"},
    {"events {} http { server { return 200 'x'); } }",
     "invalid number of arguments in \"return\" directive"},
    {"events {} http { server { root a b c d e f g h i j k l; } }",
     "invalid number of arguments in \"root\" directive"},
    {"events {} http { server {\n root\n a\n b\n c\n ; foo; } }",
     "invalid number of arguments in \"root\" directive", 6},
    {"events {} http { server { return 200 \"a\nb\"\n c; foo; } }",
     "invalid number of arguments in \"return\" directive", 3},
    {"events {} http { server { return 200 \"a\nb\"; foo; } }", "unknown directive \"foo\"", 2},
    {"events {} http { upstream {} }", "invalid number of arguments in \"upstream\" directive"},
    {"events {} http { server { location {} } }",
     "invalid number of arguments in \"location\" directive"},
    {"events {} http { sendfile on; sendfile on; }", "\"sendfile\" directive is duplicate"},
    {"pid a; pid b; events {}", "\"pid\" directive is duplicate"},
    {"events {} events {}", "\"events\" directive is duplicate"},
    {"events {} http {} http {}", "\"http\" directive is duplicate"},
    {"daemon on; daemon on; events {}", "\"daemon\" directive is duplicate"},
    {"events {} http { sendfile maybe; }",
     "invalid value \"maybe\" in \"sendfile\" directive, it must be \"on\" or \"off\""},
    {"events {} http { sendfile \\on; }",
     "invalid value \"\\on\" in \"sendfile\" directive, it must be \"on\" or \"off\""},
    {"events {} http { satisfy foo; }", "invalid value \"foo\""},
    {"events {} http { client_body_timeout x; }",
     "\"client_body_timeout\" directive invalid value"},
    {"events {} http { client_body_timeout 1y; }",
     "\"client_body_timeout\" directive invalid value"},
    {"events {} http { client_body_timeout 1m1h; }",
     "\"client_body_timeout\" directive invalid value"},
    {"events {} http { client_body_timeout ''; }",
     "\"client_body_timeout\" directive invalid value"},
    {"events {} http { client_body_buffer_size 1kk; }",
     "\"client_body_buffer_size\" directive invalid value"},
    {"events {} http { client_body_buffer_size k; }",
     "\"client_body_buffer_size\" directive invalid value"},
    {"events {} http { keepalive_requests x; }", "\"keepalive_requests\" directive invalid number"},
    {"events {} http { keepalive_requests -1; }",
     "\"keepalive_requests\" directive invalid number"},
    {"events {} http { keepalive_requests 99999999999999999999; }",
     "\"keepalive_requests\" directive invalid number"},
    {"worker_rlimit_nofile x; events {}", "\"worker_rlimit_nofile\" directive invalid number"},
};

TEST(ConfErrors, FirstLineIsNginxs)
{
    for (const Broken& broken : table) {
        Diagnostics diag;
        Level level;
        read(broken.text, diag, level);
        EXPECT_EQ(diag.first(), fmt::format("{} in /t.conf:{}", broken.error, broken.line))
            << broken.text;
        EXPECT_TRUE(diag.failed());
    }
}

std::string oracle_says(const std::string& binary, const std::string& dir, const char* text)
{
    std::ofstream(dir + "/t.conf") << text;
    std::string command = fmt::format("{} -t -p {}/ -e {}/log -c t.conf 2>&1", binary, dir, dir);
    FILE* pipe = ::popen(command.c_str(), "r");
    std::string out;
    for (int c; (c = std::fgetc(pipe)) != EOF;)
        out += static_cast<char>(c);
    ::pclose(pipe);
    return out;
}

TEST(ConfErrors, TheOracleAgrees)
{
    const char* binary = ::getenv("SLUICE_ORACLE");
    if (!binary)
        GTEST_SKIP() << "SLUICE_ORACLE is not set";
    char dir[] = "/tmp/conf_oracle_XXXXXX";
    ASSERT_NE(::mkdtemp(dir), nullptr);
    for (const Broken& broken : table) {
        std::string expected =
            fmt::format("[emerg] {} in {}/t.conf:{}\n", broken.error, dir, broken.line);
        EXPECT_NE(oracle_says(binary, dir, broken.text).find(expected), std::string::npos)
            << broken.text << "\nnginx: " << oracle_says(binary, dir, broken.text);
    }
    std::filesystem::remove_all(dir);
}

TEST(ConfErrors, AllOfThemInOneRunInOrder)
{
    Diagnostics diag;
    Level level;
    read(
        "daemon x;\nevents { y; }\nhttp {\n server {\n  listen\n }\n sendfile maybe;\n}\n}\nfoo;\n",
        diag, level);
    std::vector<std::string> texts;
    for (const auto* entry : diag.entries())
        texts.push_back(entry->text);
    EXPECT_EQ(
        texts,
        (std::vector<std::string>{
            "invalid value \"x\" in \"daemon\" directive, it must be \"on\" or \"off\" in "
            "/t.conf:1",
            "unknown directive \"y\" in /t.conf:2",
            "unexpected \"}\" in /t.conf:6",
            "invalid value \"maybe\" in \"sendfile\" directive, it must be \"on\" or \"off\" in "
            "/t.conf:7",
            "unexpected \"}\" in /t.conf:9",
            "unknown directive \"foo\" in /t.conf:10",
        }));
    EXPECT_EQ(diag.count(), 6u);
}

TEST(ConfErrors, ShowThePlaceAndAHint)
{
    Diagnostics diag;
    Level level;
    read("events {}\nhttp {\n\tserver {\n\t\tlisen 80;\n\t}\n\tlisten 80;\n}\n", diag, level);
    EXPECT_EQ(diag.render("nginx: "),
              "nginx: [emerg] unknown directive \"lisen\" in /t.conf:4\n"
              "  /t.conf:4:3:\n"
              "      lisen 80;\n"
              "      ^\n"
              "  did you mean \"listen\"?\n"
              "nginx: [emerg] \"listen\" directive is not allowed here in /t.conf:6\n"
              "  /t.conf:6:2:\n"
              "     listen 80;\n"
              "     ^\n"
              "  allowed in: server\n");
}

struct Hinted {
    const char* text;
    const char* hint;
};

TEST(ConfErrors, Hints)
{
    const Hinted hinted[] = {
        {"sevents {}", "did you mean \"events\"?"},
        {"events {} http { sedn_file on; }", "did you mean \"sendfile\"?"},
        {"events {} http { server { ro0t x; } }", "did you mean \"root\"?"},
        {"events {} http { perl_modules x; }",
         "a directive of nginx's perl module, which is not built into this sluice"},
        {"events {} http { server { ssl on; } }", "use the ssl parameter of listen instead"},
        {"events {} http { limit_zone a $b 1m; }", "use limit_conn_zone instead"},
        {"events {} http { aio on; }", "exists in nginx but is not built into this sluice"},
        {"events {} http { server { listen 80 } }", "a \";\" is missing after \"80\" in line 1"},
        {"events {} http { server {\n server_name 'a;\n} }", "the ' of line 2 is never closed"},
        {"events {} http {\n server {\n", "the \"{\" of line 2 is never closed"},
        {"events {} http { server { root a\n listen 80;\n} }",
         "is a \";\" missing before \"listen\" in line 2?"},
        {"events {} http { satisfy both; }", "it may be: all, any"},
        {"events {} http { sendfile; }", "it takes 1 argument\n"},
        {"events {} http { root /a; server { return; } }", "it takes 1 to 2 arguments"},
        {"events {} http { server { server_name; } }", "it takes at least 1 argument\n"},
        {"events {} http { client_body_timeout 1x; }", "as in 1m30s"},
    };
    for (const Hinted& h : hinted) {
        Diagnostics diag;
        Level level;
        read(h.text, diag, level);
        EXPECT_NE(diag.render().find(h.hint), std::string::npos) << h.text << "\n" << diag.render();
    }
}

TEST(ConfErrors, NoSuggestionForWhatIsFarFromAll)
{
    for (const char* name : {"zzzzzzzz", "foo", "ab", "x"}) {
        Diagnostics diag;
        Level level;
        read(fmt::format("{} 1;", name), diag, level);
        EXPECT_EQ(diag.render().find("did you mean"), std::string::npos) << diag.render();
    }
}

TEST(ConfErrors, NoSuggestionForWhatNginxHas)
{
    // Near to names that there are, and meant as they are.
    for (const char* name : {"rewrite", "if", "auth_basic", "gzip", "set", "proxy_cache", "geo"}) {
        Diagnostics diag;
        Level level;
        read(fmt::format("events {{}} {} a b;", name), diag, level);
        EXPECT_EQ(diag.render().find("did you mean"), std::string::npos) << diag.render();
        EXPECT_NE(diag.render().find("not built into this sluice"), std::string::npos) << name;
    }
}

TEST(ConfErrors, Summary)
{
    Diagnostics diag;
    Level level;
    read("events {} gzip on;", diag, level);
    EXPECT_EQ(diag.summary(), "");
    read("rewrite a b; nonsense; set $a b;", diag, level);
    EXPECT_EQ(diag.summary(),
              "4 errors in all, 3 of them for what is not built into this sluice: "
              "gzip, rewrite");
}

// The caret of each byte of the second word's text.
TEST(ConfErrors, PlacesInsideWords)
{
    struct {
        const char* text;
        std::vector<Pos> places;
    } const words[] = {
        {"a bcd;", {{0, 1, 3}, {0, 1, 4}, {0, 1, 5}}},
        {"a 'b\\'c';", {{0, 1, 4}, {0, 1, 5}, {0, 1, 7}}},
        {"\n\na \"b\nc\";", {{0, 3, 4}, {0, 3, 5}, {0, 4, 1}}},
        {"a b\\tc;", {{0, 1, 3}, {0, 1, 4}, {0, 1, 6}}},
        {"a b\\qc;", {{0, 1, 3}, {0, 1, 4}, {0, 1, 5}, {0, 1, 6}}},
    };
    for (const auto& w : words) {
        Diagnostics diag;
        Tree tree = load_text("/t.conf", w.text, diag);
        const Token& word = tree.nodes.at(0).args.at(0);
        ASSERT_EQ(word.text.size(), w.places.size()) << w.text;
        for (size_t i = 0; i < w.places.size(); ++i)
            EXPECT_EQ(diag.inside({tree.nodes[0].stop, word.pos, i}), w.places[i])
                << w.text << " " << i;
    }
}

TEST(ConfErrors, LateOnesComeBehind)
{
    Diagnostics diag;
    Tree tree = load_text("/t.conf", "a;\nb;", diag);
    diag.error(tree.nodes[1].stop, "read");
    diag.text_is_read();
    diag.error(tree.nodes[0].stop, "checked");
    EXPECT_EQ(diag.first(), "read in /t.conf:2");
    EXPECT_LT(diag.render().find("read in"), diag.render().find("checked in"));
}

TEST(ConfErrors, DoubtIsAboutWholeNames)
{
    Diagnostics diag;
    Level level;
    read("nonsense { $one ~^(?<two_2>a) b; } daemon $three zone=four:1m $FIVE;", diag, level);
    for (const char* name : {"one", "two_2", "three", "four", "five"})
        EXPECT_TRUE(diag.doubtful(name)) << name;
    for (const char* name : {"on", "two", "hree", "our", "1"})
        EXPECT_FALSE(diag.doubtful(name)) << name;
}

TEST(ConfErrors, CommandLine)
{
    const std::pair<const char*, const char*> table_g[] = {
        {"daemon off", "unexpected end of parameter, expecting \";\" in command line"},
        {"'a", "unexpected end of parameter, expecting \";\" in command line"},
        {"foo;", "unknown directive \"foo\" in command line"},
        {"events {}", "block directives are not supported in -g option in command line"},
        {"a {", "block directives are not supported in -g option in command line"},
        {"daemon off; daemon on;", "\"daemon\" directive is duplicate in command line"},
        {"}", "unexpected \"}\" in command line"},
        {"daemon on }", "unexpected \"}\" in command line"},
        {";", "unexpected \";\" in command line"},
        {"env A=b;\nfoo;", "unknown directive \"foo\" in command line"},
        {"daemon off;", ""},
        {"daemon off; # x", ""},
        {"# x", ""},
        {" ", ""},
    };
    for (const auto& [text, error] : table_g) {
        Diagnostics diag;
        Level level;
        Tree tree = load_text("command line", text, diag);
        Interpreter(sets(), diag, tree).run(tree.nodes, level);
        EXPECT_EQ(diag.first(), error) << text;
        EXPECT_LE(diag.count(), 1u) << diag.render();
    }
}

TEST(ConfErrors, ManyAreCapped)
{
    Diagnostics diag;
    Level level;
    std::string text;
    for (int i = 0; i < 2000; ++i)
        text += "x;\n";
    read(text, diag, level);
    EXPECT_EQ(diag.count(), 2000u);
    EXPECT_NE(diag.render().find("… and 1980 more errors\n"), std::string::npos);
    EXPECT_LT(diag.render().size(), 4000u);
    EXPECT_EQ(diag.warnings(), 0u);
}

TEST(ConfErrors, WarningsDoNotFail)
{
    Diagnostics diag;
    Tree tree = load_text("/t.conf", "user root;", diag);
    diag.warn(tree.nodes[0].stop, "user-ignored", "the \"user\" directive makes no sense");
    EXPECT_FALSE(diag.failed());
    EXPECT_EQ(diag.render("nginx: "),
              "nginx: [warn] the \"user\" directive makes no sense in /t.conf:1\n"
              "  /t.conf:1:10:\n    user root;\n             ^\n"
              "  warning code: user-ignored\n");
}

TEST(ConfErrors, WithoutPlaceComeLastAndStayOneLine)
{
    Diagnostics diag;
    diag.error("no \"events\" section in configuration");
    Tree tree = load_text("/t.conf", ";", diag);
    diag.error("a\nb");
    EXPECT_EQ(diag.first(), "unexpected \";\" in /t.conf:1");
    EXPECT_NE(diag.render().find("[emerg] a\\x0Ab\n"), std::string::npos);
}

}  // namespace
}  // namespace sluice::conf::test
