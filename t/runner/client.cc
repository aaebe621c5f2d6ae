// SPDX-License-Identifier: Apache-2.0
#include "client.h"

#include "net.h"
#include "perl.h"

namespace sluice::runner {

namespace {

constexpr double quiet_after_raw = 0.25;  // seconds

std::vector<Response> split(const std::string& bytes, const std::vector<std::string>& methods,
                            bool closed)
{
    std::vector<Response> responses;
    std::string_view rest = bytes;
    size_t n = 0;
    while (!rest.empty()) {
        const std::string& method = methods[std::min(n, methods.size() - 1)];
        responses.push_back(parse_response(rest, method, closed));
        n += !responses.back().interim();
    }
    return responses;
}

bool all_complete(const Received& received, size_t wanted)
{
    size_t finals = 0;
    for (const Response& r : received.responses)
        finals += r.complete && !r.interim();
    return finals >= wanted;
}

bool wants_close(const Sending& sending)
{
    return sending.packets.back().find("\r\nConnection: close\r\n") != std::string::npos;
}

void read_replies(Socket& socket, const Sending& sending, Received& got)
{
    Deadline deadline = in_seconds(sending.timeout);
    bool until_close = wants_close(sending);
    while (!got.closed) {
        bool done = all_complete(got, sending.methods.size());
        if (done && !sending.raw && !until_close)
            return;
        Deadline quiet = std::min(deadline, in_seconds(quiet_after_raw));
        Io io = socket.read_some(got.bytes, done && sending.raw ? quiet : deadline);
        if (io == Io::timeout) {
            got.timed_out = !done;
            return;
        }
        got.closed = io != Io::ok;
        got.responses = split(got.bytes, sending.methods, got.closed);
    }
}

}  // namespace

Received exchange(const Sending& sending)
{
    Received got;
    Socket socket = Socket::connect(sending.address);
    if (!socket.open())
        throw SpecError("cannot connect to " + sending.address);
    TlsOptions tls = sending.tls.value_or(TlsOptions{});
    if (tls.early)
        tls.early_text = sending.packets[0];
    if (sending.tls && !socket.start_tls(tls, false, in_seconds(sending.timeout))) {
        got.tls = socket.tls()->describe();
        got.closed = true;
        return got;
    }
    for (size_t i = 0; i < sending.packets.size(); i++) {
        if (i == 0 && socket.tls() != nullptr && socket.tls()->early_accepted())
            continue;
        if (i > 0 && sending.packet_delay > 0)
            sleep_seconds(sending.packet_delay);
        // A server may answer and close early; what it said counts, not that it took all.
        if (socket.write_all(sending.packets[i], in_seconds(sending.timeout)) != Io::ok)
            break;
    }
    if (sending.half_close)
        socket.shut_write();
    read_replies(socket, sending, got);
    if (socket.tls() != nullptr)
        got.tls = socket.tls()->describe();
    return got;
}

}  // namespace sluice::runner
