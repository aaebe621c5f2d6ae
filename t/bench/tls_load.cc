// SPDX-License-Identifier: Apache-2.0
// tls_load: an HTTPS client for the bench. A thread for each connection, blocking: what it costs
// is its own core's, the proxy's time is what is measured.
//
//   tls_load PORT PATH [-c CONNECTIONS] [-t SECONDS] [-x] [-r] [-v 1.2|1.3] [-p RATE]
//                      [-i SECONDS]
//
//   -x  a new connection and a full handshake for each request;   -r  the same, resumed
//   -p  a pace: so many requests a second in all, at even distances, or fewer if they take longer
//   -i  one request on each connection (one thread, one after the other), then hold them idle
//
// Prints one line: requests= errors= seconds= rps= p50= p99= (microseconds) resumed=.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    int port = 0;
    std::string path;
    size_t connections = 1;
    double seconds = 1, idle = 0, pace = 0;
    bool fresh = false, resume = false;
    int version = 0;
} options;

std::atomic<bool> stop{false};
std::atomic<uint64_t> requests{0}, errors{0}, resumed{0}, due{0};
Clock::time_point started;

SSL_CTX* make_context()
{
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, options.version);
    SSL_CTX_set_max_proto_version(context, options.version);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return context;
}

class Client
{
public:
    Client() : context_(make_context())
    {
        SSL_CTX_set_app_data(context_, this);
        SSL_CTX_sess_set_new_cb(context_, [](SSL* ssl, SSL_SESSION* session) {
            auto* self = static_cast<Client*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
            SSL_SESSION_free(self->session_);
            self->session_ = session;
            return 1;
        });
        request_ = "GET " + options.path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    }
    ~Client()
    {
        disconnect();
        SSL_SESSION_free(session_);
        SSL_CTX_free(context_);
    }
    Client(const Client&) = delete;

    bool connect()
    {
        int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<uint16_t>(options.port));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        linger hard{1, 0};  // no port is kept after the end
        ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
            ::close(fd);
            return false;
        }
        ssl_ = SSL_new(context_);
        SSL_set_fd(ssl_, fd);
        if (options.resume && session_)
            SSL_set_session(ssl_, session_);
        if (SSL_connect(ssl_) != 1)
            return false;
        resumed += static_cast<uint64_t>(SSL_session_reused(ssl_));
        return true;
    }
    void disconnect()
    {
        if (!ssl_)
            return;
        int fd = SSL_get_fd(ssl_);
        SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(ssl_);
        ssl_ = nullptr;
        ::close(fd);
    }
    bool ask()
    {
        if (!ssl_ && !connect())
            return false;
        if (SSL_write(ssl_, request_.data(), static_cast<int>(request_.size())) <= 0)
            return false;
        size_t have = 0, whole = SIZE_MAX;
        while (have < whole) {
            int n = SSL_read(ssl_, buffer_ + (whole == SIZE_MAX ? have : 0),
                             static_cast<int>(sizeof buffer_ - (whole == SIZE_MAX ? have : 0) - 1));
            if (n <= 0)
                return false;
            have += static_cast<size_t>(n);
            if (whole != SIZE_MAX)
                continue;
            buffer_[have] = 0;
            const char* end = std::strstr(buffer_, "\r\n\r\n");
            const char* length = std::strstr(buffer_, "Content-Length: ");
            if (end && (!length || std::strncmp(buffer_ + 9, "200", 3) != 0))
                return false;
            if (end)
                whole =
                    static_cast<size_t>(end + 4 - buffer_) + std::strtoul(length + 16, nullptr, 10);
        }
        return true;
    }

private:
    SSL_CTX* context_;
    SSL* ssl_ = nullptr;
    SSL_SESSION* session_ = nullptr;
    std::string request_;
    char buffer_[65536];
};

void wait_until_due()
{
    std::chrono::duration<double> at(static_cast<double>(due++) / options.pace);
    std::this_thread::sleep_until(started + std::chrono::duration_cast<Clock::duration>(at));
}

void run(std::vector<double>& times)
{
    auto client = std::make_unique<Client>();
    while (!stop) {
        if (options.pace > 0)
            wait_until_due();
        auto begin = Clock::now();
        bool good = client->ask();
        if (!good && !stop)
            ++errors;
        if (!good || options.fresh)
            client->disconnect();
        if (!good) {
            ERR_clear_error();
            continue;
        }
        ++requests;
        times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    }
}

int hold_idle()
{
    std::vector<std::unique_ptr<Client>> clients;
    for (size_t i = 0; i < options.connections; ++i) {
        clients.push_back(std::make_unique<Client>());
        if (!clients.back()->ask())
            return 1;
    }
    std::printf("idle\n");
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::duration<double>(options.idle));
    return 0;
}

void read_options(int argc, char** argv)
{
    options.port = std::atoi(argv[1]);
    options.path = argv[2];
    for (int i = 3; i < argc; ++i) {
        std::string name = argv[i];
        const char* value = i + 1 < argc ? argv[i + 1] : "";
        if (name == "-x" || name == "-r") {
            options.fresh = true;
            options.resume = name == "-r";
            continue;
        }
        ++i;
        if (name == "-c")
            options.connections = std::strtoul(value, nullptr, 10);
        else if (name == "-t")
            options.seconds = std::atof(value);
        else if (name == "-p")
            options.pace = std::atof(value);
        else if (name == "-i")
            options.idle = std::atof(value);
        else if (name == "-v")
            options.version = std::string(value) == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
    }
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc < 3)
        return 2;
    ::signal(SIGPIPE, SIG_IGN);
    read_options(argc, argv);
    if (options.idle > 0)
        return hold_idle();
    std::vector<std::vector<double>> times(options.connections);
    std::vector<std::thread> threads;
    auto begin = started = Clock::now();
    for (auto& t : times)
        threads.emplace_back(run, std::ref(t));
    std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
    stop = true;
    for (std::thread& t : threads)
        t.join();
    double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    std::vector<double> all;
    for (auto& t : times)
        all.insert(all.end(), t.begin(), t.end());
    std::sort(all.begin(), all.end());
    auto at = [&](double p) {
        return all.empty() ? 0 : all[static_cast<size_t>(p * static_cast<double>(all.size() - 1))];
    };
    std::printf("requests=%lu errors=%lu seconds=%.3f rps=%.0f p50=%.0f p99=%.0f resumed=%lu\n",
                requests.load(), errors.load(), seconds,
                static_cast<double>(requests.load()) / seconds, at(0.5), at(0.99), resumed.load());
    return 0;
}
