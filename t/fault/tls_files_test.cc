// SPDX-License-Identifier: Apache-2.0
// Certificates in the real program: files that change below it, of which there are very many, or
// that variables name.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "tls_fleet.h"

namespace sluice::fault {
namespace {

namespace fs = std::filesystem;

class TlsFiles : public testing::TestWithParam<const char*>
{
};

TEST_P(TlsFiles, ThatChangeAreInUseWithoutAReload)
{
    TlsFleet fleet(GetParam());
    fleet.copy_pair("localhost", "mine");
    fleet.configure(GetParam(), "", fleet.server("a.test", "mine"));
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    ASSERT_TRUE(fleet.all_show("CN=localhost")) << fleet.meet();
    std::vector<int> workers = fleet.workers();

    fleet.copy_pair("wrong", "mine");
    EXPECT_TRUE(eventually([&] { return fleet.all_show("CN=elsewhere"); })) << fleet.log();
    EXPECT_EQ(count(fleet.log(), "mine.pem\" has changed"), 1u) << fleet.log();

    // Again, and a worker that is born later knows the last one.
    fleet.copy_pair("client", "mine");
    EXPECT_TRUE(eventually([&] { return fleet.all_show("CN=client"); })) << fleet.log();
    EXPECT_EQ(fleet.workers(), workers);
    if (!workers.empty()) {
        send(workers[0], SIGQUIT);
        EXPECT_TRUE(eventually([&] {
            std::vector<int> now = fleet.workers();
            return now.size() == workers.size() && now != workers;
        }));
        EXPECT_TRUE(eventually([&] { return fleet.all_show("CN=client"); })) << fleet.meet();
    }
    expect_quiet(fleet);
}

TEST_P(TlsFiles, ThatDoNotFitLeaveThoseBeforeInUse)
{
    TlsFleet fleet(GetParam());
    fleet.copy_pair("localhost", "mine");
    fleet.configure(GetParam(), "", fleet.server("a.test", "mine"));
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    fleet.copy("wrong.key", "mine.key");
    const char* said = "key values mismatch): the certificates before it are still in use";
    EXPECT_TRUE(eventually([&] { return count(fleet.log(), said) > 0; })) << fleet.log();
    sleep_seconds(2.2);
    EXPECT_EQ(count(fleet.log(), said), 1u) << fleet.log();
    EXPECT_TRUE(fleet.all_show("CN=localhost"));

    fs::remove(fleet.certs() + "/mine.key");
    EXPECT_TRUE(eventually([&] { return count(fleet.log(), "still in use") == 2; })) << fleet.log();
    EXPECT_TRUE(fleet.all_show("CN=localhost"));

    fleet.copy_pair("wrong", "mine");
    EXPECT_TRUE(eventually([&] { return fleet.all_show("CN=elsewhere"); })) << fleet.log();
    expect_quiet(fleet);
}

INSTANTIATE_TEST_SUITE_P(With, TlsFiles,
                         testing::Values("worker_processes 2;", "master_process off;"));

struct TlsKept : testing::Test {
    TlsFleet fleet{"worker_processes 1;"};

    void start(const std::string& cache)
    {
        fleet.copy_pair("localhost", "mine.test");
        // Workers read these files.
        fleet.configure(
            "user root; worker_processes 1;", "",
            fleet.server("mine.test", "$ssl_server_name", "ssl_certificate_cache " + cache + ";"));
        ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
        ASSERT_TRUE(shows("CN=localhost")) << fleet.log();
        fleet.copy_pair("wrong", "mine.test");
    }
    bool shows(const char* who) const
    {
        return fleet.meet("mine.test").find(who) != std::string::npos;
    }
};

TEST_F(TlsKept, AreComparedWithTheirFilesAfterValid)
{
    start("max=2 inactive=1h valid=2s");
    EXPECT_TRUE(shows("CN=localhost"));
    sleep_seconds(2.2);
    EXPECT_TRUE(shows("CN=elsewhere"));
    expect_quiet(fleet);
}

TEST_F(TlsKept, AreForgottenWhenNobodyAsksForThem)
{
    start("max=2 inactive=2s valid=1h");
    for (int i = 0; i < 6; ++i, sleep_seconds(0.5))  // each prolongs it
        EXPECT_TRUE(shows("CN=localhost")) << i;
    sleep_seconds(2);
    EXPECT_TRUE(shows("CN=elsewhere"));
    expect_quiet(fleet);
}

TEST_F(TlsKept, MayBeTheTextOfAVariable)
{
    auto text = [&](const std::string& name) {
        return "\"" + fleet.read("conf/certs/" + name) + "\";";
    };
    std::string maps;
    for (const std::string part : {"pem", "key"})
        maps += "map $ssl_server_name $" + part + " { default " + text("localhost." + part) +
                " b.test " + text("wrong." + part) + " }\n";
    fleet.configure("worker_processes 1;", "",
                    maps + "server { listen 127.0.0.1:" + fleet.tls_address() +
                        " ssl; ssl_certificate data:$pem; ssl_certificate_key data:$key; }\n");
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    EXPECT_NE(fleet.meet("a.test").find("CN=localhost"), std::string::npos) << fleet.log();
    EXPECT_NE(fleet.meet("b.test").find("CN=elsewhere"), std::string::npos) << fleet.log();
    EXPECT_NE(fleet.meet("a.test").find("CN=localhost"), std::string::npos);
    EXPECT_EQ(count(fleet.log(), "PRIVATE KEY"), 0u);
    expect_quiet(fleet);
}

TEST(TlsMany, AreParsedWhenTheyAreAskedFor)
{
    constexpr int many = 130, bad = 120;  // 100 are parsed at once
    TlsFleet fleet;
    std::string servers;
    for (int i = 0; i < many; ++i) {
        std::string name = "h" + std::to_string(i);
        fleet.copy_pair(i % 2 ? "localhost" : "wrong", name);
        servers += fleet.server(name + ".test", name);
    }
    fleet.copy("ca.key", "h" + std::to_string(bad) + ".key");
    fleet.configure("worker_processes 1;", "", servers);
    Said said = fleet.run({"-t"});
    EXPECT_EQ(said.code, 1);
    EXPECT_NE(said.text.find("h120.key\") failed (SSL: error:05800074"), std::string::npos)
        << said.text;
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    EXPECT_NE(fleet.meet("h1.test").find("CN=localhost"), std::string::npos);
    EXPECT_NE(fleet.meet("h128.test").find("CN=elsewhere"), std::string::npos);
    EXPECT_NE(fleet.meet("h129.test").find("CN=localhost"), std::string::npos);
    for (int i = 0; i < 2; ++i)
        EXPECT_NE(fleet.meet("h120.test").find("failed"), std::string::npos);
    EXPECT_EQ(count(fleet.log(), "[error]"), 1u) << fleet.log();

    // It is put right, without a reload.
    fleet.copy_pair("localhost", "h120");
    EXPECT_TRUE(eventually([&] {
        return fleet.meet("h120.test").find("CN=localhost") != std::string::npos;
    })) << fleet.log();
    EXPECT_EQ(count(fleet.log(), "[emerg]"), 1u);  // of -t
    EXPECT_EQ(count(fleet.log(), "[alert]"), 0u);
    EXPECT_EQ(count(fleet.read("logs/out"), "Sanitizer"), 0u);
}

}  // namespace
}  // namespace sluice::fault
