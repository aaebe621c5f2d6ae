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

// An answer instead of which the client gets another one (a miss of memcached, X-Accel-Redirect, an
// error_page) costs its connection only where the rest of it is still to come.
TEST(Kept, ConnectionsOfAnswersThatAreNotPassedOn)
{
    Rig rig(
        "proxy_http_version 1.1; proxy_intercept_errors on; error_page 404 = /page;"
        "location = /page { return 200 page; }"
        "location /miss { memcached_pass origin; }"
        "location /p { proxy_pass http://origin; }"
        "location /f { fastcgi_pass origin; fastcgi_keep_conn on;"
        "  fastcgi_intercept_errors on; }",
        [](Peer& peer) {
            std::string seen;
            while (peer.socket.read_some(seen, in_seconds(5)) == Io::ok) {
                bool whole = seen.ends_with("\r\n") || seen.ends_with(record(5, ""));
                if (!whole)
                    continue;
                if (seen.starts_with("get "))
                    peer.send("END\r\n");
                else if (seen.find("GET /p/accel") == 0)
                    peer.send(
                        "HTTP/1.1 200 OK\r\nX-Accel-Redirect: /page\r\n"
                        "Content-Length: 3\r\n\r\nabc");
                else if (seen.find("GET /p/chunks") == 0)
                    peer.send(
                        "HTTP/1.1 404 Gone\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n");
                else if (seen.find("GET /p/rest") == 0)
                    peer.send("HTTP/1.1 404 Gone\r\nContent-Length: 3\r\n\r\na");
                else if (seen.find("GET /p/more") == 0)
                    peer.send("HTTP/1.1 404 Gone\r\nContent-Length: 3\r\n\r\nabcHTTP");
                else
                    peer.send(record(6, "Status: 404 Gone\r\n\r\nabc") +
                              record(3, std::string(8, '\0')));
                seen.clear();
            }
        },
        "map $uri $memcached_key { default key; }");
    for (const char* path : {"/miss", "/p/accel", "/p/chunks", "/f", "/p/rest", "/p/more"}) {
        int before = rig.origin_connections();
        for (int i = 0; i < 5; ++i) {
            Reply reply = rig.ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
            EXPECT_EQ(reply.code(), "200") << reply.bytes;
            EXPECT_TRUE(reply.bytes.ends_with("page")) << reply.bytes;
        }
        bool in_doubt = std::string_view(path) == "/p/rest" || std::string_view(path) == "/p/more";
        int made = rig.origin_connections() - before;
        // One that was kept for another protocol may be tried first.
        if (in_doubt)
            EXPECT_GE(made, 4) << path;
        else
            EXPECT_LE(made, 2) << path;
    }
    rig.finish();
}

}  // namespace
}  // namespace sluice::fault
