// SPDX-License-Identifier: Apache-2.0
// match { }: which answers will do.
#include <gtest/gtest.h>

#include "core/base/arena.h"
#include "core/conf/memory_files.h"
#include "core/http/response_parser.h"
#include "modules/health_check/match.h"

namespace sluice::health_check {
namespace {

struct Reader final : conf::Block {
    Reader() : Block(conf::in_http) {}
    void* conf(size_t, const void*) override { return this; }
    Match match;
};

void read(Apply& apply, Reader& reader)
{
    reader.match.read(apply);
}
constexpr Directive rows[] = {{"match", conf::in_http, 1, 1, conf::call<read>, true}};

/// "" or why the answer will not do; "refused" when the lines make no sense.
std::string judge(const std::string& lines, const std::string& answer, const std::string& body = "")
{
    conf::Diagnostics diag;
    conf::Tree tree = conf::load_text("test", "match m { " + lines + " }", diag);
    Reader reader;
    conf::Interpreter interpreter({{"test", rows}}, diag);
    interpreter.run(tree.nodes, reader);
    if (diag.failed())
        return "refused";
    Arena arena;
    http::ResponseParser parser;
    parser.start(http::Method::get, 100, arena);
    EXPECT_EQ(parser.feed(answer), http::ParseState::done);
    return reader.match.fault(parser.head(), body);
}

const std::string ok =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\nX: a b\r\n\r\n";
std::string status(const std::string& code)
{
    return "HTTP/1.1 " + code + " X\r\nContent-Length: 0\r\n\r\n";
}

TEST(Match, WithoutAStatusTwoAndThreeHundredsWillDo)
{
    EXPECT_EQ(judge("", status("200")), "");
    EXPECT_EQ(judge("", status("399")), "");
    EXPECT_EQ(judge("", status("404")), "status 404");
    EXPECT_EQ(judge("", status("500")), "status 500");
}

TEST(Match, Statuses)
{
    EXPECT_EQ(judge("status 200;", status("200")), "");
    EXPECT_EQ(judge("status 200;", status("204")), "status 204");
    EXPECT_EQ(judge("status 200-204 301;", status("204")), "");
    EXPECT_EQ(judge("status 200-204 301;", status("301")), "");
    EXPECT_EQ(judge("status ! 500-599;", status("404")), "");
    EXPECT_EQ(judge("status ! 500-599;", status("503")), "status 503");
    for (const char* wrong : {"status x;", "status 204-200;", "status !;", "status 99;",
                              "status 200; status 201;", "status 200-;"})
        EXPECT_EQ(judge(wrong, ok), "refused") << wrong;
}

TEST(Match, Fields)
{
    EXPECT_EQ(judge("header Content-Type;", ok), "");
    EXPECT_EQ(judge("header content-type = text/html;", ok), "");
    EXPECT_EQ(judge("header X != c;", ok), "");
    EXPECT_EQ(judge("header X ~ '^a';", ok), "");
    EXPECT_EQ(judge("header X !~ '^b';", ok), "");
    EXPECT_EQ(judge("header ! Y;", ok), "");
    EXPECT_EQ(judge("header Y;", ok), "header \"Y\" is not there");
    EXPECT_EQ(judge("header ! X;", ok), "header \"X\" is \"a b\"");
    EXPECT_EQ(judge("header Content-Type = text;", ok), "header \"Content-Type\" is \"text/html\"");
    EXPECT_EQ(judge("header X != 'a b';", ok), "header \"X\" is \"a b\"");
    EXPECT_EQ(judge("header X ~ ^b;", ok), "header \"X\" is \"a b\"");
    EXPECT_EQ(judge("header Y ~ .;", ok), "header \"Y\" is not there");
    for (const char* wrong : {"header;", "header X like a;", "header X = a b;", "header X ~ (;"})
        EXPECT_EQ(judge(wrong, ok), "refused") << wrong;
}

TEST(Match, Bodies)
{
    EXPECT_EQ(judge("body ~ 'all .* well';", ok, "all is well"), "");
    EXPECT_EQ(judge("body ~ fine;", ok, "all is well"), "the body does not match \"fine\"");
    EXPECT_EQ(judge("body !~ error;", ok, "an error"), "the body matches \"error\"");
    EXPECT_EQ(judge("status 200; body !~ error; body ~ well;", ok, "well"), "");
    for (const char* wrong : {"body;", "body = a;", "body ~ (;", "colour red;", "status 200 {}"})
        EXPECT_EQ(judge(wrong, ok), "refused") << wrong;
}

}  // namespace
}  // namespace sluice::health_check
