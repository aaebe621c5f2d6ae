// SPDX-License-Identifier: Apache-2.0
#include "core/net/dns_channel.h"

#include <ares_nameser.h>
#include <netdb.h>
#include <sys/epoll.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/bytes.h"
#include "core/net/room.h"
#include "core/os/plain_socket.h"

namespace sluice::net {
namespace {

constexpr int rounds = 3;

DnsReply::Kind kind_of(int status)
{
    switch (status) {
    case ARES_SUCCESS: return DnsReply::found;
    case ARES_ENODATA:
    case ARES_ENOTFOUND: return DnsReply::missing;
    default: return DnsReply::failed;
    }
}

// RFC 1035 3.2.1: behind its name a record has type, class, TTL and the length of its data.
constexpr size_t record_fixed = 10;

uint32_t number_at(const unsigned char* p, int bytes)
{
    uint32_t n = 0;
    for (int i = 0; i < bytes; ++i)
        n = n << 8 | p[i];
    return n;
}

// Behind the name that begins at `at`; 0: it is malformed.
size_t behind_name(std::span<const unsigned char> message, size_t at)
{
    char* name = nullptr;
    long size = 0;
    if (at >= message.size() ||
        ares_expand_name(message.data() + at, message.data(), static_cast<int>(message.size()),
                         &name, &size) != ARES_SUCCESS)
        return 0;
    ares_free_string(name);
    return at + static_cast<size_t>(size);
}

}  // namespace

/// One of c-ares' sockets: it says what it waits for.
class DnsChannel::Socket final : public event::Watch
{
public:
    explicit Socket(DnsChannel& channel) : channel_(channel) { Room::take_slot(); }
    ~Socket() override
    {
        close();
        Room::give_slot();
    }

private:
    // Level-triggered: c-ares reads of a TCP connection what it needs, not all there is.
    void on_events(uint32_t events) override
    {
        constexpr uint32_t broken = EPOLLERR | EPOLLHUP;
        DnsChannel& channel = channel_;
        ares_socket_t in = events & (EPOLLIN | broken) ? fd() : ARES_SOCKET_BAD;
        ares_socket_t out = events & EPOLLOUT ? fd() : ARES_SOCKET_BAD;
        ares_process_fd(channel.channel_, in, out);
        channel.set_timer();  // we may be gone
    }

    DnsChannel& channel_;
};

struct DnsChannel::Question {
    DnsChannel& channel;
    Asker& asker;
    std::string name;
    int refusal = ARES_SUCCESS;  // what a server said last instead of an answer

    /// Search domains may stand behind it.
    bool is_for(std::string_view asked) const
    {
        return istarts_with(asked, name) &&
               (asked.size() == name.size() || asked[name.size()] == '.');
    }

    void answer(DnsReply reply)
    {
        // c-ares has passed over servers that refuse, and forgot how they did.
        if (reply.status == ARES_ECONNREFUSED && refusal != ARES_SUCCESS)
            reply.status = refusal;
        if (reply.kind == DnsReply::found && reply.addresses.empty() && reply.services.empty())
            reply.kind = DnsReply::missing;
        if (!channel.ending_)
            asker.replied(std::move(reply));
        std::erase(channel.questions_, this);  // not before: one that is idle may be destroyed
    }
};

DnsChannel::DnsChannel(const Rules& rules)
{
    static const bool library [[maybe_unused]] = ares_library_init(ARES_LIB_INIT_ALL) == 0;
    char lookups[] = "b";  // the hosts file is asked for itself
    std::string path = rules.resolv_conf;
    ares_options options{};
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    options.timeout = static_cast<int>(rules.patience.count());
    options.tries = rounds;
    options.lookups = lookups;
    options.sock_state_cb = &DnsChannel::watch;
    options.sock_state_cb_data = this;
    if (rules.servers.empty()) {
        mask |= ARES_OPT_RESOLVCONF;
        options.resolvconf_path = path.data();
    } else {
        mask |= ARES_OPT_DOMAINS | ARES_OPT_ROTATE;  // names are whole
    }
    if (ares_init_options(&channel_, &options, mask) != ARES_SUCCESS) {
        channel_ = nullptr;
        return;
    }
    static const ares_socket_functions functions{
        .asocket = &DnsChannel::make,
        .aclose = &DnsChannel::close,
        .aconnect = [](ares_socket_t fd, const sockaddr* to, ares_socklen_t size,
                       void*) { return os::plain_connect(fd, to, size); },
        .arecvfrom = &DnsChannel::receive,
        .asendv = [](ares_socket_t fd, const iovec* parts, int count,
                     void*) { return os::plain_send(fd, parts, count); },
    };
    ares_set_socket_functions(channel_, &functions, this);
    if (rules.servers.empty())
        return;
    std::vector<ares_addr_port_node> nodes(rules.servers.size());
    for (size_t i = 0; i < nodes.size(); ++i) {
        const os::Address& server = rules.servers[i];
        nodes[i].next = i + 1 < nodes.size() ? &nodes[i + 1] : nullptr;
        nodes[i].family = server.family();
        nodes[i].udp_port = nodes[i].tcp_port = server.port();
        std::memcpy(&nodes[i].addr, server.bytes().data(), server.bytes().size());
    }
    if (ares_set_servers_ports(channel_, nodes.data()) != ARES_SUCCESS)
        ares_destroy(std::exchange(channel_, nullptr));
}

DnsChannel::~DnsChannel()
{
    ending_ = true;
    if (channel_)
        ares_destroy(channel_);
}

// ---- sockets and time ---------------------------------------------------------------------------

DnsChannel::Socket* DnsChannel::find(int fd) const
{
    auto it = std::find_if(sockets_.begin(), sockets_.end(),
                           [&](const auto& s) { return s->fd() == fd; });
    return it == sockets_.end() ? nullptr : it->get();
}

ares_socket_t DnsChannel::make(int family, int type, int protocol, void* self)
{
    os::Fd fd = os::plain_socket(family, type, protocol);
    Room* room = Room::current();
    if (int error = errno; !fd && room && os::is_shortage(error)) {
        room->short_of("socket()", error);
        room->shed_descriptor();
        if (room->lend(Room::For::request))
            fd = os::plain_socket(family, type, protocol);
    }
    if (!fd)
        return ARES_SOCKET_BAD;
    auto& channel = *static_cast<DnsChannel*>(self);
    auto socket = std::make_unique<Socket>(channel);
    // Nothing yet: watch() says what for, at once.
    if (socket->open(std::move(fd), 0) != event::Watch::none)
        return ARES_SOCKET_BAD;
    channel.sockets_.push_back(std::move(socket));
    return channel.sockets_.back()->fd();
}

int DnsChannel::close(ares_socket_t fd, void* self)
{
    std::erase_if(static_cast<DnsChannel*>(self)->sockets_,
                  [&](const auto& s) { return s->fd() == fd; });
    return 0;
}

// Looks at what passes by: statuses of c-ares do not tell SERVFAIL from REFUSED.
ssize_t DnsChannel::receive(ares_socket_t fd, void* to, size_t n, int flags, sockaddr* from,
                            ares_socklen_t* size, void* self)
{
    ssize_t got = os::plain_receive(fd, to, n, flags, from, size);
    std::string name;
    int status = ARES_SUCCESS;
    if (got > 0)
        status = refusal({static_cast<unsigned char*>(to), static_cast<size_t>(got)}, name);
    if (status != ARES_SUCCESS)
        for (Question* question : static_cast<DnsChannel*>(self)->questions_)
            if (question->is_for(name))
                question->refusal = status;
    return got;
}

void DnsChannel::watch(void* self, ares_socket_t fd, int readable, int writable)
{
    if (Socket* socket = static_cast<DnsChannel*>(self)->find(fd))
        socket->change((readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u));
}

void DnsChannel::set_timer()
{
    timeval time{};
    if (!ares_timeout(channel_, nullptr, &time))
        return cancel();
    // Upwards, and one more: the loop's clock may be a little behind c-ares'.
    ms wait{time.tv_sec * 1000 + time.tv_usec / 1000 + 2};
    event::Loop::current().timers().add(*this, Clock::in(wait));
}

void DnsChannel::expired()
{
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    set_timer();
}

// ---- questions ----------------------------------------------------------------------------------

DnsChannel::Question* DnsChannel::question(const std::string& name, Asker& asker)
{
    questions_.push_back(new Question{*this, asker, name});
    return questions_.back();
}

void DnsChannel::ask_addresses(const std::string& name, int family, Asker& asker)
{
    ares_addrinfo_hints hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NOSORT;  // sorting would make a socket for each address
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &DnsChannel::addresses_came,
                     question(name, asker));
    set_timer();
}

void DnsChannel::addresses_came(void* arg, int status, int, ares_addrinfo* list)
{
    std::unique_ptr<Question> question(static_cast<Question*>(arg));
    DnsReply reply{kind_of(status), status, UINT32_MAX, {}, {}};
    for (auto* at = list ? list->nodes : nullptr; at; at = at->ai_next) {
        os::Address address = os::Address::from(at->ai_addr, at->ai_addrlen);
        if (std::find(reply.addresses.begin(), reply.addresses.end(), address) ==
            reply.addresses.end())
            reply.addresses.push_back(address);
        reply.ttl = std::min(reply.ttl, static_cast<uint32_t>(std::max(0, at->ai_ttl)));
    }
    for (auto* at = list ? list->cnames : nullptr; at; at = at->next)
        reply.ttl = std::min(reply.ttl, static_cast<uint32_t>(std::max(0, at->ttl)));
    ares_freeaddrinfo(list);
    question->answer(std::move(reply));
}

void DnsChannel::ask_services(const std::string& name, Asker& asker)
{
    ares_search(channel_, name.c_str(), ns_c_in, ns_t_srv, &DnsChannel::services_came,
                question(name, asker));
    set_timer();
}

void DnsChannel::services_came(void* arg, int status, int, unsigned char* answer, int size)
{
    std::unique_ptr<Question> question(static_cast<Question*>(arg));
    DnsReply reply{kind_of(status), status, 0, {}, {}};
    ares_srv_reply* list = nullptr;
    if (status == ARES_SUCCESS) {
        reply.status = ares_parse_srv_reply(answer, size, &list);
        reply.kind = kind_of(reply.status);
        reply.ttl = services_ttl({answer, static_cast<size_t>(size)});
    }
    for (auto* at = list; at; at = at->next)
        if (*at->host)  // a lone "." says that there is no such service (RFC 2782)
            reply.services.push_back({at->host, at->port, at->priority, at->weight});
    if (list)
        ares_free_data(list);
    question->answer(std::move(reply));
}

uint32_t DnsChannel::services_ttl(std::span<const unsigned char> message)
{
    if (message.size() < NS_HFIXEDSZ)
        return 0;
    size_t questions = number_at(message.data() + 4, 2), answers = number_at(message.data() + 6, 2);
    size_t at = NS_HFIXEDSZ;
    for (size_t i = 0; i < questions; ++i) {
        at = behind_name(message, at);
        if (at == 0)
            return 0;
        at += NS_QFIXEDSZ;
    }
    uint32_t least = UINT32_MAX;
    for (size_t i = 0; i < answers; ++i) {
        at = behind_name(message, at);
        if (at == 0 || at + record_fixed > message.size())
            return 0;
        const unsigned char* record = message.data() + at;
        if (number_at(record, 2) == ns_t_srv)
            least = std::min(least, number_at(record + 4, 4));
        at += record_fixed + number_at(record + 8, 2);
    }
    return least == UINT32_MAX ? 0 : least;
}

int DnsChannel::refusal(std::span<const unsigned char> message, std::string& name)
{
    if (message.size() < NS_HFIXEDSZ || number_at(message.data() + 4, 2) != 1)
        return ARES_SUCCESS;
    int status = ARES_SUCCESS;
    switch (message[3] & 15) {  // RFC 1035 4.1.1: RCODE
    case ns_r_servfail: status = ARES_ESERVFAIL; break;
    case ns_r_notimpl: status = ARES_ENOTIMP; break;
    case ns_r_refused: status = ARES_EREFUSED; break;
    default: return ARES_SUCCESS;
    }
    char* text = nullptr;
    long size = 0;
    if (message.size() == NS_HFIXEDSZ ||
        ares_expand_name(message.data() + NS_HFIXEDSZ, message.data(),
                         static_cast<int>(message.size()), &text, &size) != ARES_SUCCESS)
        return ARES_SUCCESS;
    name = text;
    ares_free_string(text);
    return status;
}

std::vector<os::Address> DnsChannel::in_hosts_file(const std::string& name) const
{
    std::vector<os::Address> found;
    for (int family : {AF_INET, AF_INET6}) {
        hostent* host = nullptr;
        if (ares_gethostbyname_file(channel_, name.c_str(), family, &host) != ARES_SUCCESS)
            continue;
        for (char** at = host->h_addr_list; *at; ++at) {
            os::Address address = os::Address::any(family, 0);
            sockaddr_storage storage{};
            std::memcpy(&storage, address.get(), address.size());
            void* bytes =
                family == AF_INET
                    ? static_cast<void*>(&reinterpret_cast<sockaddr_in&>(storage).sin_addr)
                    : &reinterpret_cast<sockaddr_in6&>(storage).sin6_addr;
            std::memcpy(bytes, *at, static_cast<size_t>(host->h_length));
            found.push_back(
                os::Address::from(reinterpret_cast<sockaddr*>(&storage), address.size()));
        }
        ares_free_hostent(host);
    }
    return found;
}

}  // namespace sluice::net
