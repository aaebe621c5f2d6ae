// SPDX-License-Identifier: Apache-2.0
#include "modules/ssl/ocsp.h"

#include <fmt/format.h>
#include <openssl/ocsp.h>

#include "core/base/bytes.h"
#include "core/net/tls_error.h"

namespace sluice::ssl {
namespace {

constexpr long skew = 300;  // seconds that clocks may differ

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* p) const
    {
        Free(p);
    }
};
using Response = std::unique_ptr<OCSP_RESPONSE, Freed<OCSP_RESPONSE_free>>;
using Basic = std::unique_ptr<OCSP_BASICRESP, Freed<OCSP_BASICRESP_free>>;
using Id = std::unique_ptr<OCSP_CERTID, Freed<OCSP_CERTID_free>>;

Id id_of(const Subject& subject)
{
    return Id(OCSP_cert_to_id(nullptr, subject.leaf.get(), subject.issuer.get()));
}

time_t seconds_of(const ASN1_GENERALIZEDTIME* time)
{
    tm parts{};
    return time && ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

std::string check_signature(OCSP_BASICRESP* basic, const Subject& subject, X509_STORE* trusted,
                            bool verify)
{
    STACK_OF(X509)* chain = sk_X509_new_null();
    sk_X509_push(chain, subject.issuer.get());
    // As in nginx: the issuer is taken as good; with `verify` by what is trusted alone.
    unsigned long flags = verify ? OCSP_TRUSTOTHER : OCSP_NOVERIFY;
    bool good = OCSP_basic_verify(basic, chain, trusted, flags) == 1;
    sk_X509_free(chain);
    return good ? "" : "OCSP_basic_verify() failed " + net::take_tls_error();
}

std::string check_status(OCSP_BASICRESP* basic, const Subject& subject, Verdict& verdict)
{
    Id id = id_of(subject);
    int status = 0;
    ASN1_GENERALIZEDTIME *now = nullptr, *next = nullptr;
    if (!id || OCSP_resp_find_status(basic, id.get(), &status, nullptr, nullptr, &now, &next) != 1)
        return "certificate status not found in the OCSP response";
    if (status != V_OCSP_CERTSTATUS_GOOD)
        return fmt::format("certificate status \"{}\" in the OCSP response",
                           OCSP_cert_status_str(status));
    if (OCSP_check_validity(now, next, skew, -1) != 1)
        return "OCSP_check_validity() failed " + net::take_tls_error();
    verdict.good_until = seconds_of(next);
    return "";
}

}  // namespace

bool parse_responder(std::string_view url, Responder& out)
{
    if (!url.starts_with("http://"))
        return false;
    url.remove_prefix(7);
    size_t slash = url.find('/');
    std::string_view authority = url.substr(0, slash);
    out.path = slash == url.npos ? "/" : std::string(url.substr(slash));
    size_t colon = authority.rfind(':');
    out.port = 80;
    if (colon != authority.npos && !authority.ends_with(']')) {
        auto port = parse_decimal(authority.substr(colon + 1));
        if (!port || *port < 1 || *port > UINT16_MAX)
            return false;
        out.port = static_cast<uint16_t>(*port);
        authority = authority.substr(0, colon);
    }
    out.host = authority;
    return !out.host.empty() && out.path.find_first_of(" \r\n") == std::string::npos;
}

std::string find_issuer(SSL* ssl, Subject& out)
{
    X509* leaf = SSL_get_certificate(ssl);
    if (!leaf)
        return "no certificate";
    STACK_OF(X509)* chain = nullptr;
    SSL_get0_chain_certs(ssl, &chain);
    X509* issuer = nullptr;
    for (int i = 0; i < sk_X509_num(chain) && !issuer; ++i)
        if (X509_check_issued(sk_X509_value(chain, i), leaf) == X509_V_OK) {
            issuer = sk_X509_value(chain, i);
            X509_up_ref(issuer);
        }
    if (!issuer) {
        X509_STORE_CTX* store = X509_STORE_CTX_new();
        X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)), nullptr, nullptr);
        X509_STORE_CTX_get1_issuer(&issuer, store, leaf);
        X509_STORE_CTX_free(store);
        net::forget_tls_errors();
    }
    if (!issuer)
        return "issuer certificate not found";
    X509_up_ref(leaf);
    out.leaf.reset(leaf);
    out.issuer.reset(issuer);
    return "";
}

std::string responder_of(const Subject& subject)
{
    STACK_OF(OPENSSL_STRING)* urls = X509_get1_ocsp(subject.leaf.get());
    std::string url = sk_OPENSSL_STRING_num(urls) > 0 ? sk_OPENSSL_STRING_value(urls, 0) : "";
    X509_email_free(urls);
    return url;
}

std::string make_request(const Subject& subject)
{
    OCSP_REQUEST* request = OCSP_REQUEST_new();
    OCSP_CERTID* id = id_of(subject).release();
    unsigned char* der = nullptr;
    int size = -1;
    if (OCSP_request_add0_id(request, id))
        size = i2d_OCSP_REQUEST(request, &der);
    std::string bytes(reinterpret_cast<char*>(der), size > 0 ? static_cast<size_t>(size) : 0);
    OPENSSL_free(der);
    OCSP_REQUEST_free(request);
    return bytes;
}

Verdict judge(const std::string& response, const Subject& subject, X509_STORE* trusted, bool verify)
{
    Verdict verdict;
    const auto* p = reinterpret_cast<const unsigned char*>(response.data());
    Response parsed(d2i_OCSP_RESPONSE(nullptr, &p, static_cast<long>(response.size())));
    if (!parsed) {
        verdict.why = "d2i_OCSP_RESPONSE() failed " + net::take_tls_error();
        return verdict;
    }
    int status = OCSP_response_status(parsed.get());
    if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        verdict.why = fmt::format("OCSP response not successful ({}: {})", status,
                                  OCSP_response_status_str(status));
        return verdict;
    }
    Basic basic(OCSP_response_get1_basic(parsed.get()));
    verdict.why = basic ? check_signature(basic.get(), subject, trusted, verify)
                        : "OCSP_response_get1_basic() failed " + net::take_tls_error();
    if (verdict.why.empty())
        verdict.why = check_status(basic.get(), subject, verdict);
    net::forget_tls_errors();
    return verdict;
}

}  // namespace sluice::ssl
