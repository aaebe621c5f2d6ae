// SPDX-License-Identifier: Apache-2.0
// OCSP stapling: what the authority says of a certificate goes with it, to clients that ask. From a
// file, which whoever renews it puts there; or asked of the authority's responder, by each worker,
// when a client wants it and has none or an old one. No handshake waits for that: the client that
// made us ask gets what there is, or nothing.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/http/service.h"
#include "core/net/resolver.h"
#include "core/net/tls_context.h"
#include "modules/ssl/ocsp.h"

namespace sluice::ssl {

class Fetcher;

/// The response in a file, as DER, into `out`. "" or why not, in nginx's words.
std::string read_staple(const std::string& path, std::string& out);

/// What is stapled to the certificates of one server.
class Stapler
{
public:
    explicit Stapler(const Log& log) : log_(log) {}
    void set_response(std::string response) { response_ = std::move(response); }
    /// `responder`: a URL, or empty: the certificate's own. Answers are verified by `context`'s
    /// authorities where `verify` says so.
    void ask(std::string responder, bool verify, std::shared_ptr<net::TlsContext> context)
    {
        asks_ = true;
        responder_ = std::move(responder);
        verify_ = verify;
        context_ = std::move(context);
    }
    bool asks() const { return asks_; }
    std::string_view staple(SSL* ssl);
    /// Of the worker, while it serves.
    void set_fetcher(Fetcher* fetcher) { fetcher_ = fetcher; }

    /// Of one certificate.
    struct Entry {
        Subject subject;
        Responder responder;
        std::string response;
        time_t good_until = 0;
        Instant again{0};  // not to be asked for before
        bool asking = false;
        bool hopeless = false;  // nobody can be asked, and it has been said
    };
    /// An answer has come, or `why` there is none.
    void learn(Entry& e, std::string response, std::string why);

private:
    Entry& entry_of(SSL* ssl, X509* leaf);
    const Log& log_;
    std::string response_;  // of the file
    std::string responder_;
    bool asks_ = false, verify_ = false;
    std::shared_ptr<net::TlsContext> context_;
    Fetcher* fetcher_ = nullptr;
    std::map<std::string, std::unique_ptr<Entry>> entries_;  // by the certificate's digest
};

/// The questions of one worker.
class Fetcher
{
public:
    /// `resolver`: who knows the responders' names; null: resolv.conf's servers.
    Fetcher(std::vector<std::shared_ptr<Stapler>> staplers,
            std::shared_ptr<const net::ResolverRules> resolver, net::ResolverCounts& counts);
    ~Fetcher();
    FrameArena& frames() const { return event::Loop::current().frames(); }
    void ask(Stapler& stapler, Stapler::Entry& entry);

private:
    struct Question;
    Task<void> run(Fetcher& self, Question& q);
    Task<void> connect(Fetcher& self, Question& q);
    Task<void> exchange(Fetcher& self, Question& q);

    std::vector<std::shared_ptr<Stapler>> staplers_;
    std::shared_ptr<const net::ResolverRules> resolver_;
    net::Resolvers resolvers_;  // outlive the questions
    std::vector<std::unique_ptr<Question>> questions_;
    event::CancelScope cancel_;
    event::Scope scope_;
};

}  // namespace sluice::ssl
