// SPDX-License-Identifier: Apache-2.0
// Clients and origins that do anything at all, from a fixed seed, for a bounded time
// (SLUICE_SOAK_SECONDS, 20 by default). Afterwards: alive, no report, descriptors and counters
// back, and every answer that looked whole was the right one for its request.
#include <gtest/gtest.h>

#include <random>

#include "rig.h"

namespace sluice::fault {
namespace {

using runner::sleep_seconds;

int pick(std::mt19937& random, int n)
{
    return static_cast<int>(random() % static_cast<unsigned>(n));
}

std::string body_of(const std::string& tag, size_t size)
{
    std::string body;
    while (body.size() < size)
        body += tag + ".";
    return body.substr(0, size);
}

// Path: /TAG/SIZE/FAULT. The answer's body is made of the tag.
void answer(Peer& peer, const std::string& head, std::mt19937& random, bool& go_on)
{
    char tag[32] = "", fault = 0;
    size_t size = 0;
    if (std::sscanf(head.c_str(), "%*s /%31[^/]/%zu/%c", tag, &size, &fault) != 3) {
        go_on = false;
        return;
    }
    std::string body = body_of(tag, size), bytes;
    if (fault == 'h') {
        bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (size_t at = 0; at < body.size();) {
            size_t n = std::min<size_t>(1 + random() % 5000, body.size() - at);
            char line[20];
            std::snprintf(line, sizeof line, "%zx\r\n", n);
            bytes += line + body.substr(at, n) + "\r\n";
            at += n;
        }
        bytes += "0\r\n\r\n";
    } else {
        bytes = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body;
    }
    switch (fault) {
    case 'c':
    case 'r':
        peer.send(bytes.substr(0, random() % bytes.size()));
        if (fault == 'r')
            peer.socket.reset();
        go_on = false;
        return;
    case 'x': peer.send(bytes + "garbage"); return;
    case 'd':
        for (size_t at = 0; at < bytes.size(); at += bytes.size() / 5 + 1) {
            peer.send(bytes.substr(at, bytes.size() / 5 + 1));
            sleep_seconds(0.01);
        }
        return;
    default: peer.send(bytes);
    }
    go_on = fault != 'l';
}

void play(Peer& peer)
{
    static std::atomic<unsigned> seed{1};
    std::mt19937 random(seed++);
    std::string head;
    for (bool go_on = true; go_on && peer.head(head);) {
        std::string body;
        size_t length = head.find("Content-Length: ");
        if (pick(random, 6) != 0) {  // else: answers early
            if (length != std::string::npos &&
                !peer.take(std::stoul(head.substr(length + 16)), body))
                return;
            if (head.find("Transfer-Encoding: chunked") != std::string::npos && !peer.chunked(body))
                return;
        } else if (length != std::string::npos || head.find("chunked") != std::string::npos) {
            answer(peer, head, random, go_on);
            return;
        }
        answer(peer, head, random, go_on);
    }
}

struct Client {
    std::mt19937 random;
    std::string name;
    int whole = 0, others = 0;
    std::string wrong;

    void run(const Rig& rig, runner::Deadline until)
    {
        for (int n = 0; runner::Clock::now() < until && wrong.empty(); ++n)
            session(rig, name + "x" + std::to_string(n));
    }
    void session(const Rig& rig, const std::string& tag)
    {
        Socket socket = rig.connect();
        int requests = 1 + pick(random, 4);
        std::string sent;
        std::vector<size_t> sizes;
        std::string tags[4];
        for (int i = 0; i < requests; ++i) {
            sizes.push_back(static_cast<size_t>(pick(random, 3) == 0 ? pick(random, 400000)
                                                                     : pick(random, 3000)));
            tags[i] = tag + "q" + std::to_string(i);
            const char faults[] = "nnnnhhhcrxdl";
            std::string path = (pick(random, 2) ? "/s/" : "/b/") + tags[i] + "/" +
                               std::to_string(sizes.back()) + "/" + faults[random() % 12];
            std::string upload = pick(random, 3) == 0
                                     ? std::string(static_cast<size_t>(pick(random, 200000)), 'u')
                                     : "";
            if (upload.empty())
                sent += "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
            else
                sent += "POST " + path +
                        " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(upload.size()) +
                        "\r\n\r\n" + upload;
        }
        bool leaves = pick(random, 4) == 0;
        size_t part = leaves ? random() % sent.size() : sent.size();
        if (socket.write_all(sent.substr(0, part), in_seconds(5)) != Io::ok)
            part = 0;
        if (leaves) {
            if (pick(random, 2))
                socket.reset();
            else if (pick(random, 2))
                socket.shut_write();
            if (socket.open() && pick(random, 2))
                read_reply(socket, "GET", 1, 0.05);
            return;
        }
        Reply reply = read_reply(socket, "GET", static_cast<size_t>(requests), 8);
        if (reply.end == Io::timeout)
            wrong = "no end: " + sent.substr(0, 300) + "\n" + reply.bytes.substr(0, 300);
        for (size_t i = 0; i < reply.all.size(); ++i) {
            const runner::Response& r = reply.all[i];
            if (r.code != "200") {
                ++others;
                continue;
            }
            std::string expected = body_of(tags[i], sizes[i]);
            ++whole;
            if (r.complete ? r.body != expected : !expected.starts_with(r.body))
                wrong = "mixed: " + tags[i] + " got " + r.head + r.body.substr(0, 200);
        }
    }
};

TEST(Soak, AnythingGoes)
{
    const char* seconds = std::getenv("SLUICE_SOAK_SECONDS");
    Rig rig(
        "location /s/ { proxy_pass http://origin/; proxy_request_buffering off; proxy_buffering "
        "off; client_max_body_size 0; }"
        "location /b/ { proxy_pass http://origin/; client_body_buffer_size 16k; "
        "client_max_body_size 0; }",
        play);
    std::vector<Client> clients(12);
    std::vector<std::thread> threads;
    runner::Deadline until = in_seconds(seconds ? std::atof(seconds) : 20);
    for (size_t i = 0; i < clients.size(); ++i) {
        clients[i].random.seed(static_cast<unsigned>(1000 + i));
        clients[i].name = "c" + std::to_string(i);
        threads.emplace_back([&, i] { clients[i].run(rig, until); });
    }
    for (std::thread& t : threads)
        t.join();
    int whole = 0, others = 0;
    for (Client& c : clients) {
        EXPECT_EQ(c.wrong, "");
        whole += c.whole;
        others += c.others;
    }
    std::printf("%d answers, %d errors\n", whole, others);
    EXPECT_GT(whole, 100);
    rig.expect_calm();
}

}  // namespace
}  // namespace sluice::fault
