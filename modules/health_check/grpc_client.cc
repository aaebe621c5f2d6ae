// SPDX-License-Identifier: Apache-2.0
#include "modules/health_check/grpc_client.h"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/check.h"

namespace sluice::health_check {
namespace {

constexpr size_t frame_head = 5;  // of a gRPC message: compressed or not, its length

nghttp2_nv field(std::string_view name, std::string_view value)
{
    auto bytes = [](std::string_view text) {
        return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// Protobuf's; what is left of `in` is behind it.
std::optional<uint64_t> read_varint(std::string_view& in)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
        auto byte = static_cast<uint8_t>(in.front());
        in.remove_prefix(1);
        value |= uint64_t{byte & 0x7fu} << shift;
        if (byte < 0x80)
            return value;
    }
    return std::nullopt;
}

void write_varint(std::string& out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
}

std::string framed(std::string_view message)
{
    auto n = static_cast<uint32_t>(message.size());
    std::string out(1, '\0');
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<char>(n >> shift));
    return out.append(message);
}

// HealthCheckRequest { string service = 1; }
std::string request_for(std::string_view service)
{
    std::string message;
    if (!service.empty()) {
        message.push_back('\x0a');
        write_varint(message, service.size());
        message.append(service);
    }
    return framed(message);
}

std::string_view name_of_status(int status)
{
    static constexpr std::array<std::string_view, 17> names = {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    };
    return static_cast<size_t>(status) < names.size() ? names[static_cast<size_t>(status)] : "?";
}

}  // namespace

int serving_status(std::string_view in)
{
    if (in.size() < frame_head || in[0] != 0)
        return -1;
    uint64_t size = 0;
    for (size_t i = 1; i < frame_head; ++i)
        size = size << 8 | static_cast<uint8_t>(in[i]);
    in.remove_prefix(frame_head);
    if (in.size() != size)
        return -1;
    uint64_t status = 0;  // as protobuf has it: what is not there is 0
    while (!in.empty()) {
        auto key = read_varint(in);
        if (!key)
            return -1;
        uint64_t skipped = 0;
        switch (*key & 7) {
        case 0: {
            auto value = read_varint(in);
            if (!value)
                return -1;
            if (*key >> 3 == 1)
                status = *value;
            break;
        }
        case 1: skipped = 8; break;
        case 2: {
            auto length = read_varint(in);
            if (!length)
                return -1;
            skipped = *length;
            break;
        }
        case 5: skipped = 4; break;
        default: return -1;
        }
        if (skipped > in.size())
            return -1;
        in.remove_prefix(skipped);
    }
    return status <= 3 ? static_cast<int>(status) : 0;
}

// What nghttp2 calls. They must not end the session: faults are noted, and told when asked for.
struct GrpcClient::Callbacks {
    static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                      void* user)
    {
        auto& self = *static_cast<GrpcClient*>(user);
        if (frame->hd.stream_id != self.stream_)
            return 0;
        std::string_view n(reinterpret_cast<const char*>(name), name_size);
        auto number = parse_decimal({reinterpret_cast<const char*>(value), value_size});
        int small = number && *number <= 999 ? static_cast<int>(*number) : 999;
        if (n == ":status")
            self.status_ = small;
        else if (n == "grpc-status")
            self.grpc_status_ = small;
        return 0;
    }

    static int data(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes, size_t size,
                    void* user)
    {
        auto& self = *static_cast<GrpcClient*>(user);
        if (stream != self.stream_ || self.answered_)
            return 0;
        // One more than that says that it is too much.
        size_t room = frame_head + max_message + 1 - self.message_.size();
        self.message_.append(reinterpret_cast<const char*>(bytes), std::min(size, room));
        if (self.message_.size() > frame_head + max_message) {
            self.broken_ = "too large a message";
            self.answered_ = true;
        }
        return 0;
    }

    // The server has said all; it need not have read all of the request.
    static int frame(nghttp2_session*, const nghttp2_frame* frame, void* user)
    {
        auto& self = *static_cast<GrpcClient*>(user);
        self.heard_ = true;
        bool may_end = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
        if (may_end && frame->hd.stream_id == self.stream_ &&
            (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
            self.answered_ = true;
        return 0;
    }

    static int closed(nghttp2_session*, int32_t stream, uint32_t error, void* user)
    {
        auto& self = *static_cast<GrpcClient*>(user);
        if (stream != self.stream_)
            return 0;
        self.closed_ = error == NGHTTP2_NO_ERROR;
        if (!self.answered_)
            self.broken_ = fmt::format("HTTP/2 stream reset: {}", nghttp2_http2_strerror(error));
        self.answered_ = true;
        return 0;
    }

    static ssize_t upload(nghttp2_session*, int32_t, uint8_t* to, size_t size, uint32_t* flags,
                          nghttp2_data_source* source, void*)
    {
        auto& self = *static_cast<GrpcClient*>(source->ptr);
        size_t n = std::min(size, self.request_.size() - self.uploaded_);
        std::memcpy(to, self.request_.data() + self.uploaded_, n);
        self.uploaded_ += n;
        if (self.uploaded_ == self.request_.size())
            *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(n);
    }
};

GrpcClient::GrpcClient()
{
    nghttp2_session_callbacks* callbacks = nullptr;
    SLUICE_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);  // out of memory
    nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::closed);
    int rc = nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    SLUICE_CHECK(rc == 0);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 1);
}

GrpcClient::~GrpcClient()
{
    nghttp2_session_del(session_);
}

bool GrpcClient::ask(const Question& question)
{
    request_ = request_for(question.service);
    uploaded_ = 0;
    message_.clear();
    broken_.clear();
    status_ = 0;
    grpc_status_ = -1;
    answered_ = closed_ = false;
    const nghttp2_nv fields[] = {
        field(":method", "POST"),
        field(":scheme", question.scheme),
        field(":path", "/grpc.health.v1.Health/Check"),
        field(":authority", question.authority),
        field("content-type", "application/grpc"),
        field("te", "trailers"),
        field("user-agent", "sluice-health-check"),
    };
    nghttp2_data_provider body{};
    body.source.ptr = this;
    body.read_callback = Callbacks::upload;
    stream_ = nghttp2_submit_request(session_, nullptr, fields, std::size(fields), &body, nullptr);
    return stream_ > 0 && nghttp2_session_check_request_allowed(session_);
}

std::string GrpcClient::output()
{
    std::string out;
    const uint8_t* bytes = nullptr;
    for (ssize_t n; (n = nghttp2_session_mem_send(session_, &bytes)) > 0;)
        out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
    // After an error of the other side it says why (GOAWAY), and wants to hear no more.
    if (!nghttp2_session_want_read(session_))
        give_up();
    return out;
}

void GrpcClient::feed(std::string_view bytes)
{
    if (nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                                 bytes.size()) < 0)
        give_up();
}

void GrpcClient::give_up()
{
    if (!answered_)
        broken_ = heard_ ? "invalid HTTP/2" : "no HTTP/2 is spoken there";
    answered_ = true;
    closed_ = false;
}

bool GrpcClient::reusable() const
{
    return answered_ && closed_ && nghttp2_session_check_request_allowed(session_);
}

std::string GrpcClient::fault(int fine) const
{
    if (!broken_.empty())
        return broken_;
    if (status_ != 200)
        return fmt::format("status {}", status_);
    if (grpc_status_ < 0)
        return "no grpc-status in the answer";
    if (grpc_status_ != 0)
        return grpc_status_ == fine
                   ? ""
                   : fmt::format("gRPC status {} ({})", grpc_status_, name_of_status(grpc_status_));
    switch (serving_status(message_)) {
    case 1: return {};
    case 2: return "it is NOT_SERVING";
    case 3: return "SERVICE_UNKNOWN";
    case 0: return "whether it serves is UNKNOWN";
    default: return "invalid message";
    }
}

}  // namespace sluice::health_check
