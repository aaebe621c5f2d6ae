// SPDX-License-Identifier: Apache-2.0
// What a client says first, through a real stream: the bytes go into one end of a socket pair, in
// two pieces, and a server's session does its handshake at the other. It ends in one of the ways
// that the session has, holds little, and is done with at the end of the input. Most inputs end
// early; those of the corpus begin as real hellos (with the key share of a client that is gone).
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "core/net/tls.h"
#include "core/net/tls_context.h"
#include "core/os/socket.h"
#include "t/fuzz/lib/http_check.h"

namespace sluice::net::fuzz {
namespace {

using http::fuzz::require;

std::string take(BIO* out)
{
    char* data = nullptr;
    long size = BIO_get_mem_data(out, &data);
    std::string text = "data:" + std::string(data, static_cast<size_t>(size));
    BIO_free(out);
    return text;
}

std::unique_ptr<TlsContext> make_context()
{
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* x = X509_new();
    X509_set_version(x, 2);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_sign(x, key, EVP_sha256());
    BIO* certificate = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(certificate, x);
    BIO* secret = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(secret, key, nullptr, nullptr, 0, nullptr, nullptr);
    auto context = std::make_unique<TlsContext>(TlsContext::server);
    context->set_protocols(tls_v1_2 | tls_v1_3);
    require(context->add_certificate(take(certificate), take(secret), nullptr).empty());
    X509_free(x);
    EVP_PKEY_free(key);
    return context;
}

struct Chooser final : TlsChooser {
    explicit Chooser(const TlsContext& c) : context(c) {}
    const TlsContext* choose_tls(std::string_view name) override
    {
        require(name.size() < 65536);
        named += name.size();
        return name == "refuse" ? nullptr : &context;
    }
    const TlsContext& context;
    size_t named = 0;
};

bool goes_on(TlsSession::Step step)
{
    return step == TlsSession::Step::want_read || step == TlsSession::Step::want_write;
}

void run(std::string_view input)
{
    static event::Loop loop(8);
    static std::unique_ptr<TlsContext> context = make_context();
    if (input.empty() || input.size() > 65536)
        return;
    os::Fd mine, peer;
    require(os::socket_pair(mine, peer));
    Stream stream;
    require(stream.watch().open(std::move(mine), event::Watch::reading()) == event::Watch::none);
    Chooser chooser(*context);
    stream.set_tls(new TlsSession(stream.watch(), *context, chooser));
    size_t cut = static_cast<unsigned char>(input.back()) % (input.size() + 1);
    auto step = TlsSession::Step::want_read;
    for (std::string_view part : {input.substr(0, cut), input.substr(cut)}) {
        if (part.empty() || !goes_on(step))
            continue;
        ssize_t n = ::write(peer.get(), part.data(), part.size());
        require(n == static_cast<ssize_t>(part.size()));
        stream.watch().assume_readable();
        step = stream.tls()->handshake();
        require(step != TlsSession::Step::done);  // nobody proves a key that is lost
    }
    peer.close();
    stream.watch().assume_readable();
    if (goes_on(step))
        step = stream.tls()->handshake();
    require(!goes_on(step) || stream.watch().can_read() || stream.watch().hung_up() ||
            step == TlsSession::Step::want_write);
    require(buf::pool_stats().in_use < (1u << 20));
}

}  // namespace
}  // namespace sluice::net::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size)
{
    sluice::net::fuzz::run({reinterpret_cast<const char*>(data), size});
    return 0;
}
