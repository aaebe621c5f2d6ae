// SPDX-License-Identifier: Apache-2.0
#include "core/net/tls_keys.h"

#include <fmt/format.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cstring>

#include "core/net/tls_context.h"
#include "core/net/tls_error.h"
#include "core/os/file.h"

namespace sluice::net {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio bio_of(const PemText& text)
{
    return {BIO_new_mem_buf(text.text().data(), static_cast<int>(text.text().size())), BIO_free};
}

int give_password(char* to, int size, int, void* data)
{
    const auto* password = static_cast<const std::string*>(data);
    if (!password)
        return -1;  // nobody is asked at a terminal: a server starts without one
    size_t n = std::min(password->size(), static_cast<size_t>(size));
    std::memcpy(to, password->data(), n);
    return static_cast<int>(n);
}

}  // namespace

void X509Free::operator()(x509_st* p) const
{
    X509_free(p);
}

void X509Free::operator()(evp_pkey_st* p) const
{
    EVP_PKEY_free(p);
}

// ---- text ---------------------------------------------------------------------------------------

void PemText::wipe()
{
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
    bytes_.clear();
}

void PemText::set(std::string&& text)
{
    wipe();
    bytes_.swap(text);
    OPENSSL_cleanse(text.data(), text.size());
}

bool PemText::read(const std::string& from, std::string& why)
{
    if (from.starts_with("engine:") || from.starts_with("store:")) {
        why = "keys of engines and stores are not supported";
        return false;
    }
    if (from.starts_with("data:")) {
        set(from.substr(5));
        return true;
    }
    auto text = os::read_file(from);
    if (!text) {
        Bio never(BIO_new_file(from.c_str(), "r"), BIO_free);
        if (!never)
            why = "BIO_new_file() failed " + take_tls_error();
        else
            why = "read() failed " + std::string(std::strerror(text.error()));
        return false;
    }
    set(std::move(*text));
    return true;
}

PemText text_of_key(const EvpKey& key)
{
    Bio bio(BIO_new(BIO_s_secmem()), BIO_free);
    PemText text;
    if (bio && PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                        nullptr) == 1) {
        char* data = nullptr;
        long size = BIO_get_mem_data(bio.get(), &data);
        text.set(std::string(data, static_cast<size_t>(size)));
    }
    forget_tls_errors();
    return text;
}

// ---- certificates and keys ----------------------------------------------------------------------

CertificateChain read_certificates(const std::string& from, std::string& why)
{
    PemText text;
    if (!text.read(from, why))
        return {};
    return read_certificates(text, why);
}

CertificateChain read_certificates(const PemText& text, std::string& why)
{
    CertificateChain chain;
    Bio bio = bio_of(text);
    chain.leaf.reset(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
    if (!chain.leaf) {
        why = "PEM_read_bio_X509_AUX() failed " + take_tls_error();
        return chain;
    }
    while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
        chain.further.emplace_back(next);
    unsigned long end = ERR_peek_last_error();
    if (ERR_GET_LIB(end) != ERR_LIB_PEM || ERR_GET_REASON(end) != PEM_R_NO_START_LINE) {
        why = "PEM_read_bio_X509() failed " + take_tls_error();
        return {};
    }
    forget_tls_errors();
    return chain;
}

EvpKey read_key(const std::string& from, const TlsPasswords* passwords, std::string& why)
{
    PemText text;
    if (!text.read(from, why))
        return nullptr;
    return read_key(text, passwords, why);
}

EvpKey read_key(const PemText& text, const TlsPasswords* passwords, std::string& why)
{
    size_t tries = passwords ? passwords->lines().size() : 0;
    for (size_t i = 0; i == 0 || i < tries; ++i) {
        const std::string* password = i < tries ? &passwords->lines()[i] : nullptr;
        forget_tls_errors();
        Bio bio = bio_of(text);
        EvpKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_password,
                                           const_cast<std::string*>(password)));
        if (key) {
            forget_tls_errors();
            return key;
        }
    }
    why = "PEM_read_bio_PrivateKey() failed " + take_tls_error();
    return nullptr;
}

bool fits(const TlsPair& pair)
{
    return X509_check_private_key(pair.chain.leaf.get(), pair.key.get()) == 1;
}

bool present(SSL* ssl, const TlsPair& pair)
{
    STACK_OF(X509)* further = nullptr;
    if (!pair.chain.further.empty()) {
        further = sk_X509_new_reserve(nullptr, static_cast<int>(pair.chain.further.size()));
        for (const Certificate& c : pair.chain.further)
            sk_X509_push(further, c.get());
    }
    int good = SSL_use_cert_and_key(ssl, pair.chain.leaf.get(), pair.key.get(), further, 1);
    sk_X509_free(further);
    return good == 1;
}

std::string read_dh(SSL_CTX* ctx, const std::string& path)
{
    Bio bio(BIO_new_file(path.c_str(), "r"), BIO_free);
    if (!bio)
        return fmt::format("BIO_new_file(\"{}\") failed {}", path, take_tls_error());
    EVP_PKEY* found = nullptr;
    OSSL_DECODER_CTX* decoder = OSSL_DECODER_CTX_new_for_pkey(
        &found, "PEM", nullptr, "DH", OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS, nullptr, nullptr);
    bool good = decoder && OSSL_DECODER_from_bio(decoder, bio.get()) == 1 && found;
    OSSL_DECODER_CTX_free(decoder);
    EvpKey parameters(found);
    if (!good)
        return fmt::format("PEM_read_bio_DHparams(\"{}\") failed {}", path, take_tls_error());
    if (SSL_CTX_set0_tmp_dh_pkey(ctx, parameters.get()) != 1)
        return fmt::format("SSL_CTX_set0_tmp_dh_pkey(\"{}\") failed {}", path, take_tls_error());
    parameters.release();  // the context's now
    return {};
}

}  // namespace sluice::net
