// SPDX-License-Identifier: Apache-2.0
// DnsChannel: c-ares in a worker's loop: queries to the name servers of one `resolver`, over UDP,
// and over TCP what comes truncated. Its sockets are watches of the loop, made and closed by us
// (each counts as one of worker_connections), its time-outs one timer. A query that nobody answers
// goes to the next server, three rounds in all, each with twice the patience of the one before.
//
// Answers with a wrong id, another question or from elsewhere are not ours (c-ares drops them); one
// that makes no sense is a failure. Servers that cannot be asked (SERVFAIL, REFUSED, a closed port)
// are passed over while another one may know.
#pragma once

#include <ares.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/event/loop.h"
#include "core/os/address.h"

namespace sluice::net {

/// What the servers said to one question, or why they said nothing.
struct DnsReply {
    enum Kind : uint8_t { found, missing, failed } kind = failed;
    int status = 0;    // c-ares', where it failed
    uint32_t ttl = 0;  // seconds: of the record that ends first
    std::vector<os::Address> addresses;
    struct Service {
        std::string host;
        uint16_t port, priority, weight;
    };
    std::vector<Service> services;
};

class DnsChannel : private event::Timer
{
public:
    struct Rules {
        std::vector<os::Address> servers;  // none: those of `resolv_conf`, with its domains
        std::string resolv_conf;
        ms patience{2000};  // of the first round
    };
    explicit DnsChannel(const Rules& rules);
    /// Who still waits for an answer gets none.
    ~DnsChannel();
    DnsChannel(const DnsChannel&) = delete;
    /// False: there is no memory, or resolv.conf cannot be read.
    explicit operator bool() const { return channel_; }

    /// Who asks. It outlives its questions, or the channel.
    class Asker
    {
    public:
        virtual void replied(DnsReply reply) = 0;

    protected:
        ~Asker() = default;
    };
    /// AF_INET or AF_INET6. The reply may come before this returns.
    void ask_addresses(const std::string& name, int family, Asker& asker);
    /// SRV records.
    void ask_services(const std::string& name, Asker& asker);
    /// The same of /etc/hosts: both families; none: it is not there.
    std::vector<os::Address> in_hosts_file(const std::string& name) const;
    bool idle() const { return questions_.empty(); }

    /// TTL of the SRV record that ends first in a DNS message, as c-ares does not tell it; 0 when
    /// there is none, or the message is malformed.
    static uint32_t services_ttl(std::span<const unsigned char> message);
    /// What a DNS message refuses to answer, and how (SERVFAIL, NOTIMP, REFUSED as c-ares'
    /// statuses); ARES_SUCCESS: it does not, or is malformed.
    static int refusal(std::span<const unsigned char> message, std::string& name);

private:
    class Socket;
    struct Question;
    static ares_socket_t make(int family, int type, int protocol, void* self);
    static int close(ares_socket_t fd, void* self);
    static ssize_t receive(ares_socket_t fd, void* to, size_t n, int flags, sockaddr* from,
                           ares_socklen_t* size, void* self);
    static void watch(void* self, ares_socket_t fd, int readable, int writable);
    static void addresses_came(void* question, int status, int, ares_addrinfo* list);
    static void services_came(void* question, int status, int, unsigned char* answer, int size);
    Socket* find(int fd) const;
    Question* question(const std::string& name, Asker& asker);
    void set_timer();
    void expired() override;

    ares_channel channel_ = nullptr;
    std::vector<std::unique_ptr<Socket>> sockets_;
    std::vector<Question*> questions_;  // that c-ares has
    bool ending_ = false;
};

}  // namespace sluice::net
