// SPDX-License-Identifier: Apache-2.0
#include "modules/ssl/stapling.h"

#include <fmt/format.h>
#include <openssl/ocsp.h>

#include "core/net/tls_error.h"
#include "core/os/file.h"

namespace sluice::ssl {
namespace {

constexpr ms renew_after{3600 * 1000};  // as nginx: hours before an answer is over
constexpr ms retry_after{300 * 1000};   // a responder that fails is left alone
constexpr size_t max_entries = 1000;    // certificates of one server: they change on disk

std::string digest_of(const X509* leaf)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    X509_digest(leaf, EVP_sha256(), digest, &size);
    return {reinterpret_cast<char*>(digest), size};
}

}  // namespace

std::string read_staple(const std::string& path, std::string& out)
{
    auto text = os::read_file(path);
    if (!text) {
        BIO* never = BIO_new_file(path.c_str(), "rb");
        BIO_free(never);
        return fmt::format("BIO_new_file(\"{}\", \"rb\") failed {}", path, net::take_tls_error());
    }
    const auto* p = reinterpret_cast<const unsigned char*>(text->data());
    OCSP_RESPONSE* parsed = d2i_OCSP_RESPONSE(nullptr, &p, static_cast<long>(text->size()));
    if (!parsed)
        return fmt::format("d2i_OCSP_RESPONSE_bio(\"{}\") failed {}", path, net::take_tls_error());
    OCSP_RESPONSE_free(parsed);
    out = std::move(*text);
    return {};
}

std::string_view Stapler::staple(SSL* ssl)
{
    X509* leaf = SSL_get_certificate(ssl);
    if (!asks_ || !leaf)
        return response_;
    Entry& e = entry_of(ssl, leaf);
    if (!e.hopeless && !e.asking && fetcher_ && Clock::now() >= e.again)
        fetcher_->ask(*this, e);
    if (e.good_until != 0 && e.good_until <= Clock::wall_seconds())
        return {};
    return e.response;
}

Stapler::Entry& Stapler::entry_of(SSL* ssl, X509* leaf)
{
    std::string digest = digest_of(leaf);
    auto found = entries_.find(digest);
    if (found != entries_.end())
        return *found->second;
    if (entries_.size() >= max_entries)
        std::erase_if(entries_, [](const auto& each) { return !each.second->asking; });
    auto& e = entries_[digest] = std::make_unique<Entry>();
    std::string why = find_issuer(ssl, e->subject);
    if (why.empty()) {
        std::string url = responder_.empty() ? responder_of(e->subject) : responder_;
        if (url.empty())
            why = "no OCSP responder URL in the certificate";
        else if (!parse_responder(url, e->responder))
            why = fmt::format("invalid URL prefix in OCSP responder \"{}\"", url);
    }
    e->hopeless = !why.empty();
    if (e->hopeless)
        log_(Level::warn, "\"ssl_stapling\" ignored, {}", why);
    return *e;
}

void Stapler::learn(Entry& e, std::string response, std::string why)
{
    e.asking = false;
    Verdict verdict{std::move(why), 0};
    if (verdict.why.empty())
        verdict = judge(response, e.subject, SSL_CTX_get_cert_store(context_->handle()), verify_);
    if (!verdict.why.empty()) {
        // What there was is stapled until it is over.
        e.again = Clock::in(retry_after);
        log_(Level::error, "{} while requesting certificate status, responder: {}", verdict.why,
             e.responder.host);
        return;
    }
    e.response = std::move(response);
    e.good_until = verdict.good_until;
    int64_t left = e.good_until ? (e.good_until - Clock::wall_seconds()) * 1000 : INT64_MAX;
    e.again = Clock::in(std::clamp(ms{left / 2}, ms{1000}, renew_after));
}

}  // namespace sluice::ssl
