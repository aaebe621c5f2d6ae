// SPDX-License-Identifier: Apache-2.0
#include "core/os/address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

namespace sluice::os {
namespace {

Address literal(std::string_view host, uint16_t port)
{
    Address a;
    EXPECT_TRUE(Address::from_literal(host, port, a)) << host;
    return a;
}

TEST(Address, Texts)
{
    EXPECT_EQ(literal("127.0.0.1", 80).text(), "127.0.0.1:80");
    EXPECT_EQ(literal("::1", 443).text(), "[::1]:443");
    EXPECT_EQ(literal("[2001:DB8::1]", 8080).text(), "[2001:db8::1]:8080");
    EXPECT_EQ(literal("127.0.0.1", 80).host(), "127.0.0.1");
    EXPECT_EQ(literal("::1", 80).host(), "::1");
    Address u;
    ASSERT_TRUE(Address::from_unix("/tmp/x.sock", u));
    EXPECT_TRUE(u.is_unix());
    EXPECT_EQ(u.text(), "unix:/tmp/x.sock");
    EXPECT_EQ(u.host(), "unix:/tmp/x.sock");
    EXPECT_EQ(u.port(), 0);
    EXPECT_EQ(u.bytes(), "");
}

TEST(Address, RefusesWhatIsNoLiteral)
{
    Address a = literal("10.0.0.1", 1);
    for (std::string_view bad :
         {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4 ", "[::1", "::1]", "[]",
          "::g", "1.2.3.4:80", "12345678901234567890123456789012345678901234567890"})
        EXPECT_FALSE(Address::from_literal(bad, 1, a)) << bad;
    EXPECT_EQ(a.text(), "10.0.0.1:1");  // untouched
    EXPECT_FALSE(Address::from_unix("", a));
    EXPECT_FALSE(Address::from_unix(std::string(108, 'x'), a));
    EXPECT_TRUE(Address::from_unix(std::string(107, 'x'), a));
}

TEST(Address, BytesPortsAndWildcards)
{
    EXPECT_EQ(literal("1.2.3.4", 5).bytes(), "\x01\x02\x03\x04");
    EXPECT_EQ(literal("::1", 5).bytes().size(), 16u);
    EXPECT_TRUE(literal("0.0.0.0", 1).is_wildcard());
    EXPECT_TRUE(Address::any(AF_INET6, 9).is_wildcard());
    EXPECT_EQ(Address::any(AF_INET6, 9).port(), 9);
    EXPECT_FALSE(literal("0.0.0.1", 1).is_wildcard());
    EXPECT_FALSE(Address().is_wildcard());
    Address a = literal("1.2.3.4", 5);
    a.set_port(65535);
    EXPECT_EQ(a.text(), "1.2.3.4:65535");
}

TEST(Address, Compares)
{
    EXPECT_EQ(literal("::1", 80), literal("[0:0::1]", 80));
    EXPECT_FALSE(literal("::1", 80) == literal("::1", 81));
    EXPECT_FALSE(literal("1.2.3.4", 80) == literal("::ffff:1.2.3.4", 80));
    Address a, b, c;
    Address::from_unix("/a", a);
    Address::from_unix("/a", b);
    Address::from_unix("/b", c);
    EXPECT_EQ(a, b);
    EXPECT_FALSE(a == c);
}

TEST(Address, FromTheKernel)
{
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(81);
    v4.sin_addr.s_addr = htonl(0x7f000001);
    EXPECT_EQ(Address::from(reinterpret_cast<sockaddr*>(&v4), sizeof v4), literal("127.0.0.1", 81));
    sockaddr_un nameless{};
    nameless.sun_family = AF_UNIX;
    Address u = Address::from(reinterpret_cast<sockaddr*>(&nameless), sizeof(sa_family_t));
    EXPECT_EQ(u.text(), "unix:");
    EXPECT_EQ(u.host(), "unix:");
}

TEST(Address, WhatIsKeptOfAClient)
{
    for (const char* host : {"127.0.0.1", "::1", "2001:db8::7"}) {
        Address whole = literal(host, 4711);
        PeerAddress kept(whole);
        EXPECT_EQ(kept.address(), whole);
        EXPECT_EQ(kept.text(), whole.text());
        EXPECT_EQ(kept.port(), 4711);
        EXPECT_EQ(kept.bytes(), whole.bytes());
    }
    Address named;
    Address::from_unix("/somewhere", named);
    PeerAddress kept(named);
    EXPECT_EQ(kept.text(), "unix:");
    EXPECT_EQ(kept.bytes(), "");
    static_assert(sizeof(PeerAddress) < sizeof(Address) / 4);
}

TEST(Address, ResolvesLiteralsAndRefusesNonsense)
{
    auto found = resolve("127.0.0.1", 8080);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1u);
    EXPECT_EQ(found->front().text(), "127.0.0.1:8080");
    auto bad = resolve("no such name.invalid", 1);
    ASSERT_FALSE(bad);
    EXPECT_FALSE(bad.error().empty());
}

}  // namespace
}  // namespace sluice::os
