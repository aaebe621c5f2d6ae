// SPDX-License-Identifier: Apache-2.0
#include "modules/lib/networks.h"

#include <gtest/gtest.h>

#include "core/os/address.h"

namespace sluice::networks {
namespace {

bool holds(const char* network, const char* address)
{
    bool low_bits = false;
    auto parsed = parse_network(network, low_bits);
    EXPECT_TRUE(parsed) << network;
    os::Address literal;
    if (*address)
        EXPECT_TRUE(os::Address::from_literal(address, 1, literal)) << address;
    return parsed && parsed->contains(literal.bytes());
}

TEST(Networks, Contain)
{
    EXPECT_TRUE(holds("all", ""));
    EXPECT_TRUE(holds("all", "::1"));
    EXPECT_TRUE(holds("unix:", ""));
    EXPECT_FALSE(holds("unix:", "127.0.0.1"));
    EXPECT_TRUE(holds("10.1.2.3", "10.1.2.3"));
    EXPECT_FALSE(holds("10.1.2.3", "10.1.2.2"));
    EXPECT_TRUE(holds("10.1.2.0/23", "10.1.3.255"));
    EXPECT_FALSE(holds("10.1.2.0/23", "10.1.4.0"));
    EXPECT_TRUE(holds("0.0.0.0/0", "255.1.1.1"));
    EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
    EXPECT_FALSE(holds("0.0.0.0/0", ""));
    EXPECT_TRUE(holds("::/0", "::1"));
    EXPECT_FALSE(holds("::/0", "1.2.3.4"));
    EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
    EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.9.9.9"));
    EXPECT_TRUE(holds("::1", "::1"));
    EXPECT_FALSE(holds("::1", "::2"));
}

TEST(Networks, AreNone)
{
    for (const char* text : {"", "a", "1.2.3", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/", "::/129",
                             "[::1]", "1.2.3.4:80", "unix:/path", "ALL", "/8", "1.2.3.4/8/8"}) {
        bool low_bits = false;
        EXPECT_FALSE(parse_network(text, low_bits)) << text;
    }
}

TEST(Networks, LowBits)
{
    bool low_bits = false;
    parse_network("10.0.0.0/8", low_bits);
    EXPECT_FALSE(low_bits);
    parse_network("10.0.0.1/8", low_bits);
    EXPECT_TRUE(low_bits);
    EXPECT_TRUE(holds("10.0.0.1/8", "10.2.3.4"));
}

}  // namespace
}  // namespace sluice::networks
