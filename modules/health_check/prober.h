// SPDX-License-Identifier: Apache-2.0
// Prober: asks the peers of groups with `health_check` whether they live, in each worker, a
// coroutine for each peer. All workers of a configuration together have one prober for a peer: the
// one whose pid stands in its CheckState. The others look whether its next probe is overdue, by
// more than one that is slow may be, and then take its place: its worker is gone. Peers whose names
// lead elsewhere are probed no more, those that come are.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/event/loop.h"
#include "core/http/body_decoder.h"
#include "core/http/response_parser.h"
#include "core/http/service.h"
#include "core/net/stream.h"
#include "core/upstream/group.h"
#include "core/upstream/round_robin.h"
#include "core/upstream/secure.h"
#include "modules/health_check/match.h"

namespace sluice::health_check {

/// One `health_check` directive.
struct Check {
    ms interval{5000}, jitter{0}, timeout{5000};
    ms keepalive_time{0};  // 0: a connection for each probe
    uint32_t fails = 1, passes = 1;
    uint16_t port = 0;                                    // 0: the peer's
    enum Type : uint8_t { http, tcp, grpc } type = http;  // tcp: that it accepts is all
    std::string uri = "/";
    std::string grpc_service;  // empty: the server as a whole
    int grpc_status = 0;       // that is as good as SERVING; 0: none is
    std::string match_name;
    const Match* match = nullptr;
    upstream::CheckSpec spec;
    conf::Pos pos;
    // of the location that it stands in
    upstream::Group* group = nullptr;
    size_t index = 0;                          // in the group
    std::shared_ptr<upstream::Secure> secure;  // null: not over TLS
    std::string tls_name;
    const http::Location* location = nullptr;
};

class Prober
{
public:
    Prober(const std::vector<std::shared_ptr<Check>>& checks, http::Service& service);
    ~Prober();
    FrameArena& frames() const { return event::Loop::current().frames(); }

private:
    struct Verdict {
        bool counts = true;  // false: we could not ask
        std::string fault;   // empty: healthy
    };
    struct Target;
    struct Answer;
    struct Watcher;

    void begin(const Check& check, upstream::Peer& peer, ms first);
    void peers_changed(upstream::Group& group);
    Task<void> tend(Prober& self, Target& t);
    ms turn(Target& t) const;
    std::string lacking(const Target& t, const http::ResponseHead& head) const;
    void record(Target& t, const Verdict& verdict, Instant began);
    Task<Verdict> probe(Prober& self, Target& t);
    Task<Verdict> connect(Prober& self, Target& t, Deadline until);
    Task<Verdict> secure(Prober& self, Target& t, Deadline until);
    Task<Verdict> call(Prober& self, Target& t, Deadline until);
    Task<Verdict> ask(Prober& self, Target& t, Deadline until);
    Task<Verdict> read_answer(Prober& self, Target& t, Answer& answer, Deadline until);

    std::vector<std::shared_ptr<Check>> checks_;
    http::Service& service_;
    const Log& log_;
    int pid_;
    std::vector<std::unique_ptr<Watcher>> watchers_;
    mutable upstream::Dice dice_;
    std::vector<std::unique_ptr<Target>> targets_;
    event::CancelScope cancel_;
    event::Scope scope_;
};

}  // namespace sluice::health_check
