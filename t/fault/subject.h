// SPDX-License-Identifier: Apache-2.0
// Subject: a program that figures.cc measures, behind what it is told and asked: so many workers,
// so many descriptors, reload, who has how many connections. sluice, Debian's nginx (the same
// configuration, but for what is sluice's alone) and haproxy (its nearest counterpart).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fleet.h"

namespace sluice::fault {

enum class AcceptMode { mutex, exclusive, reuseport };
constexpr AcceptMode accept_modes[] = {AcceptMode::mutex, AcceptMode::exclusive,
                                       AcceptMode::reuseport};
std::string name_of(AcceptMode mode);

struct Size {
    int workers = 1;
    int descriptors = 0;  // of a worker; 0: as many as there are
    int connections = 512;
};

class Subject
{
public:
    virtual ~Subject() = default;
    /// Whether it has this way of accepting.
    virtual bool has(AcceptMode mode) const = 0;
    /// Workers are processes, which can be stopped one by one.
    virtual bool has_worker_processes() const { return true; }
    /// Has a directive that includes another file.
    virtual bool includes_files() const { return true; }
    /// Writes its configuration: every request is answered with 200 and a few bytes.
    virtual void configure(AcceptMode mode, const Size& size) = 0;
    /// False: it ended. Then said() tells why.
    virtual bool start() = 0;
    virtual void reload() = 0;
    virtual int port() const = 0;
    virtual std::vector<int> workers() const = 0;
    /// Connections of each worker (or thread) so far.
    virtual std::vector<int> shares() const = 0;
    virtual std::string log() const = 0;
    virtual std::string said() const = 0;
    /// The test of a configuration that includes itself: its exit code.
    virtual int test_own_include() = 0;
};

/// "sluice", "nginx" or "haproxy"; anything else gives null.
std::unique_ptr<Subject> make_subject(const std::string& program);

}  // namespace sluice::fault
