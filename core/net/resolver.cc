// SPDX-License-Identifier: Apache-2.0
#include "core/net/resolver.h"

#include <sys/epoll.h>

#include <atomic>
#include <memory>
#include <set>
#include <thread>

#include "core/event/loop.h"
#include "core/os/socket.h"

namespace sluice::net {
namespace {

// What the thread shares with the loop; whoever is last frees it.
struct Query {
    std::string host;
    uint16_t port;
    os::Fd done;  // written to by the thread
    std::vector<os::Address> addresses;
};

class Pending;

// Look-ups that have not been answered when the process ends are never destroyed.
std::set<Pending*>& outstanding()
{
    static auto& all = *new std::set<Pending*>;
    return all;
}

// Waits in the loop for the thread's byte, hands over, destroys itself.
class Pending : public event::Watch
{
public:
    Pending(std::shared_ptr<Query> query, std::function<void(std::vector<os::Address>)> found)
        : query_(std::move(query)), found_(std::move(found))
    {
    }

private:
    void on_events(uint32_t) override
    {
        std::unique_ptr<Pending> self(this);
        outstanding().erase(this);
        close();
        found_(std::move(query_->addresses));
    }
    std::shared_ptr<Query> query_;
    std::function<void(std::vector<os::Address>)> found_;
};

}  // namespace

void resolve(const std::string& host, uint16_t port,
             std::function<void(std::vector<os::Address>)> found)
{
    auto query = std::make_shared<Query>();
    query->host = host;
    query->port = port;
    os::Fd mine;
    if (!os::socket_pair(mine, query->done))
        return found({});
    auto pending = std::make_unique<Pending>(query, found);
    if (pending->open(std::move(mine), EPOLLIN) != event::Watch::none)
        return found({});
    outstanding().insert(pending.release());  // on_events owns it from here
    std::thread([query] {
        if (auto addresses = os::resolve(query->host, query->port))
            query->addresses = std::move(*addresses);
        os::notify(query->done.get());
    }).detach();
}

}  // namespace sluice::net
