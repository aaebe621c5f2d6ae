// SPDX-License-Identifier: Apache-2.0
// TurnAway: clients for whom there is no room, answered on borrowed descriptors. Each gets the text
// as soon as it has sent something (many clients take an answer that comes before their request for
// an error of the connection), or after `patience` if it stays silent; then FIN, and what it still
// sends is read for a moment, because closing at once would reset the connection and lose the text
// on the way (RFC 9112 9.6). At most `limit` at a time: the oldest makes way for the next.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/event/loop.h"
#include "core/os/fd.h"

namespace sluice::net {

class TurnAway
{
public:
    explicit TurnAway(size_t limit) : limit_(limit) {}
    ~TurnAway();
    TurnAway(const TurnAway&) = delete;

    /// Takes the client. `without_body` is what a HEAD request gets of `text`: its first bytes.
    void take(os::Fd client, std::string_view text, size_t without_body);
    /// Ends with the one that has been here longest, at once; false when nobody is.
    bool finish_oldest();

    static constexpr ms patience{1000}, linger{1000};

private:
    class Client;
    List<Client> clients_;
    size_t limit_;
    size_t size_ = 0;
};

}  // namespace sluice::net
