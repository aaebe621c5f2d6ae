// SPDX-License-Identifier: Apache-2.0
// TLS towards clients in the real program: the authority's word that is stapled, and peers that do
// not keep to the protocol. What single records do to a stream: t/unit/net/tls_test.cc.
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <unistd.h>

#include "tls_fleet.h"

namespace sluice::fault {
namespace {

using runner::Socket;
using runner::TlsOptions;

// ---- stapling -----------------------------------------------------------------------------------

// Answers what the fleet asks; an empty answer: never.
class Responder
{
public:
    Responder(int port, std::string answer)
        : listener_(Socket::listen(std::to_string(port))),
          answer_(std::move(answer)),
          thread_([this] { serve(); })
    {
    }
    ~Responder()
    {
        stop_ = true;
        thread_.join();
    }
    int asked() const { return asked_; }
    std::string last()
    {
        std::lock_guard lock(mutex_);
        return last_;
    }

private:
    void serve()
    {
        std::vector<Socket> held;
        while (!stop_) {
            Socket socket = listener_.accept(in_seconds(0.05));
            if (!socket.open())
                continue;
            std::string question;
            while (question.find("\r\n\r\n") == std::string::npos &&
                   socket.read_some(question, in_seconds(5)) == runner::Io::ok) {
            }
            {
                std::lock_guard lock(mutex_);
                last_ = question;
            }
            ++asked_;
            if (!answer_.empty())
                socket.write_all(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\n"
                    "Content-Length: " +
                        std::to_string(answer_.size()) + "\r\n\r\n" + answer_,
                    in_seconds(5));
            held.push_back(std::move(socket));
        }
    }
    Socket listener_;
    std::string answer_, last_;
    std::atomic<bool> stop_ = false;
    std::atomic<int> asked_ = 0;
    std::mutex mutex_;
    std::thread thread_;
};

struct TlsStapling : testing::Test {
    TlsFleet fleet{"worker_processes 1;"};

    void start(const std::string& certificate, const std::string& more = "")
    {
        fleet.configure("worker_processes 1;", "",
                        fleet.server("a.test", certificate,
                                     "ssl_stapling on; ssl_stapling_responder http://127.0.0.1:" +
                                         std::to_string(fleet.port(2)) +
                                         "/ocsp; ssl_trusted_certificate certs/ca.pem; " + more));
        ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    }
    std::string ask() const
    {
        Socket socket = Socket::connect(fleet.tls_address());
        TlsOptions options;
        options.status = true;
        socket.start_tls(options, false, in_seconds(10));
        return socket.tls()->describe();
    }
    bool stapled() const { return ask().find("stapled") != std::string::npos; }
    std::string good() const { return fleet.read("conf/certs/ocsp.der"); }
};

TEST_F(TlsStapling, IsAskedForOnceAndStapledFromThenOn)
{
    Responder responder(fleet.port(2), good());
    start("localhost", "ssl_stapling_verify on;");
    EXPECT_FALSE(stapled());  // nobody waits for it
    EXPECT_TRUE(eventually([&] { return stapled(); })) << fleet.log();
    for (int i = 0; i < 5; ++i)
        EXPECT_TRUE(stapled());
    EXPECT_EQ(responder.asked(), 1);
    EXPECT_EQ(responder.last().find("POST /ocsp HTTP/1."), 0u) << responder.last();
    EXPECT_NE(responder.last().find("Content-Type: application/ocsp-request\r\n"),
              std::string::npos);
    expect_quiet(fleet);
}

TEST_F(TlsStapling, AResponderThatIsSilentHoldsNobodyUp)
{
    Responder responder(fleet.port(2), "");
    start("localhost");
    auto begin = runner::Clock::now();
    for (int i = 0; i < 10; ++i)
        EXPECT_FALSE(stapled());
    EXPECT_LT(std::chrono::duration<double>(runner::Clock::now() - begin).count(), 5);
    EXPECT_TRUE(eventually([&] { return responder.asked() == 1; }));
    fleet.signal(SIGQUIT);  // nor the worker that leaves
    EXPECT_EQ(fleet.wait_end(5), 0);
    expect_quiet(fleet);
}

TEST_F(TlsStapling, NoAnswerAboutAnotherCertificateIsStapled)
{
    Responder responder(fleet.port(2), good());
    start("wrong");
    EXPECT_FALSE(stapled());
    EXPECT_TRUE(eventually([&] { return count(fleet.log(), "certificate status not found") == 1; }))
        << fleet.log();
    EXPECT_FALSE(stapled());
    EXPECT_EQ(responder.asked(), 1);
    expect_quiet(fleet);
}

// Signed by somebody who is in the response: who that is, only ssl_stapling_verify asks.
TEST_F(TlsStapling, OfAStrangerOnlyWhereNobodyVerifies)
{
    for (bool verify : {false, true}) {
        Responder responder(fleet.port(2), fleet.read("conf/certs/other-ocsp.der"));
        if (!verify) {
            start("localhost");
            EXPECT_FALSE(stapled());
            EXPECT_TRUE(eventually([&] { return stapled(); })) << fleet.log();
            fleet.signal(SIGQUIT);
            EXPECT_EQ(fleet.wait_end(10), 0);
            continue;
        }
        start("localhost", "ssl_stapling_verify on;");
        EXPECT_FALSE(stapled());
        EXPECT_TRUE(eventually([&] {
            return count(fleet.log(), "OCSP_basic_verify() failed") == 1;
        })) << fleet.log();
        EXPECT_FALSE(stapled());
    }
    expect_quiet(fleet);
}

TEST_F(TlsStapling, NorWhatIsNone)
{
    Responder responder(fleet.port(2), "no DER");
    start("localhost");
    EXPECT_FALSE(stapled());
    EXPECT_TRUE(eventually([&] { return count(fleet.log(), "d2i_OCSP_RESPONSE() failed") == 1; }))
        << fleet.log();
    EXPECT_FALSE(stapled());
    expect_quiet(fleet);
}

TEST_F(TlsStapling, WithoutAnIssuerNobodyIsAsked)
{
    Responder responder(fleet.port(2), good());
    start("self", "");
    EXPECT_FALSE(stapled());
    EXPECT_FALSE(stapled());
    EXPECT_EQ(count(fleet.log(), "\"ssl_stapling\" ignored, issuer certificate not found"), 1u)
        << fleet.log();
    EXPECT_EQ(responder.asked(), 0);
    expect_quiet(fleet);
}

// ---- peers that do not keep to the protocol -----------------------------------------------------

struct TlsPeers : testing::Test {
    TlsFleet fleet{"worker_processes 1;"};
    int worker = 0, sockets = 0;

    void SetUp() override
    {
        fleet.configure(
            "worker_processes 1;", "",
            fleet.server("a.test", "localhost",
                         "ssl_handshake_timeout 1s; client_header_timeout 1s; ssl_ciphers "
                         "DEFAULT; ssl_session_cache shared:S:1m;") +
                "server { listen 127.0.0.1:" + std::to_string(fleet.port(2)) +
                "; location / { status prometheus; } }");
        ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
        ASSERT_NE(fleet.meet().find("CN=localhost"), std::string::npos);
        worker = fleet.workers().at(0);
        ASSERT_TRUE(eventually([&] { return (sockets = sockets_of(worker)) > 0; }));
        sleep_seconds(0.1);
        sockets = sockets_of(worker);
    }
    void TearDown() override
    {
        // Served on, by the same worker, and nothing is held for who has gone or given up.
        EXPECT_NE(fleet.meet().find("CN=localhost"), std::string::npos);
        EXPECT_TRUE(eventually([&] { return sockets_of(worker) <= sockets; }))
            << sockets_of(worker) << " sockets, not " << sockets;
        EXPECT_EQ(fleet.workers().at(0), worker);
        expect_quiet(fleet);
    }
    Socket connect() const { return Socket::connect(fleet.tls_address()); }
    static double seconds_to_end(Socket& socket)
    {
        auto begin = runner::Clock::now();
        std::string rest;
        while (socket.read_some(rest, in_seconds(10)) == runner::Io::ok) {
        }
        return std::chrono::duration<double>(runner::Clock::now() - begin).count();
    }
};

// The beginning of a ClientHello, as OpenSSL's client makes it.
std::string client_hello()
{
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL* ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    SSL_set_tlsext_host_name(ssl, "a.test");
    SSL_connect(ssl);
    char* data = nullptr;
    long size = BIO_get_mem_data(out, &data);
    std::string hello(data, static_cast<size_t>(size));
    SSL_free(ssl);
    SSL_CTX_free(context);
    return hello;
}

TEST_F(TlsPeers, Garbage)
{
    for (int i = 0; i < 50; ++i) {
        Socket socket = connect();
        std::string bytes("\x16\x03\x01\x02\x00", 5);
        for (int n = 0; n < 512; ++n)
            bytes += static_cast<char>((n * 37 + i * 11) & 0xff);
        socket.write_all(bytes, in_seconds(5));
        EXPECT_LT(seconds_to_end(socket), 5);
    }
    EXPECT_TRUE(eventually([&] { return count(fleet.log(), "SSL_do_handshake() failed") >= 50; }));
}

TEST_F(TlsPeers, SilenceInTheMiddleOfAHandshake)
{
    std::string hello = client_hello();
    std::vector<Socket> held;
    for (size_t part : {size_t{1}, size_t{5}, hello.size() / 2, hello.size()})
        for (int i = 0; i < 5; ++i) {
            held.push_back(connect());
            held.back().write_all(hello.substr(0, part), in_seconds(5));
        }
    for (Socket& socket : held)
        EXPECT_LT(seconds_to_end(socket), 3);
    EXPECT_TRUE(eventually([&] {
        return count(fleet.log(), "timed out (110: Connection timed out)") >= 20;
    })) << fleet.log();
}

// A byte now and then does not prolong it.
TEST_F(TlsPeers, AHandshakeByTheByte)
{
    std::string hello = client_hello();
    Socket socket = connect();
    auto begin = runner::Clock::now();
    size_t sent = 0;
    for (; sent < hello.size(); ++sent) {
        if (socket.write_all(hello.substr(sent, 1), in_seconds(1)) != runner::Io::ok)
            break;
        sleep_seconds(0.05);
    }
    EXPECT_LT(sent, hello.size());
    EXPECT_LT(std::chrono::duration<double>(runner::Clock::now() - begin).count(), 4);
}

TEST_F(TlsPeers, OversizedRecords)
{
    for (int i = 0; i < 20; ++i) {
        Socket socket = connect();
        std::string record("\x16\x03\x01\xff\xff", 5);  // 65535 bytes follow, it says
        record.append(70000, 'x');
        socket.write_all(record, in_seconds(2));
        EXPECT_LT(seconds_to_end(socket), 3);
    }
}

// Asks for a new handshake again and again (CVE-2011-1473): it is refused, and costs nothing.
TEST_F(TlsPeers, RenegotiationIsRefused)
{
    for (int i = 0; i < 20; ++i) {
        SSL_CTX* context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
        SSL* ssl = SSL_new(context);
        Socket socket = connect();
        SSL_set_fd(ssl, socket.fd());
        ASSERT_EQ(SSL_connect(ssl), 1);
        SSL_renegotiate(ssl);
        EXPECT_NE(SSL_do_handshake(ssl), 1);
        SSL_free(ssl);
        SSL_CTX_free(context);
    }
}

TEST_F(TlsPeers, WhoGoesWithoutCloseNotifyIsNoError)
{
    for (int i = 0; i < 20; ++i) {
        Socket socket = connect();
        TlsOptions options;
        options.quiet = true;
        ASSERT_TRUE(socket.start_tls(options, false, in_seconds(5)));
        if (i % 2)
            socket.write_all("GET / HTTP/1.1\r\nHost: a.t", in_seconds(5));
        if (i % 3)
            socket.close();
        else
            socket.reset();
    }
    EXPECT_EQ(count(fleet.log(), "[error]"), 0u) << fleet.log();
}

// A crowd that says hello and goes: signing for those that have gone holds nobody up for long.
TEST_F(TlsPeers, ACrowdThatDoesNotWait)
{
    std::string hello = client_hello();
    for (int i = 0; i < 300; ++i) {
        Socket socket = connect();
        socket.write_all(hello, in_seconds(5));
        if (i % 2)
            socket.reset();
    }
    auto begin = runner::Clock::now();
    EXPECT_NE(fleet.meet().find("CN=localhost"), std::string::npos);
    EXPECT_LT(std::chrono::duration<double>(runner::Clock::now() - begin).count(), 5);
}

// A handshake begins with the client's first byte; until then it idles.
TEST_F(TlsPeers, WhoSaysNothingIdles)
{
    std::vector<Socket> clients;
    for (int i = 0; i < 20; ++i)
        clients.push_back(connect());
    sleep_seconds(0.2);
    std::string page = fleet.ask("/", 2);
    EXPECT_NE(page.find("\nsluice_connections_waiting{worker=\"0\"} 20\n"), page.npos) << page;
    EXPECT_NE(fleet.meet().find("CN=localhost"), std::string::npos);
}

// Who shook hands and says nothing more makes room in a shortage, as one that never said a word.
TEST(TlsShortage, WhoIsSilentAfterItsHandshakeMakesRoom)
{
    TlsFleet fleet;
    fleet.events = "worker_connections 20;";
    fleet.configure("worker_processes 1;", "", fleet.server("a.test", "localhost"));
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    auto shake_hands = [&] {
        Socket socket = Socket::connect(fleet.tls_address());
        socket.start_tls({}, false, in_seconds(10));
        return socket;
    };
    std::vector<Socket> silent;
    for (int i = 0; i < 20; ++i) {
        silent.push_back(shake_hands());
        ASSERT_TRUE(silent.back().tls());
    }
    sleep_seconds(1.3);
    Socket late = shake_hands();
    ASSERT_TRUE(late.tls());
    late.write_all("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", in_seconds(5));
    std::string answer, none;
    late.read_some(answer, in_seconds(5));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    EXPECT_EQ(silent[0].read_some(none, in_seconds(3)), runner::Io::eof);
    EXPECT_EQ(silent[1].read_some(none, in_seconds(0.1)), runner::Io::timeout);
}

// A handshake that ends after its worker was told to leave is followed by a moment's silence only.
TEST(TlsDrain, AHandshakeThatEndsAfterwardsIsNotWaitedFor)
{
    TlsFleet fleet("worker_processes 1;");
    fleet.configure("worker_processes 1;", "", fleet.server("a.test", "localhost"));
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    ASSERT_NE(fleet.meet().find("CN=localhost"), std::string::npos);
    int old = fleet.workers().at(0);
    Socket client = Socket::connect(fleet.tls_address());
    sleep_seconds(0.1);
    send(old, SIGSTOP);
    std::thread hands([&] { client.start_tls({}, false, in_seconds(10)); });
    sleep_seconds(0.2);  // its hello is there
    send(old, SIGQUIT);
    send(old, SIGCONT);
    hands.join();
    EXPECT_TRUE(client.tls());
    EXPECT_TRUE(eventually([&] { return !lives(old); }, 8));
    expect_quiet(fleet);
}

}  // namespace
}  // namespace sluice::fault
