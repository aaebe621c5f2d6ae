// SPDX-License-Identifier: Apache-2.0
// Every answer and every request, broken off behind every byte. What a client sees must be an error
// status or an answer that visibly lacks its end; what the origin sees must not look whole.
#include <gtest/gtest.h>

#include <set>

#include "rig.h"

namespace sluice::fault {
namespace {

struct Answer {
    const char* name;
    const char* method;
    std::string bytes;
    std::string status, body;  // what a client gets of the whole
    bool ends_with_close = false;
};

const std::vector<Answer>& answers()
{
    static const std::vector<Answer> all{
        {"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX-A: b\r\n\r\n0123456789",
         "200", "0123456789"},
        {"empty", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200", ""},
        {"chunked", "GET",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
         "chunked\r\n\r\n4;x=y\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n",
         "200", "abcdefg"},
        {"trailers", "GET",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\nX-Sum: 1\r\n\r\n",
         "200", "abcd"},
        {"close", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", "200",
         "until the end", true},
        {"http10", "GET", "HTTP/1.0 404 Not Found\r\n\r\nold", "404", "old", true},
        {"interim", "GET",
         "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: "
         "2\r\n\r\nhi",
         "201", "hi"},
        {"no_content", "GET", "HTTP/1.1 204 No Content\r\n\r\n", "204", ""},
        {"not_modified", "GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", "304", ""},
        {"head", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "200", ""},
        {"redirect", "GET", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 3\r\n\r\nsee",
         "302", "see"},
    };
    return all;
}

// "/N/BYTES/close|reset": which answer, how much of it, how it ends.
void play_cut(Peer& peer)
{
    std::string head;
    while (peer.head(head)) {
        size_t which = 0, bytes = 0;
        char how = 0;
        if (std::sscanf(head.c_str(), "%*s /%zu/%zu/%c", &which, &bytes, &how) != 3)
            return;
        const Answer& answer = answers()[which];
        peer.send(answer.bytes.substr(0, bytes));
        if (how == 'r')
            return peer.socket.reset();
        if (bytes < answer.bytes.size() || answer.ends_with_close)
            return;
    }
}

void check_cut(const Answer& answer, size_t bytes, char how, bool old_client, const Reply& reply)
{
    std::string where = std::string(answer.name) + " " + std::to_string(bytes) + " " + how +
                        (old_client ? " 1.0" : "") + ": " + reply.bytes;
    ASSERT_NE(reply.end, Io::timeout) << where;
    bool whole = bytes == answer.bytes.size();
    if (reply.code() == "502" || reply.code() == "504") {
        EXPECT_TRUE(reply.last().complete) << where;
        EXPECT_FALSE(whole && how == 'c') << where;
        return;
    }
    bool close_ends_it =
        answer.ends_with_close && how == 'c' && bytes >= answer.bytes.find("\r\n\r\n") + 4;
    bool complete = reply.complete() && reply.end != Io::error;
    if (complete && !close_ends_it) {
        // Only the whole answer may look whole. (What follows its last byte of framing does not
        // count.)
        EXPECT_TRUE(whole) << where;
        EXPECT_EQ(reply.last().body, answer.body) << where;
    } else if (whole && how == 'c') {
        EXPECT_TRUE(complete) << where;
    }
    if (!reply.all.empty() && !reply.code().empty()) {
        EXPECT_EQ(reply.code(), answer.status) << where;
        EXPECT_TRUE(answer.body.starts_with(reply.last().body)) << where;
    }
}

class CutAnswer : public ::testing::TestWithParam<const char*>
{
};

TEST_P(CutAnswer, BehindEveryByte)
{
    Rig rig(std::string("location / { proxy_pass http://origin; ") + GetParam() + " }", play_cut);
    std::set<std::string> cut;
    for (size_t n = 0; n < answers().size(); ++n) {
        const Answer& answer = answers()[n];
        for (size_t bytes = 0; bytes <= answer.bytes.size(); ++bytes)
            for (char how : {'c', 'r'})
                for (bool old_client : {false, true}) {
                    std::string uri =
                        "/" + std::to_string(n) + "/" + std::to_string(bytes) + "/" + how;
                    std::string request = std::string(answer.method) + " " + uri +
                                          (old_client ? " HTTP/1.0" : " HTTP/1.1") +
                                          "\r\nHost: a\r\n" +
                                          (old_client ? "" : "Connection: close\r\n") + "\r\n";
                    Socket socket = rig.connect();
                    socket.write_all(request, in_seconds(10));
                    Reply reply = read_reply(socket, answer.method, 2);  // to the end
                    check_cut(answer, bytes, how, old_client, reply);
                    if (HasFatalFailure())
                        return;
                    if (bytes < answer.bytes.size() && !answer.ends_with_close)
                        cut.insert(uri + " ");
                }
    }
    rig.expect_calm();
    std::string log = rig.error_log();
    for (const std::string& uri : cut)
        EXPECT_NE(log.find(" " + uri), std::string::npos) << "no reason logged for " << uri;
}

INSTANTIATE_TEST_SUITE_P(Modes, CutAnswer, ::testing::Values("", "proxy_buffering off;"));

struct Question {
    const char* name;
    std::string bytes;
};

const std::vector<Question>& questions()
{
    static const std::vector<Question> all{
        {"get", "GET /get HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"length", "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789"},
        {"chunked",
         "POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
         "chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\nX: y\r\n\r\n"},
        {"expect",
         "POST /expect HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
         "10\r\n\r\n0123456789"},
        {"old", "GET /old HTTP/1.0\r\n\r\n"},
    };
    return all;
}

class CutRequest : public ::testing::TestWithParam<const char*>
{
};

TEST_P(CutRequest, BehindEveryByte)
{
    std::atomic<int> wrong = 0;
    std::mutex mutex;
    std::map<std::string, int> whole;  // by path
    auto play = [&](Peer& peer) {
        std::string head;
        while (peer.head(head)) {
            std::string body;
            size_t length = head.find("Content-Length: ");
            bool posts = head.starts_with("POST");
            if (length != std::string::npos &&
                !peer.take(std::stoul(head.substr(length + 16)), body))
                return;
            if (head.find("Transfer-Encoding: chunked") != std::string::npos && !peer.chunked(body))
                return;
            wrong += posts && body != "0123456789";
            {
                std::lock_guard lock(mutex);
                ++whole[head.substr(head.find('/') + 1, head.find(" HTTP") - head.find('/') - 1)];
            }
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    };
    Rig rig(std::string("location / { proxy_pass http://origin; ") + GetParam() + " }", play);
    for (const Question& q : questions())
        for (size_t bytes = 0; bytes <= q.bytes.size(); ++bytes)
            for (char how : {'c', 'r', 'h'}) {
                Socket socket = rig.connect();
                socket.write_all(q.bytes.substr(0, bytes), in_seconds(10));
                if (how == 'r')
                    socket.reset();
                else if (how == 'h')
                    socket.shut_write();
                bool all = bytes == q.bytes.size();
                if (how == 'h') {
                    Reply reply = read_reply(socket);
                    EXPECT_NE(reply.end, Io::timeout) << q.name << " " << bytes;
                    EXPECT_TRUE(all || reply.code() != "200")
                        << q.name << " " << bytes << reply.bytes;
                }
                socket.close();
            }
    rig.expect_calm();
    EXPECT_EQ(wrong, 0);
    {
        std::lock_guard lock(mutex);
        for (const Question& q : questions())
            EXPECT_LE(whole[q.name], 3)
                << q.name << ": the origin saw a whole request that nobody sent";
    }
    Reply reply = rig.ask("GET /get HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(reply.code(), "200") << reply.bytes;
}

INSTANTIATE_TEST_SUITE_P(Modes, CutRequest,
                         ::testing::Values("", "proxy_request_buffering off;",
                                           "proxy_ignore_client_abort on;"));

// What was said before the answer is no status of it.
TEST(ClientLeaves, AfterItWasInvitedToSendItsBody)
{
    Rig rig("location / { proxy_pass http://origin; }", [](Peer& peer) {
        std::string head, body;
        if (peer.head(head) && peer.take(3, body))
            peer.take(1, body);  // says nothing until it is left
    });
    {
        Socket client = rig.connect();
        client.write_all(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
            in_seconds(5));
        std::string bytes;
        client.read_some(bytes, in_seconds(5));
        EXPECT_EQ(bytes, "HTTP/1.1 100 Continue\r\n\r\n");
        client.write_all("abc", in_seconds(5));
        runner::sleep_seconds(0.2);
    }
    rig.expect_calm();
    rig.finish();
    EXPECT_NE(rig.access_log().find("\" 499 25 "), std::string::npos) << rig.access_log();
}

}  // namespace
}  // namespace sluice::fault
