// SPDX-License-Identifier: Apache-2.0
// WebSocket (RFC 6455) as far as a proxy must know it to end a connection politely: where frames
// begin and end in a stream of bytes, and the Close frame. Payloads are not looked at.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::upstream {

/// Follows one direction from its first byte behind the 101.
class FrameBorders
{
public:
    void feed(std::string_view bytes);
    /// All that was fed is whole frames: one of ours may follow.
    bool at_border() const { return payload_ == 0 && have_ == 0; }

private:
    /// Of what is in header_: how long it is, and the payload.
    void read_header();

    unsigned char header_[14];
    uint8_t have_ = 0, need_ = 2;
    uint64_t payload_ = 0;  // bytes still to come
};

/// "Service Restart" (1012, registered with IANA): come back, somebody else serves you. To the
/// client; and to the server, masked as all that clients send (RFC 6455 5.3).
inline constexpr std::string_view close_to_client{"\x88\x02\x03\xf4", 4};
inline constexpr std::string_view close_to_server{"\x88\x82\0\0\0\0\x03\xf4", 8};

}  // namespace sluice::upstream
