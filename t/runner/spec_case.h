// SPDX-License-Identifier: Apache-2.0
//
// Runs one block from its configuration to its checks.
//
// `run` throws SpecError when the block itself is wrong and returns what differed otherwise. It is
// used once. After it, `report` describes the run for a human: where the files are kept, the bytes
// that came back, and the end of the error log.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checks.h"
#include "dns.h"
#include "expand.h"
#include "origin.h"
#include "ports.h"
#include "server.h"
#include "spec_file.h"

namespace sluice::runner {

std::string nginx_conf(const Block& block, const Expander& names);

class SpecCase
{
public:
    explicit SpecCase(const Block& block);

    Findings run();
    std::string report();

private:
    void set_names();
    void write_files();
    void start_origin();
    void run_must_die();
    void run_command_line();
    void run_requests();
    std::string address() const;
    std::string error_log() const;
    std::string all_errors() const;
    void send_each(const Value& request);
    void send_pipelined();
    void send_raw();
    void check_received(const Sending& sending, const std::string& what);
    void check_error_logs(Findings& out) const;
    void check_other_logs(Findings& out) const;
    void wait_for_logs();
    void check_stopped(const Ended& ended);
    void check_origin();

    Block block_;
    Ports ports_;
    Server server_;
    Expander names_;
    std::unique_ptr<Origin> origin_;
    std::unique_ptr<DnsServer> dns_;
    std::string raw_;
    size_t tls_connections_ = 0;
    std::string tls_;  // a line for each connection with TLS
    Findings findings_;
};

}  // namespace sluice::runner
