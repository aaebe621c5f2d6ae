// SPDX-License-Identifier: Apache-2.0
//
// A scripted TCP server that plays an origin, well or badly behaved.
//
// The script is a list of steps, run by one thread that the object owns; it ends when the script
// does or the object goes. After the last step the thread keeps accepting and closes at once, so
// that `connections` counts unexpected ones too. `received` is every byte read, in order.
//
//   accept              wait for a connection (the one before stays open until closed)
//   head                read up to and with the empty line
//   read N              read N bytes more;  some: read once;  eof: read until the peer closes
//   send "..."          Perl expression, with all of eval's strings
//   send_end "..."      the same and close, in one segment
//   sleep S   close   reset   shut   hold (leave open until the end of the block)
//   tls CERTIFICATE     from here on TLS, with the key beside it;   bye: close_notify
//   repeat              start again from the first step
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net.h"
#include "perl.h"
#include "spec_file.h"

namespace sluice::runner {

struct Step {
    std::string verb;
    std::string text;
    double number = 0;
};

std::vector<Step> parse_script(const std::string& script);

// Stock's tcp_reply, tcp_query_len, tcp_no_close, tcp_reply_delay, tcp_shutdown as steps.
std::vector<Step> script_of_tcp_sections(const Block& block);

class Origin
{
public:
    Origin(const std::string& address, std::vector<Step> steps);
    ~Origin();

    std::string received();
    int connections() const { return connections_; }

private:
    void run();
    bool step(const Step& step);
    bool read_until(size_t wanted, bool head);

    Socket listener_;
    Socket current_;
    std::vector<Socket> held_;
    std::vector<Step> steps_;
    std::mutex mutex_;
    std::string received_;
    std::string pending_;  // read but not yet consumed by a step
    std::atomic<int> connections_ = 0;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace sluice::runner
