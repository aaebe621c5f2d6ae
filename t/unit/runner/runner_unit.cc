// SPDX-License-Identifier: Apache-2.0
//
// The spec runner's own parts that need no server: the file format, its Perl, requests, responses.
#include <gtest/gtest.h>

#include "checks.h"
#include "expand.h"
#include "http.h"
#include "origin.h"
#include "pattern.h"
#include "perl.h"
#include "spec_file.h"

namespace sluice::runner {

namespace {

std::string eval(const char* source)
{
    return eval_perl(source, {{"Name", "value"}}).text;
}

TEST(perl, strings_and_operators)
{
    EXPECT_EQ(eval(R"("a\r\n\t\x41\x{42}\"\\\$")"), "a\r\n\tAB\"\\$");
    EXPECT_EQ(eval(R"('a\n\'b')"), "a\\n'b");
    EXPECT_EQ(eval(R"("a" x 3 . "b")"), "aaab");
    EXPECT_EQ(eval(R"(("a" . "b") x 2)"), "abab");
    EXPECT_EQ(eval("q{a{b}c}"), "a{b}c");
    EXPECT_EQ(eval("qq(a\\n) . chr(65)"), "a\nA");
    EXPECT_EQ(eval("\"$Name ${Name} $::Name $TEST_NGINX_PORT $\""),
              "value value value $TEST_NGINX_PORT $");
}

TEST(perl, regex_keeps_its_escapes)
{
    Value v = eval_perl(R"(qr/a\/b\d$/i)", {});
    EXPECT_TRUE(v.is_regex());
    EXPECT_EQ(v.text, "a/b\\d$");
    EXPECT_EQ(v.flags, "i");
    EXPECT_EQ(eval_perl("qr{x{2}}", {}).text, "x{2}");
}

TEST(perl, lists)
{
    Value v = eval_perl("['a', [\"b\", 'c'], undef, 3,]", {});
    ASSERT_EQ(v.items.size(), 4U);
    EXPECT_EQ(v.items[1].items[1].text, "c");
    EXPECT_EQ(v.items[2].kind, Value::Kind::undef);
    EXPECT_EQ(v.items[3].text, "3");
}

TEST(perl, refuses_what_it_does_not_know)
{
    for (const char* bad : {"foo()", "\"$Unknown\"", "\"a", "1 + 2", "join('', 1)", "\"\\Q\"", ""})
        EXPECT_THROW(eval_perl(bad, {}), SpecError) << bad;
}

TEST(perl, prologue_variables)
{
    Vars vars = parse_prologue("use X;\nour $A = 'x' . 'y';\nour $B = <<'_E_';\nl1\nl2\n_E_\n");
    EXPECT_EQ(vars["A"], "xy");
    EXPECT_EQ(vars["B"], "l1\nl2\n");
}

TEST(spec_file, sections_and_filters)
{
    auto blocks = parse_spec(
        "plan tests => 1;\n__DATA__\n\n=== TEST 1: a, b\ntext\n--- config\n\n  x;\n\n--- one: v w "
        "\n"
        "--- two chop\nab\n--- three eval: \"a\" . 'b'\n--- flag\n=== TEST 2: next\n--- "
        "config\ny\n");
    ASSERT_EQ(blocks.size(), 2U);
    EXPECT_EQ(blocks[0].title, "TEST 1: a, b");
    EXPECT_EQ(blocks[0].line, 4);
    EXPECT_EQ(blocks[0].text("config"), "  x;\n");
    EXPECT_EQ(blocks[0].text("one"), "v w");
    EXPECT_EQ(blocks[0].text("two"), "ab");
    EXPECT_EQ(blocks[0].text("three"), "ab");
    EXPECT_TRUE(blocks[0].has("flag"));
    EXPECT_EQ(blocks[1].text("config"), "y\n");
}

TEST(spec_file, a_colon_inside_a_filter_word_is_no_value)
{
    auto blocks =
        parse_spec("=== TEST 1: a\n--- request: GET /a:b HTTP/1.0\n--- error_code: 200\n");
    EXPECT_EQ(blocks[0].text("request"), "GET /a:b HTTP/1.0");
    EXPECT_EQ(blocks[0].number("error_code", 0), 200);
}

TEST(spec_file, crlf_is_normalised)
{
    auto blocks = parse_spec("=== TEST 1: a\n--- response_body\nx\r\ny\r\n");
    EXPECT_EQ(blocks[0].text("response_body"), "x\ny\n");
}

TEST(spec_file, broken_blocks_keep_their_error)
{
    for (const char* bad :
         {"--- x eval\nfoo()\n", "--- x nofilter\n1\n", "--- x: 1\nmore\n", "--- x: 1\n--- x: 2\n"})
        EXPECT_NE(parse_spec(std::string("=== TEST 1: a\n") + bad)[0].error, "") << bad;
}

TEST(spec_file, only_last_skip)
{
    EXPECT_EQ(parse_spec("=== a\n--- x: 1\n=== b\n--- ONLY\n=== c\n")[0].title, "b");
    EXPECT_EQ(parse_spec("=== a\n--- LAST\n=== b\n").size(), 1U);
    EXPECT_TRUE(parse_spec("=== a\n--- SKIP\n")[0].skip);
}

TEST(spec_file, names)
{
    EXPECT_EQ(test_name(7, "TEST 7: GET /a -> 200."), "007_GET_a_200");
    EXPECT_EQ(test_name(12, "x"), "012_x");
}

TEST(expand, known_names_only)
{
    Expander names;
    names.set("ServerPort", "80");
    names.set("TEST_NGINX_PORT", "81");
    EXPECT_EQ(names.text("$ServerPort ${TEST_NGINX_PORT} $uri $1 $"), "80 81 $uri $1 $");
    EXPECT_THROW(names.text("$TEST_NGINX_NO_SUCH_NAME"), SpecError);
}

TEST(request, stock_form)
{
    Request r = build_request("POST /a\nhello\n", "X: 1\n", false);
    EXPECT_EQ(r.method, "POST");
    EXPECT_EQ(r.bytes,
              "POST /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: 1\r\n"
              "Content-Length: 5\r\n\r\nhello");
    r = build_request("GET / HTTP/1.0", "host: a\nconnection: x", true);
    EXPECT_EQ(r.bytes, "GET / HTTP/1.0\r\nhost: a\r\nconnection: x\r\n\r\n");
}

TEST(response, lengths_chunks_and_leftovers)
{
    std::string_view bytes =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 404 N\r\n"
        "Transfer-Encoding: chunked\r\nA: 1\r\na: 2\r\n\r\n3\r\nxyz\r\n0\r\n\r\n";
    Response first = parse_response(bytes, "GET", false);
    EXPECT_EQ(first.body, "ab");
    EXPECT_TRUE(first.complete);
    Response second = parse_response(bytes, "GET", false);
    EXPECT_EQ(second.code, "404");
    EXPECT_EQ(second.body, "xyz");
    EXPECT_EQ(second.header("a"), "1, 2");
    EXPECT_TRUE(second.complete);
    EXPECT_TRUE(bytes.empty());
}

TEST(response, cut_short_is_seen)
{
    std::string_view bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab";
    EXPECT_TRUE(parse_response(bytes, "GET", true).cut_short);
    bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    EXPECT_TRUE(parse_response(bytes, "GET", true).cut_short);
    bytes = "HTTP/1.1 200 OK\r\n\r\nab";
    EXPECT_FALSE(parse_response(bytes, "GET", true).cut_short);
    bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    EXPECT_TRUE(parse_response(bytes, "HEAD", true).complete);
}

TEST(response, http_0_9_has_no_code)
{
    std::string_view bytes = "hello";
    Response r = parse_response(bytes, "GET", true);
    EXPECT_EQ(r.code, "");
    EXPECT_EQ(r.body, "hello");
}

TEST(regex, perl_semantics)
{
    EXPECT_TRUE(Regex("^b$", "m").found_in("a\nb\n"));
    EXPECT_FALSE(Regex("^b$", "").found_in("a\nb\n"));
    EXPECT_EQ(Regex("\\d", "").all_in("a1b2").size(), 2U);
    EXPECT_THROW(Regex("(", ""), SpecError);
    EXPECT_THROW(Regex("a", "g"), SpecError);
}

TEST(checks, headers_and_body)
{
    Block block;
    block.sections = {{"response_headers", Value::of("A: 1\n!B\nC:\n")},
                      {"response_body", Value::of("x")}};
    Response r;
    r.code = "200";
    r.headers = {{"a", "1"}};
    r.body = "x";
    Findings findings;
    check_response(block, r, 0, 1, findings);
    EXPECT_TRUE(findings.empty());
    r.headers.emplace_back("B", "2");
    r.body = "y";
    check_response(block, r, 0, 1, findings);
    EXPECT_EQ(findings.size(), 2U);
}

TEST(origin, script)
{
    auto steps = parse_script("accept\n# note\nhead\nsend \"a\\r\\n\" x 2\nsleep 0.5\nclose\n");
    ASSERT_EQ(steps.size(), 5U);
    EXPECT_EQ(steps[2].text, "a\r\na\r\n");
    EXPECT_EQ(steps[3].number, 0.5);
    EXPECT_THROW(parse_script("dance\n"), SpecError);
}

}  // namespace

}  // namespace sluice::runner
