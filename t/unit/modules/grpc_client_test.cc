// SPDX-License-Identifier: Apache-2.0
// GrpcClient against nghttp2's server, and against what is no server at all.
#include "modules/health_check/grpc_client.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <cstring>
#include <map>
#include <vector>

namespace sluice::health_check {
namespace {

using namespace std::string_literals;

const std::string serving = "\0\0\0\0\2\x08\1"s, not_serving = "\0\0\0\0\2\x08\2"s;

/// A server that answers each call as it is told to.
class Server
{
public:
    std::string status = "200", message = serving, grpc_status = "0";
    bool trailers_only = false;  // the answer is its trailers
    uint32_t reset = 0;          // instead of an answer
    // of the last call
    std::map<std::string, std::string> fields;
    std::string body;
    int calls = 0;

    explicit Server(uint32_t window = 65535)
    {
        nghttp2_session_callbacks* callbacks = nullptr;
        nghttp2_session_callbacks_new(&callbacks);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session_server_new(&session, callbacks, this);
        nghttp2_session_callbacks_del(callbacks);
        const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window}};
        nghttp2_submit_settings(session, 0, settings, 1);
    }
    ~Server() { nghttp2_session_del(session); }

    void feed(const std::string& bytes)
    {
        nghttp2_session_mem_recv(session, reinterpret_cast<const uint8_t*>(bytes.data()),
                                 bytes.size());
    }
    std::string output()
    {
        std::string out;
        const uint8_t* bytes = nullptr;
        for (ssize_t n; (n = nghttp2_session_mem_send(session, &bytes)) > 0;)
            out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
        return out;
    }
    nghttp2_session* session = nullptr;

private:
    static nghttp2_nv nv(const char* name, std::string_view value)
    {
        return {reinterpret_cast<uint8_t*>(const_cast<char*>(name)),
                reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), std::strlen(name),
                value.size(), NGHTTP2_NV_FLAG_NONE};
    }
    static int on_header(nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t n,
                         const uint8_t* value, size_t m, uint8_t, void* user)
    {
        auto text = [](const uint8_t* p, size_t size) {
            return std::string(reinterpret_cast<const char*>(p), size);
        };
        static_cast<Server*>(user)->fields[text(name, n)] = text(value, m);
        return 0;
    }
    static int on_data(nghttp2_session*, uint8_t, int32_t, const uint8_t* bytes, size_t n,
                       void* user)
    {
        static_cast<Server*>(user)->body.append(reinterpret_cast<const char*>(bytes), n);
        return 0;
    }
    static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user)
    {
        if (frame->hd.type != NGHTTP2_DATA || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
            return 0;
        auto& self = *static_cast<Server*>(user);
        ++self.calls;
        self.sent = 0;
        if (self.reset)
            return nghttp2_submit_rst_stream(session, 0, frame->hd.stream_id, self.reset);
        std::vector<nghttp2_nv> head = {nv(":status", self.status),
                                        nv("content-type", "application/grpc")};
        if (self.trailers_only) {
            if (!self.grpc_status.empty())
                head.push_back(nv("grpc-status", self.grpc_status));
            return nghttp2_submit_response(session, frame->hd.stream_id, head.data(), head.size(),
                                           nullptr);
        }
        nghttp2_data_provider data{};
        data.source.ptr = &self;
        data.read_callback = read;
        return nghttp2_submit_response(session, frame->hd.stream_id, head.data(), head.size(),
                                       &data);
    }
    static ssize_t read(nghttp2_session* session, int32_t stream, uint8_t* to, size_t room,
                        uint32_t* flags, nghttp2_data_source* source, void*)
    {
        auto& self = *static_cast<Server*>(source->ptr);
        size_t n = std::min(room, self.message.size() - self.sent);
        std::memcpy(to, self.message.data() + self.sent, n);
        self.sent += n;
        if (self.sent < self.message.size())
            return static_cast<ssize_t>(n);
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (!self.grpc_status.empty()) {
            nghttp2_nv trailer = nv("grpc-status", self.grpc_status);
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            nghttp2_submit_trailer(session, stream, &trailer, 1);
        }
        return static_cast<ssize_t>(n);
    }
    size_t sent = 0;
};

/// Moves bytes, `step` at a time, until neither has any.
void talk(GrpcClient& client, Server& server, size_t step = 1 << 20)
{
    for (bool moved = true; moved;) {
        std::string up = client.output(), down;
        server.feed(up);
        down = server.output();
        moved = !up.empty() || !down.empty();
        for (size_t i = 0; i < down.size(); i += step)
            client.feed(std::string_view(down).substr(i, step));
    }
}

std::string verdict(Server& server, int fine = 0, const std::string& service = "")
{
    GrpcClient client;
    EXPECT_TRUE(client.ask({"http", "app", service}));
    talk(client, server);
    EXPECT_TRUE(client.answered());
    return client.fault(fine);
}

TEST(GrpcClient, WhoServesIsHealthy)
{
    Server server;
    EXPECT_EQ(verdict(server), "");
    EXPECT_EQ(server.fields[":path"], "/grpc.health.v1.Health/Check");
    EXPECT_EQ(server.fields[":method"], "POST");
    EXPECT_EQ(server.fields[":authority"], "app");
    EXPECT_EQ(server.fields["te"], "trailers");
    EXPECT_EQ(server.fields["content-type"], "application/grpc");
    EXPECT_EQ(server.body, "\0\0\0\0\0"s);
}

TEST(GrpcClient, TheServiceIsNamed)
{
    Server server;
    EXPECT_EQ(verdict(server, 0, "a.b"), "");
    EXPECT_EQ(server.body, "\0\0\0\0\5\x0a\3a.b"s);
    // A name of 200 bytes has a length of two.
    Server other;
    EXPECT_EQ(verdict(other, 0, std::string(200, 'x')), "");
    EXPECT_EQ(other.body, "\0\0\0\0\xcb\x0a\xc8\1"s + std::string(200, 'x'));
}

TEST(GrpcClient, AnythingElseIsAFault)
{
    struct {
        std::string message, grpc_status, status, fault;
    } cases[] = {
        {not_serving, "0", "200", "it is NOT_SERVING"},
        {"\0\0\0\0\2\x08\3"s, "0", "200", "SERVICE_UNKNOWN"},
        {"\0\0\0\0\0"s, "0", "200", "whether it serves is UNKNOWN"},
        {"\1\0\0\0\2\x08\1"s, "0", "200", "invalid message"},
        {"", "0", "200", "invalid message"},
        {serving, "5", "200", "gRPC status 5 (NOT_FOUND)"},
        {serving, "99", "200", "gRPC status 99 (?)"},
        {serving, "x", "200", "gRPC status 999 (?)"},
        {serving, "", "200", "no grpc-status in the answer"},
        {serving, "0", "503", "status 503"},
        {std::string(5000, 'x'), "0", "200", "too large a message"},
    };
    for (const auto& c : cases) {
        Server server;
        server.message = c.message;
        server.grpc_status = c.grpc_status;
        server.status = c.status;
        EXPECT_EQ(verdict(server), c.fault);
    }
    Server server;
    server.reset = NGHTTP2_REFUSED_STREAM;
    EXPECT_EQ(verdict(server), "HTTP/2 stream reset: REFUSED_STREAM");
}

TEST(GrpcClient, AStatusThatIsAsGood)
{
    Server server;
    server.trailers_only = true;
    server.grpc_status = "12";
    EXPECT_EQ(verdict(server), "gRPC status 12 (UNIMPLEMENTED)");
    Server again;
    again.trailers_only = true;
    again.grpc_status = "12";
    EXPECT_EQ(verdict(again, 12), "");
}

TEST(GrpcClient, ManyCallsOnOneConnection)
{
    Server server;
    GrpcClient client;
    for (int i = 0; i < 50; ++i) {
        server.message = i % 2 ? serving : not_serving;
        ASSERT_TRUE(client.ask({"https", "app", ""}));
        EXPECT_FALSE(client.answered());
        // Byte by byte; and pings are answered, or they would never stop.
        nghttp2_submit_ping(server.session, 0, nullptr);
        talk(client, server, 1);
        ASSERT_TRUE(client.answered());
        EXPECT_EQ(client.fault(0), i % 2 ? "" : "it is NOT_SERVING");
        EXPECT_TRUE(client.reusable());
    }
    EXPECT_EQ(server.calls, 50);
    EXPECT_EQ(server.fields[":scheme"], "https");
    nghttp2_session_terminate_session(server.session, NGHTTP2_NO_ERROR);
    talk(client, server);
    EXPECT_FALSE(client.reusable());
    EXPECT_FALSE(client.ask({"https", "app", ""}));
}

TEST(GrpcClient, AServerWithoutRoomForTheQuestion)
{
    Server server(0);
    GrpcClient client;
    server.feed(client.output());
    client.feed(server.output());
    ASSERT_TRUE(client.ask({"http", "app", "a.service"}));
    // It answers all the same.
    nghttp2_nv nv[] = {{reinterpret_cast<uint8_t*>(const_cast<char*>(":status")),
                        reinterpret_cast<uint8_t*>(const_cast<char*>("200")), 7, 3, 0},
                       {reinterpret_cast<uint8_t*>(const_cast<char*>("grpc-status")),
                        reinterpret_cast<uint8_t*>(const_cast<char*>("14")), 11, 2, 0}};
    nghttp2_submit_response(server.session, 1, nv, 2, nullptr);
    server.feed(client.output());
    client.feed(server.output());
    EXPECT_TRUE(client.answered());
    EXPECT_EQ(client.fault(0), "gRPC status 14 (UNAVAILABLE)");
    EXPECT_FALSE(client.reusable());
}

TEST(GrpcClient, WhatIsNoHttp2)
{
    for (const std::string& bytes :
         {"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"s, std::string(100, '\0'),
          "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s}) {
        GrpcClient client;
        ASSERT_TRUE(client.ask({"http", "app", ""}));
        client.output();
        client.feed(bytes);
        client.output();
        EXPECT_TRUE(client.answered());
        EXPECT_EQ(client.fault(0), "no HTTP/2 is spoken there");
        EXPECT_FALSE(client.reusable());
    }
}

TEST(GrpcClient, Messages)
{
    EXPECT_EQ(serving_status(serving), 1);
    EXPECT_EQ(serving_status("\0\0\0\0\0"s), 0);
    EXPECT_EQ(serving_status("\0\0\0\0\2\x08\x07"s), 0) << "a status that is not known yet";
    // Fields that nobody knows are skipped, the last value counts.
    EXPECT_EQ(serving_status("\0\0\0\0\x04\x08\2\x08\1"s), 1);
    EXPECT_EQ(serving_status("\0\0\0\0\x06\x12\2xy\x08\1"s), 1);
    EXPECT_EQ(serving_status("\0\0\0\0\x07\x15yyyy\x08\1"s), 1);
    EXPECT_EQ(serving_status("\0\0\0\0\x0b\x11yyyyyyyy\x08\1"s), 1);
    for (const std::string& wrong :
         {""s, "\0\0\0\0"s, "\0\0\0\0\1"s, "\0\0\0\0\1\x08"s, "\0\0\0\0\1\x0b"s,
          "\0\0\0\0\2\x12\x05"s, "\0\0\0\0\2\x08\xff"s, "\0\0\0\0\1\x08\1"s,
          "\0\0\0\0\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s})
        EXPECT_EQ(serving_status(wrong), -1);
}

}  // namespace
}  // namespace sluice::health_check
