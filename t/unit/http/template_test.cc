// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/http/request.h"
#include "core/http/variables.h"

namespace sluice::http {
namespace {

struct Compiled {
    Variables variables;
    conf::Diagnostics diag;
    std::optional<Template> result;

    explicit Compiled(std::string_view text)
    {
        diag.add_file(std::make_shared<conf::File>(conf::File{"/c", std::string(text)}));
        result = Template::compile(text, conf::Pos{0, 1, 1}, diag, variables);
    }
};

TEST(Template, Parts)
{
    Compiled c("a$b-${c}d$1");
    ASSERT_TRUE(c.result);
    const auto& parts = c.result->parts();
    ASSERT_EQ(parts.size(), 6u);
    using P = Template::Part;
    EXPECT_EQ(parts[0].text_, "a");
    EXPECT_EQ(parts[1].kind, P::variable);
    EXPECT_EQ(c.variables.at(parts[1].index).name, "b");
    EXPECT_EQ(parts[2].text_, "-");
    EXPECT_EQ(c.variables.at(parts[3].index).name, "c");
    EXPECT_EQ(parts[4].text_, "d");
    EXPECT_EQ(parts[5].kind, P::capture);
    EXPECT_EQ(parts[5].index, 1u);
}

TEST(Template, ConstantTextHasNoParts)
{
    Compiled c("plain");
    EXPECT_TRUE(c.result->is_constant());
    EXPECT_EQ(c.result->literal(), "plain");
}

TEST(Template, Errors)
{
    EXPECT_EQ(Compiled("a$").diag.first(), "invalid variable name in /c:1");
    EXPECT_EQ(Compiled("$-").diag.first(), "invalid variable name in /c:1");
    EXPECT_EQ(Compiled("${}").diag.first(), "invalid variable name in /c:1");
    EXPECT_EQ(Compiled("${ab").diag.first(),
              "the closing bracket in \"ab\" variable is missing in /c:1");
}

TEST(Variables, UnknownIsReportedWhereItWasUsed)
{
    Compiled c("$Nobody");
    c.variables.finish(c.diag);
    EXPECT_EQ(c.diag.first(), "unknown \"nobody\" variable in /c:1");
}

TEST(Variables, UnknownWithTheNearestName)
{
    struct {
        const char* name;
        const char* hint;
    } const names[] = {
        {"requst_uri", "did you mean \"$request_uri\"?"},
        {"htp_host", "did you mean \"$http_host\"?"},
        {"args_a", "did you mean \"$arg_a\"?"},
        {"gzip_ratio", "a variable of nginx's gzip module, which is not built into this sluice"},
        {"realip_remote_addr",
         "a variable of nginx's realip module, which is not built into this sluice"},
        {"quite_another_thing", ""},
    };
    for (auto [name, hint] : names) {
        std::string text = "a \"x\\t" + std::string("${") + name + "}\";";
        Variables variables;
        define_core_variables(variables);
        conf::Diagnostics diag;
        conf::Tree tree = conf::load_text("/c", text, diag);
        const conf::Token& word = tree.nodes.at(0).args.at(0);
        ASSERT_TRUE(Template::compile(word.text, {tree.nodes[0].stop, word.pos}, diag, variables));
        variables.finish(diag);
        std::string says = hint;
        if (!says.empty())
            says = "  " + says + "\n";
        EXPECT_EQ(diag.render(), "[emerg] unknown \"" + std::string(name) +
                                     "\" variable in /c:1\n  /c:1:7:\n    " + text +
                                     "\n          ^\n" + says);
    }
}

TEST(Variables, PrefixesAndCase)
{
    Compiled c("$arg_a$ARG_A$http_x_y");
    define_core_variables(c.variables);
    c.variables.finish(c.diag);
    EXPECT_FALSE(c.diag.failed());
    EXPECT_EQ(c.result->parts()[0].index, c.result->parts()[1].index);
}

TEST(Variables, BuiltInOnesCannotBeRedefined)
{
    Variables v;
    define_core_variables(v);
    auto get = [](Request&, const void*) -> Value { return "x"; };
    EXPECT_FALSE(v.define("uri", get));
    EXPECT_TRUE(v.define("mine", get));
    EXPECT_TRUE(v.define("mine", get));
    EXPECT_TRUE(v.define("arg_special", get));
}

}  // namespace
}  // namespace sluice::http
