// SPDX-License-Identifier: Apache-2.0
// Answers of FastCGI, SCGI, uwsgi and memcached servers, broken off behind every byte: a client
// sees an error status, or an answer that visibly lacks its end, and never a part that looks whole.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "rig.h"

namespace sluice::fault {
namespace {

using namespace std::string_literals;

std::string record(char type, const std::string& content, size_t padding = 0)
{
    return std::string("\1", 1) + type + "\0\1"s + static_cast<char>(content.size() >> 8) +
           static_cast<char>(content.size() & 255) + static_cast<char>(padding) + '\0' + content +
           std::string(padding, '\0');
}

struct Protocol {
    const char* name;
    std::string location;  // the directives
    std::string request_end;
    std::string answer;
    bool close_is_end = false;  // a body may end with the connection: cuts in it cannot be seen
    size_t head = 0;            // of the answer, when close_is_end
};

std::vector<Protocol> protocols()
{
    std::string cgi = "Status: 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
    std::string end = record(3, std::string(8, '\0'));
    return {
        {"fastcgi", "fastcgi_param A b; fastcgi_pass origin;", record(5, ""),
         record(7, "a word") + record(6, cgi.substr(0, 20), 3) + record(6, cgi.substr(20)) + end},
        {"fastcgi without a length", "fastcgi_param A b; fastcgi_pass origin;", record(5, ""),
         record(6, "X: y\r\n\r\n01234") + record(6, "56789") + record(6, "") + end},
        {"scgi", "scgi_param SCGI 1; scgi_pass origin;", ",", cgi},
        {"uwsgi", "uwsgi_param A b; uwsgi_pass origin;", "b", cgi},
        {"memcached", "memcached_pass origin;", "\r\n", "VALUE key 0 10\r\n0123456789\r\nEND\r\n"},
    };
}

class Cuts : public ::testing::TestWithParam<size_t>
{
};

TEST_P(Cuts, BehindEveryByte)
{
    const Protocol protocol = protocols()[GetParam()];
    SCOPED_TRACE(protocol.name);
    std::atomic<size_t> cut{0};
    std::atomic<bool> reset{false};
    auto play = [&](Peer& peer) {
        std::string seen;
        while (seen.find(protocol.request_end) == std::string::npos)
            if (peer.socket.read_some(seen, in_seconds(5)) != Io::ok)
                return;
        peer.send(protocol.answer.substr(0, cut));
        if (reset) {
            runner::sleep_seconds(0.005);
            linger now{1, 0};
            ::setsockopt(peer.socket.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        }
    };
    Rig rig("location / { default_type text/plain; " + protocol.location + " }", play,
            "map $uri $memcached_key { default key; }");
    for (bool how : {false, true})
        for (size_t n = 0; n <= protocol.answer.size(); ++n) {
            cut = n;
            reset = how && n < protocol.answer.size();
            Reply reply = rig.ask("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            ASSERT_FALSE(reply.all.empty()) << n;
            if (reply.code() != "200") {
                EXPECT_EQ(reply.code(), "502") << n << (how ? " reset" : " closed");
                continue;
            }
            bool whole = reply.complete() && reply.last().body == "0123456789";
            EXPECT_TRUE(whole || !reply.complete()) << n << (how ? " reset" : " closed") << "\n"
                                                    << reply.bytes;
            if (n == protocol.answer.size()) {
                EXPECT_TRUE(whole) << reply.bytes;
            }
        }
    rig.expect_calm();
}

INSTANTIATE_TEST_SUITE_P(Protocols, Cuts, ::testing::Range(size_t{0}, size_t{5}));

}  // namespace
}  // namespace sluice::fault
