// SPDX-License-Identifier: Apache-2.0
#include "certs.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "perl.h"

namespace sluice::runner {

namespace {

constexpr long day = 24 * 3600;

struct Identity {
    X509* certificate;
    EVP_PKEY* key;
};

void need(bool good)
{
    if (!good)
        throw SpecError("certificates could not be made");
}

struct Wanted {
    std::string name;  // CN
    std::string alternatives;
    bool authority = false;
    bool rsa = false;
    long from = -2 * day, to = 30 * day;
    long serial = 1;
};

void extend(X509* certificate, X509* issuer, int nid, const std::string& value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    need(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

Identity make(const Wanted& w, const Identity* issuer)
{
    EVP_PKEY* key = w.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509* x = X509_new();
    need(key != nullptr && x != nullptr);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), w.serial);
    X509_gmtime_adj(X509_getm_notBefore(x), w.from);
    X509_gmtime_adj(X509_getm_notAfter(x), w.to);
    X509_set_pubkey(x, key);
    X509_NAME* name = X509_get_subject_name(x);
    auto add = [&](const char* field, const std::string& text) {
        X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0);
    };
    add("O", "Test");
    add("CN", w.name);
    X509* by = issuer != nullptr ? issuer->certificate : x;
    X509_set_issuer_name(x, X509_get_subject_name(by));
    extend(x, by, NID_basic_constraints, w.authority ? "critical,CA:TRUE" : "CA:FALSE");
    extend(x, by, NID_subject_key_identifier, "hash");
    if (issuer != nullptr)
        extend(x, by, NID_authority_key_identifier, "keyid");
    if (!w.alternatives.empty())
        extend(x, by, NID_subject_alt_name, w.alternatives);
    need(X509_sign(x, issuer != nullptr ? issuer->key : key, EVP_sha256()) > 0);
    return {x, key};
}

void write_key(const std::string& path, EVP_PKEY* key, const char* password)
{
    FILE* f = std::fopen(path.c_str(), "w");
    need(f != nullptr);
    need(PEM_write_PKCS8PrivateKey(f, key, password != nullptr ? EVP_aes_128_cbc() : nullptr,
                                   password, password != nullptr ? 6 : 0, nullptr, nullptr) == 1);
    std::fclose(f);
}

void write_pem(const std::string& path, std::initializer_list<X509*> chain)
{
    FILE* f = std::fopen(path.c_str(), "w");
    need(f != nullptr);
    for (X509* x : chain)
        need(PEM_write_X509(f, x) == 1);
    std::fclose(f);
}

void write(const std::string& directory, const std::string& name, const Identity& identity)
{
    write_pem(directory + "/" + name + ".pem", {identity.certificate});
    write_key(directory + "/" + name + ".key", identity.key, nullptr);
}

void write_crl(const std::string& path, const Identity& ca, X509* revoked)
{
    X509_CRL* crl = X509_CRL_new();
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca.certificate));
    ASN1_TIME* time = ASN1_TIME_new();
    X509_gmtime_adj(time, -day);
    X509_CRL_set1_lastUpdate(crl, time);
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked));
    X509_REVOKED_set_revocationDate(entry, time);
    X509_CRL_add0_revoked(crl, entry);
    X509_gmtime_adj(time, 30 * day);
    X509_CRL_set1_nextUpdate(crl, time);
    ASN1_TIME_free(time);
    need(X509_CRL_sign(crl, ca.key, EVP_sha256()) > 0);
    FILE* f = std::fopen(path.c_str(), "w");
    need(f != nullptr && PEM_write_X509_CRL(f, crl) == 1);
    std::fclose(f);
    X509_CRL_free(crl);
}

void write_ocsp(const std::string& path, const Identity& ca, X509* subject, const Identity& signer)
{
    OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
    OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), subject, ca.certificate);
    ASN1_TIME* from = X509_gmtime_adj(nullptr, -day);
    ASN1_TIME* to = X509_gmtime_adj(nullptr, day);
    need(OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, nullptr, from, to) &&
         OCSP_basic_sign(basic, signer.certificate, signer.key, EVP_sha256(), nullptr, 0) == 1);
    OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    BIO* out = BIO_new_file(path.c_str(), "w");
    need(out != nullptr && i2d_OCSP_RESPONSE_bio(out, response) == 1);
    BIO_free(out);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
}

// A named group: making one's own takes seconds.
void write_dh(const std::string& path)
{
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr);
    char group[] = "ffdhe2048";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_end()};
    EVP_PKEY* key = nullptr;
    need(EVP_PKEY_paramgen_init(context) == 1 &&
         EVP_PKEY_CTX_set_params(context, parameters) == 1 &&
         EVP_PKEY_paramgen(context, &key) == 1);
    BIO* out = BIO_new_file(path.c_str(), "w");
    need(out != nullptr && PEM_write_bio_Parameters(out, key) == 1);
    BIO_free(out);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(context);
}

}  // namespace

void write_certificates(const std::string& d, bool with_rsa)
{
    std::filesystem::create_directories(d);
    const std::string names = "DNS:localhost,DNS:*.some.test,IP:127.0.0.1";
    Identity ca = make({.name = "test ca", .authority = true}, nullptr);
    Identity other = make({.name = "other ca", .authority = true, .serial = 2}, nullptr);
    Identity between = make({.name = "between", .authority = true, .serial = 3}, &ca);
    write(d, "ca", ca);
    write(d, "other-ca", other);
    Identity localhost = make({.name = "localhost", .alternatives = names, .serial = 4}, &ca);
    write(d, "localhost", localhost);
    write_key(d + "/locked.key", localhost.key, "secret");
    write(d, "self", make({.name = "localhost", .alternatives = names, .serial = 5}, nullptr));
    write(d, "expired",
          make({.name = "localhost", .alternatives = names, .to = -day, .serial = 6}, &ca));
    write(d, "wrong",
          make({.name = "elsewhere.example", .alternatives = "DNS:elsewhere.example", .serial = 7},
               &ca));
    write(d, "client", make({.name = "client", .serial = 0x1a2b}, &ca));
    Identity revoked = make({.name = "revoked", .serial = 9}, &ca);
    write(d, "revoked", revoked);
    write_crl(d + "/crl.pem", ca, revoked.certificate);
    Identity chained = make({.name = "chained", .alternatives = names, .serial = 10}, &between);
    write(d, "chained", chained);
    write_pem(d + "/chained.pem", {chained.certificate, between.certificate});
    if (with_rsa)
        write(d, "rsa",
              make({.name = "rsa", .alternatives = names, .rsa = true, .serial = 11}, &ca));
    write_ocsp(d + "/ocsp.der", ca, localhost.certificate, ca);
    write_ocsp(d + "/other-ocsp.der", ca, localhost.certificate, other);
    write_dh(d + "/dh.pem");
    std::ofstream(d + "/passwords") << "wrong\nsecret\n";
}

}  // namespace sluice::runner
