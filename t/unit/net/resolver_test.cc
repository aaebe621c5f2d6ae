// SPDX-License-Identifier: Apache-2.0
// Names against a scripted DNS server (t/runner/dns.h): answers, their time, and all that may be
// wrong with them.
#include "core/net/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "core/event/loop.h"
#include "core/net/dns_channel.h"
#include "t/runner/dns.h"

namespace sluice::net {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

struct Asked final : NameAsker {
    void answered(const Names& n) override
    {
        names = n;
        ++times;
    }
    std::vector<std::string> texts() const
    {
        std::vector<std::string> list;
        for (const auto& place : names.places)
            list.push_back(place.address.text());
        return list;
    }
    Names names;
    int times = 0;
};

struct ResolverTest : testing::Test {
    event::Loop loop{32};
    ResolverRules rules;
    ResolverCounts counts;
    std::unique_ptr<runner::DnsServer> dns;
    std::unique_ptr<Resolver> resolver;

    void begin(const std::string& script)
    {
        dns = std::make_unique<runner::DnsServer>(0, script);
        rules.servers.push_back(local(dns->port()));
        resolver = std::make_unique<Resolver>(rules, counts);
    }
    static os::Address local(int port)
    {
        os::Address at;
        os::Address::from_literal("127.0.0.1", static_cast<uint16_t>(port), at);
        return at;
    }
    void wait(const Asked& asked, int times = 1)
    {
        Instant end = Clock::in(ms{20000});
        while (asked.times < times && Clock::now() < end)
            loop.turn(Clock::in(ms{20}));
        EXPECT_EQ(asked.times, times);
    }
    void pause(ms time)
    {
        for (Instant end = Clock::in(time); Clock::now() < end;)
            loop.turn(end);
    }
    const Names& ask(Asked& asked, std::string_view host, std::string_view service = {})
    {
        int before = asked.times;
        resolver->ask(host, service, asked);
        EXPECT_EQ(asked.times, before) << "never from inside ask()";
        wait(asked, before + 1);
        return asked.names;
    }
    size_t questions(std::string_view of)
    {
        std::string all = dns->questions();
        size_t n = 0;
        for (size_t at = 0; (at = all.find(of, at)) != all.npos; ++at)
            ++n;
        return n;
    }
};

TEST_F(ResolverTest, BothKindsOfAddressesAndTheShortestTtl)
{
    begin("app.test A 10.0.0.1 10.0.0.2 ttl=7\napp.test AAAA ::5 ttl=3\n");
    Asked a;
    EXPECT_EQ(ask(a, "app.test").kind, Names::found);
    EXPECT_THAT(a.texts(), UnorderedElementsAre("10.0.0.1:0", "10.0.0.2:0", "[::5]:0"));
    EXPECT_NEAR(static_cast<double>((a.names.until - Clock::now()).count()), 3000, 500);
    EXPECT_EQ(counts.found, 1u);
}

TEST_F(ResolverTest, AKindThatIsOffIsNotAskedFor)
{
    rules.ipv6 = false;
    begin("app.test A 10.0.0.1\napp.test AAAA ::5\n");
    Asked a;
    ask(a, "app.test");
    EXPECT_THAT(a.texts(), ElementsAre("10.0.0.1:0"));
    EXPECT_EQ(questions("AAAA"), 0u);
}

TEST_F(ResolverTest, OneQuestionForManyWaitersAndForThoseWhoComeWithinItsTtl)
{
    rules.ipv6 = false;
    begin("app.test A 10.0.0.1 ttl=1\napp.test A 10.0.0.2 ttl=1\n");
    Asked a, b, c;
    resolver->ask("app.test", {}, a);
    resolver->ask("APP.test", {}, b);
    wait(a);
    wait(b);
    ask(c, "app.test");
    EXPECT_EQ(questions("app.test A"), 1u);
    EXPECT_THAT(c.texts(), ElementsAre("10.0.0.1:0"));
    pause(ms{1050});
    ask(a, "app.test");
    EXPECT_EQ(questions("app.test A"), 2u);
    EXPECT_THAT(a.texts(), ElementsAre("10.0.0.2:0"));
}

TEST_F(ResolverTest, ValidOverridesTheTtl)
{
    rules.valid = ms{90000};
    begin("app.test A 10.0.0.1 ttl=1\n");
    Asked a;
    ask(a, "app.test");
    EXPECT_NEAR(static_cast<double>((a.names.until - Clock::now()).count()), 90000, 500);
}

TEST_F(ResolverTest, ByAnotherNameWhoseTtlIsShorter)
{
    rules.ipv6 = false;
    begin("app.test A cname b.test 10.0.0.1 ttl=5\n");
    Asked a;
    ask(a, "app.test");
    EXPECT_THAT(a.texts(), ElementsAre("10.0.0.1:0"));
    EXPECT_NEAR(static_cast<double>((a.names.until - Clock::now()).count()), 4000, 500);
}

TEST_F(ResolverTest, WhatDoesNotExist)
{
    begin("app.test MX x\n");
    Asked a;
    EXPECT_EQ(ask(a, "no.test").kind, Names::missing);
    EXPECT_EQ(a.names.code, 3);
    EXPECT_EQ(a.names.text, "Host not found");
    EXPECT_EQ(ask(a, "app.test").kind, Names::missing) << "a name without addresses";
    EXPECT_EQ(counts.missing, 2u);
    ask(a, "no.test");
    EXPECT_EQ(questions("no.test"), 2u) << "A and AAAA, remembered for a second";
}

TEST_F(ResolverTest, AServerThatFails)
{
    rules.ipv6 = false;
    begin("a.test A servfail\nb.test A refused\nc.test A garbage\n");
    Asked a;
    EXPECT_EQ(ask(a, "a.test").kind, Names::failed);
    EXPECT_EQ(a.names.code, 2);
    EXPECT_EQ(ask(a, "b.test").kind, Names::failed);
    EXPECT_EQ(ask(a, "c.test").kind, Names::failed) << "makes no sense";
    EXPECT_EQ(counts.failed, 3u);
}

TEST_F(ResolverTest, OneKindFailsTheOtherOneIsThere)
{
    begin("a.test A servfail\na.test AAAA ::7\nb.test A servfail\nb.test AAAA nodata\n");
    Asked a;
    EXPECT_EQ(ask(a, "a.test").kind, Names::found);
    EXPECT_EQ(ask(a, "b.test").kind, Names::failed) << "it may have an IPv4 address";
}

TEST_F(ResolverTest, LiesAreNotBelieved)
{
    rules.ipv6 = false;
    begin(
        "a.test A wrong_id 6.6.6.6 then 10.0.0.1\nb.test A wrong_question 6.6.6.6 then 10.0.0.2\n");
    Asked a;
    ask(a, "a.test");
    EXPECT_THAT(a.texts(), ElementsAre("10.0.0.1:0"));
    ask(a, "b.test");
    EXPECT_THAT(a.texts(), ElementsAre("10.0.0.2:0"));
}

TEST_F(ResolverTest, WhatIsTooLongComesOverTcp)
{
    rules.ipv6 = false;
    std::string script = "app.test A truncated";
    for (int i = 1; i <= 250; ++i)
        script += " 10.0.1." + std::to_string(i);
    begin(script);
    Asked a;
    ask(a, "app.test");
    EXPECT_EQ(a.names.places.size(), 250u);
    EXPECT_EQ(questions("tcp app.test A"), 1u);
}

TEST_F(ResolverTest, SilenceIsAskedAgainAndAnotherServerToo)
{
    rules.ipv6 = false;
    rules.timeout = ms{8000};
    runner::DnsServer silent(0, "app.test A silence\n");
    rules.servers.push_back(local(silent.port()));
    begin("app.test A silence\napp.test A 10.0.0.1\n");
    Asked a;
    ask(a, "app.test");
    EXPECT_THAT(a.texts(), ElementsAre("10.0.0.1:0"));
    EXPECT_NE(silent.questions(), "");
}

TEST_F(ResolverTest, APortWhereNobodyListensIsPassedOver)
{
    rules.ipv6 = false;
    int closed = 0;
    {
        runner::DnsServer gone(0, "");
        closed = gone.port();
    }
    rules.servers.push_back(local(closed));
    begin("app.test A 10.0.0.1\n");
    for (int i = 0; i < 2; ++i) {
        Asked a;
        Instant began = Clock::now();
        ask(a, i ? "app.test" : "no.test");
        EXPECT_LT((Clock::now() - began).count(), 1000) << "no time-out is needed to notice";
    }
}

TEST_F(ResolverTest, WhoWaitsTooLongIsToldAndTheAnswerIsKept)
{
    rules.ipv6 = false;
    rules.timeout = ms{1200};
    begin("app.test A sleep 1.4 10.0.0.1 ttl=9\n");
    Asked a;
    Instant began = Clock::now();
    EXPECT_EQ(ask(a, "app.test").kind, Names::timed_out);
    EXPECT_NEAR(static_cast<double>((Clock::now() - began).count()), 1200, 250);
    EXPECT_EQ(a.names.text, "Operation timed out");
    EXPECT_EQ(ask(a, "app.test").kind, Names::found);
}

TEST_F(ResolverTest, NobodyAnswers)
{
    rules.ipv6 = false;
    rules.timeout = ms{1000};
    begin("app.test A silence\n");
    Asked a;
    EXPECT_EQ(ask(a, "app.test").kind, Names::timed_out);
}

TEST_F(ResolverTest, WhoAsksMayGo)
{
    begin("app.test A sleep 0.1 10.0.0.1\n");
    {
        Asked gone;
        resolver->ask("app.test", {}, gone);
        loop.turn(Clock::in(ms{1}));
    }
    Asked a;
    ask(a, "app.test");
    EXPECT_EQ(a.times, 1);
    {
        Asked gone;
        resolver->ask("other.test", {}, gone);
        resolver.reset();  // with a question on its way
        EXPECT_EQ(gone.times, 0);
    }
}

TEST_F(ResolverTest, ServicesHavePortsPrioritiesAndWeights)
{
    begin(
        "_http._tcp.app.test SRV 1 5 8080 a.test, 2 0 8081 b.test ttl=9\n"
        "a.test A 10.0.0.1 10.0.0.2\nb.test AAAA ::9 ttl=4\n"
        "x.y.app.test SRV 0 0 1 nobody.test\n");
    Asked a;
    EXPECT_EQ(ask(a, "app.test", "http").kind, Names::found);
    EXPECT_THAT(a.texts(), ElementsAre("10.0.0.1:8080", "10.0.0.2:8080", "[::9]:8081"));
    EXPECT_EQ(a.names.places[0].priority, 1);
    EXPECT_EQ(a.names.places[0].weight, 5);
    EXPECT_EQ(a.names.places[2].priority, 2);
    EXPECT_NEAR(static_cast<double>((a.names.until - Clock::now()).count()), 4000, 500);
    EXPECT_EQ(ask(a, "app.test", "x.y").kind, Names::missing) << "its host has no address";
    EXPECT_EQ(ask(a, "no.test", "http").kind, Names::missing);
}

TEST_F(ResolverTest, TheHostsFileComesFirst)
{
    begin("localhost A 10.0.0.1\n");
    Asked a;
    ask(a, "localhost");
    EXPECT_THAT(a.texts(), testing::Contains("127.0.0.1:0"));
    EXPECT_EQ(dns->questions(), "");
}

TEST_F(ResolverTest, ResolvConfIsReadAgainWhenItHasChanged)
{
    // resolv.conf knows no ports.
    std::unique_ptr<runner::DnsServer> one, two;
    try {
        one = std::make_unique<runner::DnsServer>(53, "app.test A 10.0.0.1 ttl=1\n", "127.83.0.1");
        two = std::make_unique<runner::DnsServer>(53, "app.test A 10.0.0.2 ttl=1\n", "127.83.0.2");
    } catch (const std::runtime_error&) {
        GTEST_SKIP() << "port 53 needs root";
    }
    std::string path = testing::TempDir() + "resolv." + std::to_string(::getpid());
    auto write = [&](const char* server) {
        std::string fresh = path + ".new";
        std::ofstream(fresh) << "nameserver " << server << "\n";
        ::rename(fresh.c_str(), path.c_str());
    };
    write("127.83.0.1");
    rules.ipv6 = false;
    rules.resolv_conf = path;
    resolver = std::make_unique<Resolver>(rules, counts);
    Asked a;
    ask(a, "app.test");
    EXPECT_THAT(a.texts(), ElementsAre("10.0.0.1:0"));
    write("127.83.0.2");
    pause(ms{1100});
    ask(a, "app.test");
    EXPECT_THAT(a.texts(), ElementsAre("10.0.0.2:0"));
    ::unlink(path.c_str());
}

TEST_F(ResolverTest, ItsSocketsCloseWithItsQuestions)
{
    begin("app.test A truncated 10.0.0.1\n");
    size_t before = loop.free_slots();
    Asked a;
    ask(a, "app.test");
    pause(ms{50});
    EXPECT_EQ(loop.free_slots(), before);
}

TEST(DnsChannel, TtlOfAServiceInAMessage)
{
    auto ttl = [](std::string_view bytes) {
        return DnsChannel::services_ttl(
            {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
    };
    using namespace std::string_literals;
    std::string head = "\0\1\x81\x80\0\1\0\2\0\0\0\0"s, question = "\1a\0\0\x21\0\1"s;
    auto srv = [](char seconds) {
        return "\xC0\x0C\0\x21\0\1\0\0\0"s + seconds + "\0\7\0\0\0\0\0\1\0"s;
    };
    EXPECT_EQ(ttl(head + question + srv(9) + srv(4)), 4u);
    EXPECT_EQ(ttl(head + question + srv(9)), 0u) << "one is not there";
    EXPECT_EQ(ttl(""), 0u);
    EXPECT_EQ(ttl(head + "\xC0\x0C"s), 0u) << "a name that points to itself";
    EXPECT_EQ(ttl(head + question + "\xC0\x0C\0\x21\0\1\0\0\0\5\xFF\xFF"s), 0u) << "beyond the end";
}

}  // namespace
}  // namespace sluice::net
