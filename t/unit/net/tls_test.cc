// SPDX-License-Identifier: Apache-2.0
// Two streams with TLS between them, and what a peer may do to one.
#include "core/net/tls.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "core/net/tls_context.h"
#include "core/os/socket.h"

namespace sluice::net {
namespace {

using event::CancelScope;
using event::Scope;
using event::Task;

// A certificate for localhost, as PEM in `data:`.
struct Pair {
    std::string certificate, key;
    Pair()
    {
        EVP_PKEY* pkey = EVP_EC_gen("P-256");
        X509* x = X509_new();
        X509_set_version(x, 2);
        X509_gmtime_adj(X509_getm_notBefore(x), 0);
        X509_gmtime_adj(X509_getm_notAfter(x), 3600);
        X509_set_pubkey(x, pkey);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
        X509_set_issuer_name(x, X509_get_subject_name(x));
        X509_sign(x, pkey, EVP_sha256());
        BIO* out = BIO_new(BIO_s_mem());
        PEM_write_bio_X509(out, x);
        certificate = take(out);
        PEM_write_bio_PrivateKey(out, pkey, nullptr, nullptr, 0, nullptr, nullptr);
        key = take(out);
        BIO_free(out);
        X509_free(x);
        EVP_PKEY_free(pkey);
    }
    static std::string take(BIO* out)
    {
        char* data = nullptr;
        long size = BIO_get_mem_data(out, &data);
        std::string text = "data:" + std::string(data, static_cast<size_t>(size));
        (void)BIO_reset(out);
        return text;
    }
};

struct TlsTest : testing::Test, TlsChooser {
    event::Loop loop{8};
    Pair pair;
    TlsContext server_context{TlsContext::server}, client_context{TlsContext::client};
    CancelScope cancel;
    Stream client, server;
    Io client_io{Io::canceled}, server_io{Io::canceled};
    int ended = 0;
    std::string asked_for;
    Scope scope;

    void SetUp() override
    {
        server_context.set_protocols(tls_v1_2 | tls_v1_3);
        ASSERT_EQ(server_context.add_certificate(pair.certificate, pair.key, nullptr), "");
        ASSERT_EQ(server_context.check_certificates("key"), "");
        os::Fd a, b;
        ASSERT_TRUE(os::socket_pair(a, b));
        ASSERT_EQ(client.watch().open(std::move(a), event::Watch::duplex()), event::Watch::none);
        ASSERT_EQ(server.watch().open(std::move(b), event::Watch::reading()), event::Watch::none);
        server.set_tls(new TlsSession(server.watch(), server_context, *this));
    }
    const TlsContext* choose_tls(std::string_view name) override
    {
        asked_for = name;
        return &server_context;
    }
    void shake_hands();
    void turns_until(int n)
    {
        for (int i = 0; i < 2000 && ended < n; ++i)
            loop.turn(Clock::in(ms{5}));
        EXPECT_GE(ended, n);
    }
    int raw() const { return client.watch().fd(); }
};

Task<void> shake(event::Loop& l, TlsTest& t, Stream& s, Io& io)
{
    Deadline until = Clock::in(ms{5000});
    io = co_await s.handshake(l, until);
    ++t.ended;
}

Task<void> read_all(event::Loop& l, TlsTest& t, Stream& s, std::string& into, Io& io)
{
    buf::Buffer b;
    do {
        Deadline until = Clock::in(ms{5000});
        io = co_await s.read(b, 8192, until);
        into += b.view();
        b.clear();
    } while (io.good());
    ++t.ended;
}

Task<void> read_once(event::Loop& l, TlsTest& t, Stream& s, buf::Buffer& b, Io& io)
{
    Deadline until = Clock::in(ms{5000});
    io = co_await s.read(b, 8192, until);
    ++t.ended;
}

Task<void> write_all(event::Loop& l, TlsTest& t, Stream& s, std::span<buf::Slice> slices, Io& io)
{
    io = co_await s.write(slices, ms{5000});
    ++t.ended;
}

void TlsTest::shake_hands()
{
    client.set_tls(new TlsSession(client.watch(), client_context, "a.test", nullptr));
    scope.start(shake(loop, *this, client, client_io), &cancel);
    scope.start(shake(loop, *this, server, server_io), &cancel);
    turns_until(2);
    ASSERT_EQ(client_io.kind, Io::ok);
    ASSERT_EQ(server_io.kind, Io::ok);
    ended = 0;
}

TEST_F(TlsTest, BytesGoThroughBothWays)
{
    shake_hands();
    EXPECT_EQ(asked_for, "a.test");
    EXPECT_EQ(server.tls()->server_name(), "a.test");
    for (auto [from, to] : {std::pair{&client, &server}, std::pair{&server, &client}}) {
        std::string big(3 << 20, '\0'), got;
        for (size_t i = 0; i < big.size(); ++i)
            big[i] = static_cast<char>('a' + i % 23);
        std::vector<buf::Slice> parts;
        for (size_t at = 0; at < big.size(); at += 10007)
            parts.emplace_back(std::string_view(big).substr(at, 10007));
        Io written, read;
        scope.start(write_all(loop, *this, *from, parts, written), &cancel);
        scope.start(read_all(loop, *this, *to, got, read), &cancel);
        turns_until(1);
        EXPECT_EQ(written.n, big.size());
        for (int i = 0; i < 200 && got.size() < big.size(); ++i)
            loop.turn(Clock::in(ms{5}));
        EXPECT_TRUE(got == big);
        cancel.ask();
        turns_until(2);
        cancel.reset();
        ended = 0;
    }
    EXPECT_EQ(client.sent(), 3u << 20);
    EXPECT_EQ(server.received(), 3u << 20);
}

// All records come at once; the first ones just fill the buffer.
TEST_F(TlsTest, WhatComesBehindAFullBufferIsRead)
{
    shake_hands();
    client.tls()->set_record_limit(1024);
    std::string sent(8192 + 100, 'x'), got;
    buf::Slice part{std::string_view(sent)};
    Io written, read;
    scope.start(write_all(loop, *this, client, std::span(&part, 1), written), &cancel);
    EXPECT_EQ(written.n, sent.size());
    scope.start(read_all(loop, *this, server, got, read), &cancel);
    for (int i = 0; i < 50 && got.size() < sent.size(); ++i)
        loop.turn(Clock::in(ms{5}));
    EXPECT_EQ(got.size(), sent.size());
    cancel.ask();
    turns_until(2);
}

TEST_F(TlsTest, SmallSlicesAreOneRecordAndOneCall)
{
    shake_hands();
    buf::Slice parts[] = {std::string_view("HTTP/1.1 200 OK\r\n"), std::string_view(""),
                          std::string_view("\r\n"), std::string_view("body")};
    uint64_t writes = os::counters.write;
    Io io;
    scope.start(write_all(loop, *this, server, parts, io), &cancel);
    EXPECT_EQ(io.n, 23u);
    EXPECT_EQ(os::counters.write, writes + 1);
    std::string wire(1000, '\0');
    ssize_t n = ::recv(raw(), wire.data(), wire.size(), MSG_PEEK);
    ASSERT_GT(n, 5);
    // The ticket's records stand before; the last one holds all: 5 + 23 + 1 + 16 bytes (TLS 1.3).
    buf::Buffer b;
    Io got;
    scope.start(read_once(loop, *this, client, b, got), &cancel);
    turns_until(2);
    EXPECT_EQ(b.view(), "HTTP/1.1 200 OK\r\n\r\nbody");
}

TEST_F(TlsTest, TheFirstRecordsFitIntoSegments)
{
    shake_hands();
    std::string first(3 * 1369, 'x');
    buf::Buffer drop;
    Io io;
    scope.start(read_once(loop, *this, client, drop, io), &cancel);  // tickets
    buf::Slice part{std::string_view(first)};
    Io written;
    scope.start(write_all(loop, *this, server, std::span(&part, 1), written), &cancel);
    std::string wire(20000, '\0');
    ssize_t n = ::recv(raw(), wire.data(), wire.size(), MSG_PEEK);
    std::vector<size_t> sizes;
    for (size_t at = 0; at + 5 <= static_cast<size_t>(n);) {
        size_t size = static_cast<size_t>(static_cast<unsigned char>(wire[at + 3]) << 8 |
                                          static_cast<unsigned char>(wire[at + 4]));
        sizes.push_back(size);
        at += 5 + size;
    }
    ASSERT_GE(sizes.size(), 3u);
    for (size_t i = sizes.size() - 3; i < sizes.size(); ++i)
        EXPECT_EQ(sizes[i], 1369u + 17);
    turns_until(2);
}

TEST_F(TlsTest, AnIdleConnectionHoldsNoBuffer)
{
    shake_hands();
    buf::Buffer b;
    Io io;
    uint64_t held = buf::pool_stats().in_use;
    scope.start(read_once(loop, *this, server, b, io), &cancel);
    loop.turn(Clock::in(ms{5}));
    EXPECT_EQ(buf::pool_stats().in_use, held);
    EXPECT_FALSE(b);
    cancel.ask();
    turns_until(1);
}

TEST_F(TlsTest, CloseNotifyIsTheEnd)
{
    shake_hands();
    client.close();
    std::string got;
    scope.start(read_all(loop, *this, server, got, server_io), &cancel);
    turns_until(1);
    EXPECT_EQ(server_io.kind, Io::eof);
}

// From a server it means that what came is not all.
TEST_F(TlsTest, AnEndWithoutCloseNotifyIsAnErrorFromAServerOnly)
{
    shake_hands();
    server.tls()->forget_goodbye();
    server.close();
    std::string got;
    scope.start(read_all(loop, *this, client, got, client_io), &cancel);
    turns_until(1);
    EXPECT_EQ(client_io.kind, Io::reset);
    EXPECT_EQ(client_io.error, Io::tls_error);
    EXPECT_EQ(client.failure_text(true, client_io),
              "SSL_read() failed (SSL: error:0A000126:SSL routines::unexpected eof while reading)");
}

TEST_F(TlsTest, AClientMayJustGo)
{
    shake_hands();
    buf::Buffer b(8192);
    bool again = false;
    client.watch().assume_readable();
    client.try_read(b, again);  // the tickets, or the kernel makes it a reset
    client.tls()->forget_goodbye();
    client.close();
    std::string got;
    scope.start(read_all(loop, *this, server, got, server_io), &cancel);
    turns_until(1);
    EXPECT_EQ(server_io.kind, Io::eof);
}

TEST_F(TlsTest, TextIsRecognised)
{
    std::string_view text = "GET / HTTP/1.1\r\n\r\n";
    ASSERT_EQ(::write(raw(), text.data(), text.size()), ssize_t(text.size()));
    scope.start(shake(loop, *this, server, server_io), &cancel);
    turns_until(1);
    EXPECT_EQ(server_io.kind, Io::reset);
    EXPECT_EQ(server.tls()->plain_bytes().view(), text);
}

TEST_F(TlsTest, GarbageAndOversizedRecordsFail)
{
    std::string record("\x16\x03\x01\xff\xff", 5);
    record.append(70000, 'x');
    ASSERT_GT(::send(raw(), record.data(), record.size(), MSG_DONTWAIT), 5);
    scope.start(shake(loop, *this, server, server_io), &cancel);
    turns_until(1);
    EXPECT_EQ(server_io.error, Io::tls_error);
    EXPECT_NE(server.tls()->error().find("SSL routines::"), std::string::npos);
    bool again = false;
    buf::Slice part{std::string_view("x")};
    std::span<buf::Slice> slices(&part, 1);
    EXPECT_FALSE(server.try_write(slices, again).good());
}

// Records of other kinds than data cost the peer more than us, and their answers are bounded.
TEST_F(TlsTest, AFloodOfKeyUpdatesEnds)
{
    shake_hands();
    std::string got;
    scope.start(read_all(loop, *this, server, got, server_io), &cancel);
    SSL* ssl = client.tls()->handle();
    for (int i = 0; i < 200 && ended == 0; ++i) {
        SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
        SSL_do_handshake(ssl);
        bool again = false;
        buf::Slice none{std::string_view("x")};
        std::span<buf::Slice> slices(&none, 1);
        client.try_write(slices, again);
        loop.turn(Clock::now());
    }
    EXPECT_LT(buf::pool_stats().in_use, 2u << 20);
    cancel.ask();
    turns_until(1);
}

TEST_F(TlsTest, SilenceInTheMiddleTimesOut)
{
    ASSERT_EQ(::write(raw(), "\x16\x03\x01\x02", 4), 4);
    struct Run {
        static Task<void> shake_soon(event::Loop& l, TlsTest& t)
        {
            Deadline until = Clock::in(ms{10});
            t.server_io = co_await t.server.handshake(l, until);
            ++t.ended;
        }
    };
    scope.start(Run::shake_soon(loop, *this), &cancel);
    turns_until(1);
    EXPECT_EQ(server_io.kind, Io::timeout);
}

// A ticket leaves with the answer, where the request came with the end of the handshake; or when
// more is waited for.
TEST_F(TlsTest, ATicketLeavesWithTheAnswer)
{
    TlsSessionRules rules;
    struct Keys final : TlsTicketKeys {
        TlsTicketKey key{};
        const TlsTicketKey* current() override { return &key; }
        const TlsTicketKey* find(std::string_view, bool&) override { return &key; }
    } keys;
    rules.tickets = &keys;
    server_context.keep_sessions(rules);
    server_context.set_session_id(TlsContext::session_id("x"));
    for (bool request_is_there : {true, false}) {
        SSL_CTX* context = SSL_CTX_new(TLS_client_method());
        SSL* ssl = SSL_new(context);
        os::Fd mine, theirs;
        ASSERT_TRUE(os::socket_pair(mine, theirs));
        Stream stream;
        ASSERT_EQ(stream.watch().open(std::move(theirs), event::Watch::reading()),
                  event::Watch::none);
        stream.set_tls(new TlsSession(stream.watch(), server_context, *this));
        BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl, in, out);
        SSL_set_connect_state(ssl);
        auto send = [&, fd = mine.get()] {
            char* bytes = nullptr;
            long size = BIO_get_mem_data(out, &bytes);
            ASSERT_EQ(::write(fd, bytes, static_cast<size_t>(size)), size);
            (void)BIO_reset(out);
            stream.watch().assume_readable();
        };
        auto receive = [&, fd = mine.get()] {
            char bytes[16384];
            ssize_t n = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
            if (n > 0)
                BIO_write(in, bytes, static_cast<int>(n));
            return n;
        };
        SSL_do_handshake(ssl);
        send();
        EXPECT_EQ(stream.tls()->handshake(), TlsSession::Step::want_read);
        EXPECT_GT(receive(), 0);
        ASSERT_EQ(SSL_do_handshake(ssl), 1);
        if (request_is_there)
            SSL_write(ssl, "request", 7);
        send();
        EXPECT_EQ(stream.tls()->handshake(), TlsSession::Step::done);
        if (request_is_there) {
            buf::Buffer b(64);
            bool again = false;
            EXPECT_EQ(stream.try_read(b, again).n, 7u);
            EXPECT_EQ(receive(), -1);  // neither its end nor reading has sent it
            buf::Slice answer{std::string_view("answer")};
            std::span<buf::Slice> slices(&answer, 1);
            EXPECT_EQ(stream.try_write(slices, again).n, 6u);
        }
        EXPECT_GT(receive(), 100);
        char bytes[16];
        EXPECT_EQ(SSL_read(ssl, bytes, sizeof bytes), request_is_there ? 6 : -1);
        EXPECT_EQ(receive(), -1);  // it was one write
        SSL_free(ssl);
        SSL_CTX_free(context);
    }
}

TEST_F(TlsTest, NobodyRenegotiates)
{
    client_context.set_protocols(tls_v1_2);
    SSL_CTX_clear_options(client_context.handle(), SSL_OP_NO_RENEGOTIATION);
    shake_hands();
    SSL* ssl = client.tls()->handle();
    SSL_renegotiate(ssl);
    SSL_do_handshake(ssl);
    bool again = false;
    buf::Buffer b(1024);
    client.try_read(b, again);  // the hello leaves
    std::string got;
    scope.start(read_all(loop, *this, server, got, server_io), &cancel);
    for (int i = 0; i < 20; ++i)
        loop.turn(Clock::in(ms{1}));
    again = false;
    Io io = client.try_read(b, again);
    EXPECT_EQ(io.kind, Io::reset);  // no_renegotiation
    cancel.ask();
    turns_until(1);
}

TEST(TlsContext, SaysWhatIsWrong)
{
    TlsContext c(TlsContext::server);
    EXPECT_EQ(
        c.set_ciphers("foo", false),
        "SSL_CTX_set_cipher_list(\"foo\") failed (SSL: error:0A0000B9:SSL routines::no cipher "
        "match)");
    EXPECT_NE(c.add_certificate("/nowhere/x.pem", "/nowhere/x.key", nullptr).find("BIO_new_file()"),
              std::string::npos);
    EXPECT_EQ(c.add_certificate("data:x", "data:y", nullptr),
              "cannot load certificate \"data:x\": PEM_read_bio_X509_AUX() failed (SSL: "
              "error:0480006C:PEM routines::no start line:Expecting: TRUSTED CERTIFICATE)");
}

}  // namespace
}  // namespace sluice::net
