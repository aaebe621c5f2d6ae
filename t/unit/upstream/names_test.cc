// SPDX-License-Identifier: Apache-2.0
// Peers that come and go with their name: who stays, who goes, and who may still look at one that
// has gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/event/loop.h"
#include "core/upstream/groups.h"
#include "core/upstream/round_robin.h"
#include "t/runner/dns.h"

namespace sluice::upstream {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

struct NamesTest : testing::Test {
    event::Loop loop{32};
    std::unique_ptr<runner::DnsServer> dns;
    net::ResolverCounts counts;
    Log log;
    Groups groups;
    Group* group = nullptr;
    std::shared_ptr<net::ResolverRules> rules = std::make_shared<net::ResolverRules>();

    void begin(const std::string& script, PeerSource source = {})
    {
        dns = std::make_unique<runner::DnsServer>(0, script);
        os::Address server;
        os::Address::from_literal("127.0.0.1", static_cast<uint16_t>(dns->port()), server);
        rules->servers = {server};
        rules->ipv6 = false;
        group = groups.define("app");
        group->resolver = rules;
        source.host = "app.test";
        source.resolve = true;
        std::string why;
        EXPECT_TRUE(group->add_name(std::move(source), why));
        ASSERT_EQ(groups.open(nullptr), "");
        groups.count_names(counts, log);
        groups.begin(0, 100);
    }
    template <class F>
    bool until(F done, ms limit = ms{10000})
    {
        for (Instant end = Clock::in(limit); !done() && Clock::now() < end;)
            loop.turn(Clock::in(ms{20}));
        return done();
    }
    std::vector<std::string> names() const
    {
        std::vector<std::string> list;
        for (const auto& peer : group->peers())
            list.push_back(peer->name);
        return list;
    }
    Peer* peer(std::string_view name) const
    {
        for (const auto& p : group->peers())
            if (p->name == name)
                return p.get();
        return nullptr;
    }
};

TEST_F(NamesTest, WhoStaysKeepsAllThatIsKnown)
{
    begin("app.test A 10.0.0.1 10.0.0.2 ttl=1\napp.test A 10.0.0.2 10.0.0.3 ttl=60\n");
    EXPECT_TRUE(group->awaits_names());
    ASSERT_TRUE(until([&] { return group->size() == 2; }));
    EXPECT_FALSE(group->awaits_names());
    Peer* stays = peer("10.0.0.2:80");
    ASSERT_NE(stays, nullptr);
    stays->state().fails = 3;
    stays->current_weight = 77;
    ASSERT_TRUE(until([&] { return peer("10.0.0.3:80") != nullptr; }));
    EXPECT_THAT(names(), UnorderedElementsAre("10.0.0.2:80", "10.0.0.3:80"));
    EXPECT_EQ(peer("10.0.0.2:80"), stays);
    EXPECT_EQ(stays->state().fails, 3u);
    EXPECT_EQ(stays->current_weight, 77);
}

TEST_F(NamesTest, WhoGoesLivesWhileSomebodyLooksAtIt)
{
    begin("app.test A 10.0.0.1 ttl=1\napp.test A 10.0.0.2 ttl=60\n");
    ASSERT_TRUE(until([&] { return group->size() == 1; }));
    Peer* old = group->pick(nullptr, {});
    Group::pin(*old);
    Seat seat;
    ASSERT_TRUE(seat.take(*old));
    ASSERT_TRUE(until([&] { return peer("10.0.0.2:80") != nullptr; }));
    EXPECT_EQ(group->size(), 1u);
    EXPECT_TRUE(old->gone);
    EXPECT_EQ(old->name, "10.0.0.1:80");
    EXPECT_EQ(group->pick(nullptr, {})->name, "10.0.0.2:80");
    seat.leave();
    group->unpin(*old);  // ASan would see whoever looks at it now
}

TEST_F(NamesTest, NoSuchNameAnyMore)
{
    begin("app.test A 10.0.0.1 ttl=1\napp.test A nxdomain\n");
    ASSERT_TRUE(until([&] { return group->size() == 1; }));
    ASSERT_TRUE(until([&] { return group->empty(); }));
    ASSERT_NE(group->unresolved(), nullptr);
    EXPECT_EQ(group->unresolved()->names().code, 3);
    EXPECT_EQ(counts.stale, 0u);
}

TEST_F(NamesTest, ServersThatFailLeaveTheLastAnswer)
{
    rules->stale = ms{1500};
    rules->timeout = ms{1000};
    begin("app.test A 10.0.0.1 ttl=1\napp.test A servfail\n");
    ASSERT_TRUE(until([&] { return counts.stale == 1; }));
    EXPECT_EQ(group->size(), 1u);
    ASSERT_TRUE(until([&] { return group->empty(); }));
    EXPECT_EQ(counts.expired, 1u);
    dns->change("app.test A 10.0.0.9\n");
    ASSERT_TRUE(until([&] { return group->size() == 1; })) << "it is asked for on";
}

TEST_F(NamesTest, AServicesPrioritiesAndWeights)
{
    PeerSource source;
    source.service = "http";
    source.pattern.weight = 2;
    begin(
        "_http._tcp.app.test SRV 1 5 8080 a.test, 7 0 8081 b.test ttl=1\n"
        "_http._tcp.app.test SRV 1 9 8080 a.test, 1 0 8081 b.test ttl=60\n"
        "a.test A 10.0.0.1\nb.test A 10.0.0.2\n",
        std::move(source));
    ASSERT_TRUE(until([&] { return group->size() == 2; }));
    Peer *a = peer("10.0.0.1:8080"), *b = peer("10.0.0.2:8081");
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->weight, 10);
    EXPECT_FALSE(a->backup);
    EXPECT_EQ(b->weight, 2);
    EXPECT_TRUE(b->backup);
    ASSERT_TRUE(until([&] { return a->weight == 18; }));
    EXPECT_FALSE(b->backup) << "of the same priority now";
    EXPECT_EQ(peer("10.0.0.2:8081"), b);
}

TEST_F(NamesTest, OfABackupOnlyTheFirstPriority)
{
    PeerSource source;
    source.service = "http";
    source.pattern.backup = true;
    begin(
        "_http._tcp.app.test SRV 1 5 8080 a.test, 7 0 8081 b.test\n"
        "a.test A 10.0.0.1\nb.test A 10.0.0.2\n",
        std::move(source));
    ASSERT_TRUE(until([&] { return group->size() == 1; }));
    EXPECT_THAT(names(), ElementsAre("10.0.0.1:8080"));
    EXPECT_TRUE(group->peers()[0]->backup);
}

TEST_F(NamesTest, NamesOfVariablesAreAskedForWhenTheyAreNeeded)
{
    begin("app.test A 10.0.0.1\nlazy.test A 10.0.0.5 ttl=1\nlazy.test A 10.0.0.6 ttl=1\n");
    Group* lazy = groups.dynamic("lazy.test:8080", 80, rules);
    ASSERT_NE(lazy, nullptr);
    EXPECT_EQ(groups.dynamic("lazy.test:8080", 80, rules), lazy);
    EXPECT_NE(groups.dynamic("lazy.test:8080", 80, nullptr), lazy) << "of another resolver";
    EXPECT_TRUE(lazy->awaits_names());
    ASSERT_TRUE(until([&] { return !lazy->awaits_names(); }));
    EXPECT_EQ(lazy->pick(nullptr, {})->name, "10.0.0.5:8080");
    until([] { return false; }, ms{1300});
    EXPECT_EQ(lazy->pick(nullptr, {})->name, "10.0.0.5:8080") << "nobody has needed it";
    EXPECT_TRUE(lazy->awaits_names());
    ASSERT_TRUE(until([&] { return !lazy->awaits_names(); }));
    EXPECT_EQ(lazy->pick(nullptr, {})->name, "10.0.0.6:8080");
}

TEST_F(NamesTest, TheAddressThatWasUsedLongestAgoMakesRoom)
{
    begin("app.test A 10.0.0.1\n");
    Group* used = groups.dynamic("10.1.0.1:80", 80, nullptr);
    ++used->users;
    for (int i = 0; i < 1100; ++i) {
        Group* g = groups.dynamic(
            "10.2." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":80", 80, nullptr);
        ASSERT_NE(g, nullptr) << i;
        g->used = Instant{i};
    }
    EXPECT_EQ(groups.dynamic("10.1.0.1:80", 80, nullptr), used);
    --used->users;
}

TEST(Names, ThisMachine)
{
    EXPECT_TRUE(is_localhost("localhost"));
    EXPECT_TRUE(is_localhost("app.LOCALHOST"));
    EXPECT_FALSE(is_localhost("localhost.example.com"));
    EXPECT_FALSE(is_localhost("notlocalhost"));
}

TEST(Names, WhoHasNoneHasNoResolver)
{
    event::Loop loop{8};
    Groups groups;
    PeerSpec spec;
    os::Address::from_literal("127.0.0.1", 80, spec.address);
    groups.define("app")->add(spec);
    std::string why;
    PeerSource here;
    here.host = "localhost";
    EXPECT_TRUE(groups.define("here")->add_name(std::move(here), why)) << why;
    ASSERT_EQ(groups.open(nullptr), "");
    groups.begin(0, 100);
    EXPECT_FALSE(groups.has_resolvers());
    EXPECT_FALSE(groups.find("here")->has_names()) << "it is found once and for all";
}

}  // namespace
}  // namespace sluice::upstream
