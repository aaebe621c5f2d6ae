// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/websocket.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::upstream {
namespace {

std::string frame(size_t payload, bool masked)
{
    std::string out("\x82", 1);
    unsigned char mask = masked ? 0x80 : 0;
    auto number = [&](size_t n, int bytes) {
        while (bytes-- > 0)
            out += static_cast<char>(n >> (8 * bytes) & 0xff);
    };
    if (payload < 126) {
        out += static_cast<char>(mask | payload);
    } else if (payload < 65536) {
        out += static_cast<char>(mask | 126);
        number(payload, 2);
    } else {
        out += static_cast<char>(mask | 127);
        number(payload, 8);
    }
    return out + std::string(masked ? 4 : 0, 'm') + std::string(payload, 'p');
}

TEST(FrameBorders, AreFoundHoweverTheBytesCome)
{
    for (bool masked : {false, true})
        for (size_t payload : {0, 1, 125, 126, 127, 65535, 65536, 70000})
            for (size_t step : {1, 2, 3, 13, 100000}) {
                FrameBorders borders;
                EXPECT_TRUE(borders.at_border());
                std::string one = frame(payload, masked), all = one + one;
                for (size_t at = 0; at < all.size();) {
                    size_t n = std::min(step, all.size() - at);
                    borders.feed(std::string_view(all).substr(at, n));
                    at += n;
                    ASSERT_EQ(borders.at_border(), at % one.size() == 0)
                        << payload << " by " << step << " at " << at;
                }
            }
}

TEST(FrameBorders, CloseFramesAreWhole)
{
    for (std::string_view close : {close_to_client, close_to_server}) {
        FrameBorders borders;
        borders.feed(close.substr(0, close.size() - 1));
        EXPECT_FALSE(borders.at_border());
        borders.feed(close.substr(close.size() - 1));
        EXPECT_TRUE(borders.at_border());
        EXPECT_EQ(close.substr(close.size() - 2), std::string_view("\x03\xf4"));  // 1012
    }
}

}  // namespace
}  // namespace sluice::upstream
