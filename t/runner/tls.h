// SPDX-License-Identifier: Apache-2.0
//
// TLS for the client and the fake origin, over a Socket's descriptor. `describe` says what became
// of it, in one line for patterns:
//   TLSv1.3 TLS_AES_256_GCM_SHA384 CN=localhost new, close_notify        (or: resumed; cut; open)
//   failed: tlsv1 unrecognized name
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net.h"

struct ssl_st;
struct ssl_ctx_st;

namespace sluice::runner {

struct TlsOptions {
    std::string sni;
    std::string certificate;  // PEM; the key is beside it, as NAME.key
    std::string trust;        // PEM: the peer must have a certificate from there
    std::string versions;     // "1.2" or "1.3": no other
    std::string ciphers, alpn, sigalgs;
    double pause = 0;    // seconds before each connection but the first
    bool early = false;  // the request goes as early data where the session allows it
    std::string early_text;
    bool status = false;  // ask for OCSP stapling; describe() then says "stapled"
    bool resume = false;  // later connections of the block
    bool quiet = false;   // no close_notify at the end
};

// The session that "resume" resumes: of this block's connections only.
void forget_session();

// "sni=a.test version=1.2 resume …"; of "sni=a.test,b.test" connection `index` has its own.
TlsOptions parse_tls_options(const std::string& words, size_t index = 0);

class TlsEnd
{
public:
    enum Side { client, server };
    TlsEnd(int fd, const TlsOptions& options, Side side);
    ~TlsEnd();
    TlsEnd(const TlsEnd&) = delete;

    bool handshake(Deadline deadline);
    Io read_some(std::string& into, Deadline deadline);
    Io write_all(std::string_view bytes, Deadline deadline);
    void say_goodbye();
    bool early_accepted() const { return early_accepted_; }
    std::string describe() const;

private:
    Io wait_for(int rc, Deadline deadline);
    void note_failure();

    int fd_;
    TlsOptions options_;
    ssl_ctx_st* context_;
    ssl_st* ssl_;
    std::string failure_;
    bool is_client_;
    bool early_accepted_ = false;
    enum { open, notified, cut } end_ = open;
};

}  // namespace sluice::runner
