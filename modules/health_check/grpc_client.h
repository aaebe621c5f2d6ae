// SPDX-License-Identifier: Apache-2.0
// GrpcClient: asks a gRPC server how it is (grpc.health.v1.Health/Check), over one HTTP/2
// connection, one call at a time. It does no I/O: whoever has the connection sends what output()
// gives and feeds what comes. nghttp2 does HTTP/2 and HPACK; what the server says besides the
// answer (SETTINGS, PING, flow control) is replied to in the next output().
//
// Sources: RFC 9113; gRPC over HTTP/2 (PROTOCOL-HTTP2) and its health checking protocol.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

struct nghttp2_session;

namespace sluice::health_check {

class GrpcClient
{
public:
    /// Of an answer's message; more is a fault. (HPACK's limits are nghttp2's: 64 kB of fields.)
    static constexpr size_t max_message = 4096;

    GrpcClient();
    ~GrpcClient();
    GrpcClient(const GrpcClient&) = delete;

    struct Question {
        std::string_view scheme;     // "http", "https"
        std::string_view authority;  // what an HTTP/1 request would have as Host
        std::string_view service;    // empty: the server as a whole
    };
    /// The next call. False: the connection takes none any more (GOAWAY).
    bool ask(const Question& question);
    /// What is to be sent now, once.
    std::string output();
    void feed(std::string_view bytes);
    /// The call is over; what output() still has should be sent.
    bool answered() const { return answered_; }
    /// It may be followed by another one.
    bool reusable() const;
    /// Why the server is not healthy; empty: it is SERVING, or said `fine` (a gRPC status) instead.
    std::string fault(int fine) const;

private:
    struct Callbacks;
    void give_up();

    nghttp2_session* session_ = nullptr;
    int32_t stream_ = 0;
    std::string request_;   // the message, framed
    size_t uploaded_ = 0;   // of it
    std::string message_;   // of the answer, framed
    int status_ = 0;        // HTTP's; 0: none yet
    int grpc_status_ = -1;  // -1: none yet
    bool answered_ = false;
    bool heard_ = false;   // at least one frame
    bool closed_ = false;  // both sides have said all
    std::string broken_;   // no answer because of this
};

/// The `status` of a framed HealthCheckResponse: UNKNOWN 0 (also when nothing says so), SERVING 1,
/// NOT_SERVING 2, SERVICE_UNKNOWN 3. -1: it is no such message.
int serving_status(std::string_view framed);

}  // namespace sluice::health_check
