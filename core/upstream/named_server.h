// SPDX-License-Identifier: Apache-2.0
// NamedServer: a `server` line (or the address of X_pass) that is a name. Its peers come and go
// with what the name resolves to; those whose address stays keep all that is known of them.
//  * At start the system is asked (getaddrinfo), unless `resolve` is written; a name that nobody
//    knows then is a warning. While serving, the resolver is asked, and again when its answer ends.
//    Names from variables are asked for when a request needs them, and the request waits.
//  * No such name: its peers go. Servers that fail: they stay for `stale`, counted; then they go.
//    What only the system knew at start stays for as long as the resolver knows nothing of it.
#pragma once

#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/event/timer.h"
#include "core/net/resolver.h"
#include "core/upstream/peer.h"

namespace sluice::upstream {

class Group;

/// A name that means this machine, whoever is asked (RFC 6761): never resolved again.
bool is_localhost(std::string_view host);

struct PeerSource {
    std::string host;
    uint16_t port = 80;
    std::string service;   // asks for SRV records: ports are theirs
    bool resolve = false;  // written: by the resolver alone
    PeerSpec pattern;      // everything but the address
};

class NamedServer final : private net::NameAsker, private event::Timer
{
public:
    /// `lazy`: asked when a request needs it.
    NamedServer(Group& group, PeerSource source, bool lazy)
        : group_(group), source_(std::move(source)), lazy_(lazy)
    {
    }
    const PeerSource& source() const { return source_; }
    /// At start, blocking. False and the reason when there is none.
    bool ask_system(std::string& why);
    /// By a worker: this resolver from now on.
    void serve(net::Resolver& resolver, const Log& log);
    /// Asks when that is due. True: an answer is on its way without which there are no peers, or
    /// none that may still be used.
    bool awaited();
    /// The last answer; of one that failed, why.
    const net::Names& names() const { return names_; }

    /// Its SRV name, or its host.
    std::string asked_name() const;

private:
    void ask();
    void answered(const net::Names& names) override;
    void expired() override;
    void take(const net::Names& names);
    void drop_all();
    PeerSpec spec_of(const net::Names::Place& place, bool backup) const;

    Group& group_;
    PeerSource source_;
    bool lazy_;
    net::Resolver* resolver_ = nullptr;
    const Log* log_ = nullptr;
    std::vector<Peer*> peers_;
    net::Names names_;
    bool asking_ = false;
    bool was_found_ = false;  // by the resolver
    Instant stale_until_{0};  // then its peers go, if there is no new answer
    Instant again_{0};        // when it is to be asked next
};

}  // namespace sluice::upstream
