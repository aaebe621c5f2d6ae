// SPDX-License-Identifier: Apache-2.0
// A fleet with a TLS server on its second port, and certificates in conf/certs (certs.h).
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "certs.h"
#include "fleet.h"
#include "tls.h"

namespace sluice::fault {

class TlsFleet : public Fleet
{
public:
    explicit TlsFleet(const std::string& main = "worker_processes 2;") : Fleet(main)
    {
        std::filesystem::create_directories(root() + "/conf/certs");
        runner::write_certificates(certs(), false);
    }
    std::string certs() const { return root() + "/conf/certs"; }
    std::string tls_address() const { return std::to_string(port(1)); }
    /// A server for `names` on the TLS port.
    std::string server(const std::string& names, const std::string& certificate,
                       const std::string& more = "") const
    {
        return "server { listen 127.0.0.1:" + tls_address() + " ssl; server_name " + names +
               "; ssl_certificate certs/" + certificate + ".pem; ssl_certificate_key certs/" +
               certificate + ".key; " + more + " location / { return 200 \"hi\\n\"; } }\n";
    }
    void copy(const std::string& from, const std::string& to) const
    {
        // As programs that renew certificates do: the new file appears whole.
        std::filesystem::copy_file(certs() + "/" + from, certs() + "/next",
                                   std::filesystem::copy_options::overwrite_existing);
        ASSERT_EQ(::chmod((certs() + "/next").c_str(), 0600), 0);
        std::filesystem::rename(certs() + "/next", certs() + "/" + to);
    }
    void copy_pair(const std::string& from, const std::string& to) const
    {
        copy(from + ".key", to + ".key");
        copy(from + ".pem", to + ".pem");
    }
    /// "TLSv1.3 … CN=localhost new, open"
    std::string meet(const std::string& name = "") const
    {
        runner::Socket socket = runner::Socket::connect(tls_address());
        runner::TlsOptions options;
        options.sni = name;
        socket.start_tls(options, false, in_seconds(10));
        return socket.tls() ? socket.tls()->describe() : "no connection";
    }
    bool all_show(const std::string& who, int times = 12) const
    {
        for (int i = 0; i < times; ++i)
            if (meet().find(who) == std::string::npos)
                return false;
        return true;
    }
};

inline void expect_quiet(const Fleet& fleet)
{
    std::string log = fleet.log(), out = fleet.read("logs/out");
    for (const char* bad : {"[alert]", "[emerg]", "Sanitizer", "runtime error"}) {
        EXPECT_EQ(log.find(bad), std::string::npos) << log.substr(log.find(bad), 500);
        EXPECT_EQ(out.find(bad), std::string::npos) << out;
    }
}

}  // namespace sluice::fault
