// SPDX-License-Identifier: Apache-2.0
#include "dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <stdexcept>

namespace sluice::runner {

namespace {

constexpr int type_a = 1, type_cname = 5, type_aaaa = 28, type_srv = 33;
constexpr size_t header_size = 12;

void put16(std::string& to, unsigned n)
{
    to += static_cast<char>(n >> 8);
    to += static_cast<char>(n);
}

unsigned get16(std::string_view from, size_t at)
{
    return static_cast<unsigned char>(from[at]) << 8 | static_cast<unsigned char>(from[at + 1]);
}

std::string labels(const std::string& name)
{
    std::string out;
    std::istringstream in(name);
    for (std::string label; std::getline(in, label, '.');)
        out += static_cast<char>(label.size()) + label;
    return out + '\0';
}

std::string record(const std::string& name, int type, unsigned ttl, const std::string& data)
{
    std::string out = name;
    put16(out, static_cast<unsigned>(type));
    put16(out, 1);
    put16(out, ttl >> 16);
    put16(out, ttl & 0xffff);
    put16(out, static_cast<unsigned>(data.size()));
    return out + data;
}

std::vector<std::string> words_of(const std::string& text)
{
    std::istringstream in(text);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

struct Records {
    std::string bytes;
    unsigned count = 0;
    int rcode = 0;
};

int rcode_of(const std::string& word)
{
    if (word == "servfail")
        return 2;
    if (word == "nxdomain")
        return 3;
    return word == "refused" ? 5 : word == "nodata" ? 0 : -1;
}

void add_service(Records& out, const std::vector<std::string>& words, size_t& i, unsigned ttl)
{
    std::string data;
    for (size_t k = 0; k < 3; ++k)
        put16(data, static_cast<unsigned>(std::stoul(words.at(i + k))));
    std::string host = words.at(i + 3);
    if (host.ends_with(','))
        host.pop_back();
    out.bytes += record("\xC0\x0C", type_srv, ttl, data + labels(host));
    ++out.count;
    i += 4;
}

// The records of an answer's words: addresses, services, a cname before them, or a code.
Records records_of(const std::string& text, const std::string& type)
{
    Records out;
    std::vector<std::string> words = words_of(text);
    unsigned ttl = 60;
    for (const std::string& word : words)
        if (word.starts_with("ttl="))
            ttl = static_cast<unsigned>(std::stoul(word.substr(4)));
    std::string owner = "\xC0\x0C";
    for (size_t i = 0; i < words.size();) {
        const std::string& word = words[i];
        if (word.starts_with("ttl=")) {
            ++i;
        } else if (rcode_of(word) >= 0) {
            out.rcode = rcode_of(word);
            ++i;
        } else if (word == "cname") {
            owner = labels(words.at(i + 1));
            out.bytes += record("\xC0\x0C", type_cname, ttl - 1, owner);
            ++out.count;
            i += 2;
        } else if (type == "SRV") {
            add_service(out, words, i, ttl);
        } else {
            unsigned char bytes[16];
            bool v4 = type == "A";
            if (inet_pton(v4 ? AF_INET : AF_INET6, word.c_str(), bytes) != 1)
                throw std::runtime_error("no address in the dns script: " + word);
            out.bytes += record(owner, v4 ? type_a : type_aaaa, ttl,
                                std::string(reinterpret_cast<char*>(bytes), v4 ? 4 : 16));
            ++out.count;
            ++i;
        }
    }
    return out;
}

std::string message_of(std::string_view id, std::string_view question, const Records& records,
                       bool truncated)
{
    std::string out(id);
    put16(out, 0x8180u | (truncated ? 0x0200u : 0u) | static_cast<unsigned>(records.rcode));
    put16(out, 1);
    put16(out, records.count);
    put16(out, 0);
    put16(out, 0);
    return out + std::string(question) + records.bytes;
}

int make_socket(int type, const std::string& address, int port)
{
    int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<uint16_t>(port));
    at.sin_addr.s_addr = inet_addr(address.c_str());
    if (::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

std::string text_of_type(unsigned type)
{
    switch (type) {
    case type_a: return "A";
    case type_aaaa: return "AAAA";
    case type_srv: return "SRV";
    default: return std::to_string(type);
    }
}

bool read_all(int fd, char* to, size_t n)
{
    for (size_t done = 0; done < n;) {
        pollfd wait{fd, POLLIN, 0};
        if (::poll(&wait, 1, 2000) != 1)
            return false;
        ssize_t got = ::read(fd, to + done, n - done);
        if (got <= 0)
            return false;
        done += static_cast<size_t>(got);
    }
    return true;
}

}  // namespace

DnsServer::DnsServer(int port, const std::string& script, const std::string& address)
{
    change(script);
    // With port 0 the one that UDP gets must be free for TCP, too.
    for (int tries = 0; tries < 20 && tcp_ < 0; ++tries) {
        if (udp_ >= 0)
            ::close(udp_);
        udp_ = make_socket(SOCK_DGRAM, address, port);
        sockaddr_in at{};
        socklen_t size = sizeof at;
        if (udp_ >= 0 && ::getsockname(udp_, reinterpret_cast<sockaddr*>(&at), &size) == 0) {
            port_ = ntohs(at.sin_port);
            tcp_ = make_socket(SOCK_STREAM, address, port_);
        }
    }
    if (tcp_ < 0 || ::listen(tcp_, 8) != 0)
        throw std::runtime_error("no port for the DNS server");
    thread_ = std::thread([this] { run(); });
}

DnsServer::~DnsServer()
{
    stop_ = true;
    thread_.join();
    ::close(udp_);
    ::close(tcp_);
}

void DnsServer::change(const std::string& script)
{
    std::lock_guard lock(mutex_);
    rules_.clear();
    std::istringstream in(script);
    for (std::string line; std::getline(in, line);) {
        std::vector<std::string> words = words_of(line);
        if (words.empty() || words[0].starts_with('#'))
            continue;
        if (words.size() < 3)
            throw std::runtime_error("a line of the dns script: " + line);
        size_t rest = line.find(words[1], line.find(words[0]) + words[0].size()) + words[1].size();
        rules_[words[0] + " " + words[1]].answers.push_back(line.substr(rest));
    }
}

std::string DnsServer::questions()
{
    std::lock_guard lock(mutex_);
    return asked_;
}

std::string DnsServer::pick(const std::string& name, const std::string& type)
{
    auto it = rules_.find(name + " " + type);
    if (it == rules_.end()) {
        auto other = rules_.lower_bound(name + " ");
        bool exists = other != rules_.end() && other->first.starts_with(name + " ");
        return exists ? "nodata" : "nxdomain";
    }
    Rules& rules = it->second;
    std::string text = rules.answers[rules.next];
    rules.next = std::min(rules.next + 1, rules.answers.size() - 1);
    return text;
}

void DnsServer::run()
{
    while (!stop_) {
        pollfd waits[] = {{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
        if (::poll(waits, 2, 20) <= 0)
            continue;
        if (waits[0].revents) {
            char bytes[1024];
            sockaddr_in from{};
            socklen_t size = sizeof from;
            ssize_t n =
                ::recvfrom(udp_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &size);
            if (n > 0)
                answer({bytes, static_cast<size_t>(n)}, false, &from, size, udp_);
        }
        if (waits[1].revents)
            serve_tcp();
    }
}

void DnsServer::serve_tcp()
{
    int fd = ::accept(tcp_, nullptr, nullptr);
    char size[2];
    while (fd >= 0 && !stop_ && read_all(fd, size, 2)) {
        std::string message(get16({size, 2}, 0), '\0');
        if (!read_all(fd, message.data(), message.size()))
            break;
        answer(message, true, nullptr, 0, fd);
    }
    ::close(fd);
}

void DnsServer::answer(std::string_view message, bool tcp, const void* to, unsigned size, int fd)
{
    if (message.size() <= header_size)
        return;
    std::string name;
    size_t at = header_size;
    while (at < message.size() && message[at]) {
        size_t n = static_cast<unsigned char>(message[at]);
        name += (name.empty() ? "" : ".") + std::string(message.substr(at + 1, n));
        at += n + 1;
    }
    if (at + 5 > message.size())
        return;
    std::string type = text_of_type(get16(message, at + 1));
    std::string_view question = message.substr(header_size, at + 5 - header_size);
    std::string id(message.substr(0, 2)), text;
    {
        std::lock_guard lock(mutex_);
        asked_ += std::string(tcp ? "tcp " : "udp ") + name + " " + type + "\n";
        text = pick(name, type);
    }
    auto send = [&](const std::string& bytes) {
        std::string framed;
        if (tcp)
            put16(framed, static_cast<unsigned>(bytes.size()));
        framed += bytes;
        [[maybe_unused]] ssize_t n = ::sendto(fd, framed.data(), framed.size(), MSG_NOSIGNAL,
                                              static_cast<const sockaddr*>(to), size);
    };
    while (!stop_) {
        std::vector<std::string> words = words_of(text);
        std::string verb = words.empty() ? "" : words[0];
        auto rest_behind = [&](const std::string& word) {
            return text.substr(text.find(word) + word.size());
        };
        if (verb == "silence")
            return;
        if (verb == "garbage")
            return send(id + "\x81\x80" + std::string("\0\1\0\7\0\0\0\0", 8) +
                        std::string(question) + "\xC0\x0C\xFF\xFF\xFF");
        if (verb == "sleep") {
            std::this_thread::sleep_for(std::chrono::duration<double>(std::stod(words.at(1))));
            text = rest_behind(words[1]);
        } else if (verb == "wrong_id" || verb == "wrong_question") {
            std::string lie = words.at(1),
                        other = labels("other.test") + std::string("\0\1\0\1", 4);
            std::string other_id{static_cast<char>(id[0] ^ 0x55), id[1]};
            bool wrong_id = verb == "wrong_id";
            send(message_of(wrong_id ? other_id : id, wrong_id ? question : other,
                            records_of(lie, type), false));
            text = rest_behind(" then ");
        } else if (verb == "truncated") {
            if (!tcp)
                return send(message_of(id, question, {}, true));
            text = rest_behind("truncated");
        } else {
            return send(message_of(id, question, records_of(text, type), false));
        }
    }
}

}  // namespace sluice::runner
