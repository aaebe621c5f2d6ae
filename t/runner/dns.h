// SPDX-License-Identifier: Apache-2.0
//
// A scripted DNS server on one port of a loopback address, over UDP and TCP, run by a thread of its
// own.
//
// A line of the script is a question and what is answered to it; further lines for the same
// question are the answers to its next times, the last one goes on. What stands nowhere does not
// exist; a name that has only other types has no data.
//
//   app.test A 127.0.0.1 127.0.0.2 ttl=5
//   app.test AAAA ::1
//   _http._tcp.app.test SRV 0 5 8080 a.test, 1 1 8081 b.test ttl=5
//   app.test A nxdomain | servfail | refused | nodata
//   app.test A silence              nothing at all
//   app.test A garbage              a message of this id that makes no sense
//   app.test A wrong_id 127.0.0.9 then ...        first an answer that is not to be believed:
//   app.test A wrong_question 127.0.0.9 then ...  of another id, or to another question
//   app.test A truncated ...        over UDP that it is too long, over TCP the rest
//   app.test A sleep 0.5 ...        later
//   app.test A cname b.test 127.0.0.1 ttl=5       by another name, whose TTL is 1 less
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace sluice::runner {

class DnsServer
{
public:
    /// Port 0: any. Throws std::runtime_error where the script makes no sense.
    DnsServer(int port, const std::string& script, const std::string& address = "127.0.0.1");
    ~DnsServer();
    DnsServer(const DnsServer&) = delete;

    int port() const { return port_; }
    /// The questions so far, a line each: "udp app.test A".
    std::string questions();
    /// Other answers from now on.
    void change(const std::string& script);

private:
    struct Question;
    struct Rules {
        std::vector<std::string> answers;
        size_t next = 0;
    };
    void run();
    void serve_tcp();
    void answer(std::string_view message, bool tcp, const void* to, unsigned size, int fd);
    std::string pick(const std::string& name, const std::string& type);

    int udp_ = -1, tcp_ = -1, port_ = 0;
    std::mutex mutex_;
    std::map<std::string, Rules> rules_;
    std::string asked_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace sluice::runner
