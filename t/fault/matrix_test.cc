// SPDX-License-Identifier: Apache-2.0
// Every fault of an upstream against every protocol that is spoken with one: what the client sees,
// how long it takes, and that nothing is left behind. Then a great many of them at once: every body
// carries the request that it answers and a hash, nothing is mixed up and nothing cut unnoticed.
// SLUICE_FAULTS says how many exchanges (3,000; 100,000 is the full form).
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdlib>
#include <functional>
#include <random>

#include "rig.h"

namespace sluice::fault {
namespace {

using namespace std::string_literals;

std::string record(char type, const std::string& content)
{
    return std::string("\1", 1) + type + "\0\1"s + static_cast<char>(content.size() >> 8) +
           static_cast<char>(content.size() & 255) + "\0\0"s + content;
}

/// How a protocol is spoken, from the server's side.
struct Protocol {
    const char* name;
    std::string pass;         // the directives of a location; PREFIX_... names its others
    std::string prefix;       // "proxy_"
    std::string request_end;  // the request has come
    std::function<std::string(const std::string& body)> answer;
    /// An answer that claims `claim` bytes and has `body`.
    std::function<std::string(size_t claim, const std::string& body)> claims;
    std::function<std::string(size_t size)> large_head;
    bool has_interim = false;
    bool marks_end = false;  // an answer has an end of its own besides its length
};

std::string cgi(size_t size, const std::string& body)
{
    return "Status: 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body;
}

std::string fastcgi(const std::string& out)
{
    return record(6, out) + record(6, "") + record(3, std::string(8, '\0'));
}

std::string http(size_t size, const std::string& body)
{
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body;
}

std::string value(size_t size, const std::string& body)
{
    return "VALUE " + body.substr(0, body.find(' ')) + " 0 " + std::to_string(size) + "\r\n" +
           body + "\r\nEND\r\n";
}

// The body of memcached's answer begins with its key.
std::vector<Protocol> protocols()
{
    auto cgi_head = [](size_t n) { return "X: " + std::string(n, 'x') + "\r\n\r\n"; };
    auto whole = [](auto make) {
        return [make](const std::string& body) { return make(body.size(), body); };
    };
    auto in_records = [](size_t n, const std::string& body) { return fastcgi(cgi(n, body)); };
    return {
        {"proxy", "proxy_pass http://origin;", "proxy_", "\r\n\r\n", whole(http), http,
         [](size_t n) { return "HTTP/1.1 200 OK\r\nX: " + std::string(n, 'x') + "\r\n\r\n"; },
         true},
        {"fastcgi", "fastcgi_param URI $uri; fastcgi_pass origin;", "fastcgi_", record(5, ""),
         whole(in_records), in_records, [=](size_t n) { return fastcgi(cgi_head(n)); }},
        {"scgi", "scgi_param SCGI 1; scgi_param URI $uri; scgi_pass origin;", "scgi_", "\0,"s,
         whole(cgi), cgi, cgi_head},
        {"uwsgi", "uwsgi_param URI $uri; uwsgi_param END end_of_it; uwsgi_pass origin;", "uwsgi_",
         "end_of_it", whole(cgi), cgi, cgi_head},
        {"memcached", "memcached_pass origin;", "memcached_", "\r\n", whole(value), value,
         [](size_t n) { return "VALUE " + std::string(n, 'x'); }, false, true},
    };
}

/// The request has come. False: the connection ended before.
bool read_request(Peer& peer, const Protocol& p, std::string& seen)
{
    seen = std::move(peer.pending);
    peer.pending.clear();
    while (seen.find(p.request_end) == std::string::npos)
        if (peer.socket.read_some(seen, in_seconds(20)) != Io::ok)
            return false;
    return true;
}

void wait_for_end(Peer& peer)
{
    std::string rest;
    while (peer.socket.read_some(rest, in_seconds(20)) == Io::ok) {
    }
}

std::string get(const std::string& uri, bool close = true)
{
    return "GET " + uri + " HTTP/1.1\r\nHost: a\r\n" + (close ? "Connection: close\r\n" : "") +
           "\r\n";
}

struct Case {
    const char* name;
    std::function<void(Peer&, const Protocol&)> play;
    std::string code;  // that the client gets; "cut": a 200 that visibly lacks its end
    double at_least = 0, at_most = 5;  // seconds
    bool only_http = false;
    size_t surplus = 0;  // bytes at the end of `body` that the client must not get
    double pause = 0;    // seconds until all of it has happened
};

const std::string key = "/k";
const std::string body = "/k 0123456789";
constexpr size_t surplus = 4;

void send_slowly(Peer& peer, const std::string& bytes, double pause)
{
    for (char c : bytes) {
        peer.send({&c, 1});
        runner::sleep_seconds(pause);
    }
}

// Time-outs are a second: what they do is to come within a tenth of it (and what a busy machine
// adds).
std::vector<Case> silences()
{
    auto read = [](Peer& peer, const Protocol& p) {
        std::string seen;
        return read_request(peer, p, seen);
    };
    return {
        {"accepts and closes", [](Peer&, const Protocol&) {}, "502"},
        {"reads and closes", [=](Peer& peer, const Protocol& p) { read(peer, p); }, "502"},
        {"accepts and hangs", [](Peer& peer, const Protocol&) { wait_for_end(peer); }, "504", 0.95,
         1.6},
        {"hangs in the head",
         [=](Peer& peer, const Protocol& p) {
             read(peer, p);
             peer.send(p.answer(body).substr(0, 5));
             wait_for_end(peer);
         },
         "504", 0.95, 1.6},
        {"hangs in the body",
         [=](Peer& peer, const Protocol& p) {
             read(peer, p);
             std::string all = p.answer(body);
             peer.send(all.substr(0, all.find("0123") + 2));
             wait_for_end(peer);
         },
         "cut", 0.95, 1.6},
        {"drips",
         [=](Peer& peer, const Protocol& p) {
             read(peer, p);
             send_slowly(peer, p.answer(body), 0.02);
         },
         "200", 0.3, 10},
    };
}

// What comes makes no sense, or not at this time.
std::vector<Case> lies()
{
    auto read = [](Peer& peer, const Protocol& p) {
        std::string seen;
        return read_request(peer, p, seen);
    };
    return {
        {"garbage",
         [=](Peer& peer, const Protocol& p) {
             read(peer, p);
             peer.send("\xff\x01 this is no answer\n\n\r\n\r\n" + std::string(64, '\x02'));
         },
         "502"},
        {"a head larger than its buffer",
         [=](Peer& peer, const Protocol& p) {
             read(peer, p);
             peer.send(p.large_head(9000));
         },
         "502"},
        {"less than it claims",
         [=](Peer& peer, const Protocol& p) {
             read(peer, p);
             peer.send(p.claims(body.size() + 107, body));
         },
         "cut"},
        // The connection stays open: who used it again would take what is too much for an answer.
        {"more than it claims",
         [=](Peer& peer, const Protocol& p) {
             read(peer, p);
             peer.send(p.claims(body.size() - surplus, body));
             wait_for_end(peer);
         },
         "200", 0, 5, false, surplus},
        {"more than it claims, behind the end",
         [=](Peer& peer, const Protocol& p) {
             read(peer, p);
             peer.send(p.answer(body));
             runner::sleep_seconds(0.05);
             peer.send(body);
             wait_for_end(peer);
         },
         "200", 0, 5, false, 0, 0.2},
        {"an answer before the request is read",
         [](Peer& peer, const Protocol& p) {
             peer.send(p.answer(body));
             peer.socket.shut_write();
             wait_for_end(peer);
         },
         "200"},
        {"a storm of 1xx",
         [=](Peer& peer, const Protocol& p) {
             read(peer, p);
             for (int i = 0; i < 20000; ++i)
                 if (peer.socket.write_all("HTTP/1.1 102 Processing\r\n\r\n", in_seconds(1)) !=
                     Io::ok)
                     return;
         },
         "502", 0, 5, true},
    };
}

std::vector<Case> cases()
{
    std::vector<Case> all = silences();
    for (Case& c : lies())
        all.push_back(std::move(c));
    return all;
}

std::string location_of(const Protocol& p)
{
    return "location / { default_type text/plain; " + p.prefix + "connect_timeout 1s; " + p.prefix +
           "send_timeout 1s; " + p.prefix + "read_timeout 1s; " + p.prefix + "buffer_size 4k; " +
           p.pass + " }";
}

const char* const http_level = "map $uri $memcached_key { default $uri; }";

class Matrix : public ::testing::TestWithParam<size_t>
{
};

TEST_P(Matrix, EachFault)
{
    const Protocol p = protocols()[GetParam()];
    std::function<void(Peer&, const Protocol&)> now;
    Rig rig(
        location_of(p), [&](Peer& peer) { now(peer, p); }, http_level);
    for (const Case& c : cases()) {
        if (c.only_http && !p.has_interim)
            continue;
        SCOPED_TRACE(std::string(p.name) + ": " + c.name);
        now = c.play;
        auto began = runner::Clock::now();
        Reply reply = rig.ask(get(key));
        double took = std::chrono::duration<double>(runner::Clock::now() - began).count();
        EXPECT_GE(took, c.at_least);
        EXPECT_LE(took, c.at_most);
        runner::sleep_seconds(c.pause);
        ASSERT_FALSE(reply.all.empty());
        if (c.code == "cut" || (c.surplus && p.marks_end)) {
            EXPECT_TRUE(reply.code() == "502" || reply.code() == "504" || !reply.complete())
                << reply.bytes;
            continue;
        }
        EXPECT_EQ(reply.code(), c.code) << reply.bytes;
        EXPECT_TRUE(reply.complete()) << reply.bytes;
        if (c.code == "200") {
            EXPECT_EQ(reply.last().body, body.substr(0, body.size() - c.surplus));
        }
    }
    rig.expect_calm();
}

TEST_P(Matrix, NobodyListens)
{
    const Protocol p = protocols()[GetParam()];
    std::string location = location_of(p);
    size_t at = location.find("origin;");
    runner::Ports ports;
    location.replace(at, 6, "127.0.0.1:" + std::to_string(ports.at(3)));
    Rig rig(
        location, [](Peer&) {}, http_level);
    EXPECT_EQ(rig.ask(get(key)).code(), "502");
    rig.expect_calm();
}

// ---- a great many -------------------------------------------------------------------------------

uint64_t hash(const std::string& text)
{
    uint64_t h = 1469598103934665603u;
    for (char c : text)
        h = (h ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return h;
}

// "/k123 ....... HASH": of everything before the hash.
std::string body_of(const std::string& uri, unsigned size)
{
    std::string text = uri + " ";
    while (text.size() < size)
        text += uri;
    return text + " " + std::to_string(hash(text));
}

bool is_body_of(const std::string& uri, const std::string& got)
{
    size_t space = got.rfind(' ');
    return got.starts_with(uri + " ") && space != got.npos &&
           got.substr(space + 1) == std::to_string(hash(got.substr(0, space)));
}

std::string uri_in(const std::string& request)
{
    size_t from = request.find("/k"), to = from;
    while (to < request.size() && (to < from + 2 || std::isdigit(request[to])))
        ++to;
    return from == request.npos ? "" : request.substr(from, to - from);
}

int exchanges()
{
    const char* text = std::getenv("SLUICE_FAULTS");
    return text ? std::atoi(text) : 3000;
}

// One request on a connection, and what becomes of its answer is up to the dice.
void play_by_dice(Peer& peer, const Protocol& p)
{
    static std::atomic<unsigned> seed{1};
    std::minstd_rand dice(seed++ * 2654435761u);
    std::string request;
    unsigned fault = dice() % 8;
    if (fault == 0 || !read_request(peer, p, request))
        return;
    std::string all = p.answer(body_of(uri_in(request), dice() % 2 ? 60 : 30000));
    size_t cut = dice() % all.size();
    switch (fault) {
    case 1: return peer.send(all.substr(0, cut));
    case 2: peer.send(all.substr(0, cut)); return peer.socket.reset();
    case 3: return peer.send("\xff\x01 this is no answer\n\n\r\n\r\n");
    case 4: return peer.send(p.claims(all.size() + 100, body_of(uri_in(request), 60)));
    case 5:
        peer.send(all.substr(0, cut));
        runner::sleep_seconds(0.001 * (dice() % 20));
        return peer.send(all.substr(cut));
    default: return peer.send(all);
    }
}

TEST_P(Matrix, AGreatMany)
{
    const Protocol p = protocols()[GetParam()];
    Rig rig(
        location_of(p), [&](Peer& peer) { play_by_dice(peer, p); }, http_level);
    int each = exchanges() / static_cast<int>(protocols().size());
    std::atomic<int> number{0}, good{0}, wrong{0};
    long before = 0;
    auto client = [&](int until) {
        for (int n = number++; n < until; n = number++) {
            std::string uri = key + std::to_string(n);
            Socket s = rig.connect();
            s.write_all(get(uri), in_seconds(5));
            Reply reply = read_reply(s);
            bool whole = reply.complete() && reply.code() == "200";
            good += whole;
            bool right = whole ? is_body_of(uri, reply.last().body)
                               : reply.code() != "200" || !reply.complete();
            if (!right && wrong++ == 0)
                ADD_FAILURE() << uri << "\n" << reply.bytes.substr(0, 400);
        }
    };
    auto run = [&](int until) {
        std::vector<std::thread> clients;
        for (int i = 0; i < 8; ++i)
            clients.emplace_back(client, until);
        for (std::thread& t : clients)
            t.join();
    };
    run(each / 4);  // warm
    rig.expect_calm();
    before = rig.resident_kb();
    run(each);
    EXPECT_EQ(wrong, 0);
    EXPECT_GT(good, each / 6);
    rig.expect_calm();
    // What is lost with each exchange would show: 64 bytes of each are more than this in the full
    // form. (Sanitizers hold freed memory back.)
    EXPECT_LT(rig.resident_kb() - before, 4096) << "of " << each;
}

INSTANTIATE_TEST_SUITE_P(Protocols, Matrix, ::testing::Range(size_t{0}, size_t{5}),
                         [](const auto& info) { return protocols()[info.param].name; });

}  // namespace
}  // namespace sluice::fault
