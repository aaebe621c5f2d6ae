// SPDX-License-Identifier: Apache-2.0
#include "tls.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "perl.h"

namespace sluice::runner {

namespace {

// Of the connections of one block, in their order.
SSL_SESSION* last_session = nullptr;

int keep_session(SSL*, SSL_SESSION* session)
{
    SSL_SESSION_free(last_session);
    last_session = session;
    return 1;
}

void check(bool good, const std::string& what)
{
    if (good)
        return;
    char text[256];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    throw SpecError("tls: " + what + ": " + text);
}

std::string reason(unsigned long code)
{
    const char* text = ERR_reason_error_string(code);
    return text != nullptr ? text : "no reason";
}

}  // namespace

void forget_session()
{
    SSL_SESSION_free(last_session);
    last_session = nullptr;
}

TlsOptions parse_tls_options(const std::string& words, size_t index)
{
    TlsOptions o;
    std::istringstream in(words);
    for (std::string word; in >> word;) {
        size_t equals = word.find('=');
        std::string name = word.substr(0, equals);
        std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
        if (name == "sni") {
            std::istringstream names(value);
            for (size_t i = 0; i <= index && std::getline(names, word, ','); ++i)
                o.sni = word;
        } else if (name == "pause")
            o.pause = std::stod(value);
        else if (name == "cert")
            o.certificate = value;
        else if (name == "trust")
            o.trust = value;
        else if (name == "version")
            o.versions = value;
        else if (name == "ciphers")
            o.ciphers = value;
        else if (name == "sigalgs")
            o.sigalgs = value;
        else if (name == "alpn")
            o.alpn = value;
        else if (name == "early")
            o.early = o.resume = true;
        else if (name == "status")
            o.status = true;
        else if (name == "resume")
            o.resume = true;
        else if (name == "quiet")
            o.quiet = true;
        else
            throw SpecError("tls: not understood: " + word);
    }
    return o;
}

TlsEnd::TlsEnd(int fd, const TlsOptions& o, Side side)
    : fd_(fd), options_(o), is_client_(side == client)
{
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    context_ = SSL_CTX_new(is_client_ ? TLS_client_method() : TLS_server_method());
    int version = o.versions == "1.2" ? TLS1_2_VERSION : o.versions == "1.3" ? TLS1_3_VERSION : 0;
    if (o.versions == "1.1")
        version = TLS1_1_VERSION;
    SSL_CTX_set_min_proto_version(context_, version);
    SSL_CTX_set_max_proto_version(context_, version);
    if (!o.certificate.empty()) {
        std::string key = o.certificate.substr(0, o.certificate.rfind('.')) + ".key";
        check(SSL_CTX_use_certificate_chain_file(context_, o.certificate.c_str()) == 1,
              o.certificate);
        check(SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM) == 1, key);
    }
    if (!o.trust.empty()) {
        check(SSL_CTX_load_verify_locations(context_, o.trust.c_str(), nullptr) == 1, o.trust);
        SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    }
    if (!o.ciphers.empty())
        check(SSL_CTX_set_cipher_list(context_, o.ciphers.c_str()) == 1, o.ciphers);
    if (!o.sigalgs.empty())
        check(SSL_CTX_set1_sigalgs_list(context_, o.sigalgs.c_str()) == 1, o.sigalgs);
    if (!o.alpn.empty()) {
        std::string wire = static_cast<char>(o.alpn.size()) + o.alpn;
        SSL_CTX_set_alpn_protos(context_, reinterpret_cast<const unsigned char*>(wire.data()),
                                static_cast<unsigned>(wire.size()));
    }
    if (is_client_) {
        SSL_CTX_set_session_cache_mode(context_,
                                       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context_, keep_session);
    }
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd);
    if (is_client_ && !o.sni.empty())
        SSL_set_tlsext_host_name(ssl_, o.sni.c_str());
    if (is_client_ && o.status)
        SSL_set_tlsext_status_type(ssl_, TLSEXT_STATUSTYPE_ocsp);
    if (is_client_ && o.resume && last_session)
        SSL_set_session(ssl_, last_session);
}

TlsEnd::~TlsEnd()
{
    if (!options_.quiet && is_client_)
        say_goodbye();
    SSL_free(ssl_);
    SSL_CTX_free(context_);
}

// Io::ok: try again.
Io TlsEnd::wait_for(int rc, Deadline deadline)
{
    int why = SSL_get_error(ssl_, rc);
    if (why == SSL_ERROR_ZERO_RETURN) {
        end_ = notified;
        return Io::eof;
    }
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
        note_failure();
        return Io::error;
    }
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd p{fd_, static_cast<short>(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
    if (::poll(&p, 1, static_cast<int>(std::max<long>(left, 0))) > 0)
        return Io::ok;
    return Io::timeout;
}

void TlsEnd::note_failure()
{
    unsigned long code = ERR_get_error();
    if (SSL_is_init_finished(ssl_) &&
        (code == 0 || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)) {
        end_ = cut;
        return;
    }
    failure_ = code != 0 ? reason(code) : "connection closed";
}

bool TlsEnd::handshake(Deadline deadline)
{
    const SSL_SESSION* session = SSL_get_session(ssl_);
    size_t sent = 0;
    bool early = !options_.early_text.empty() && session != nullptr &&
                 SSL_SESSION_get_max_early_data(session) > 0 &&
                 SSL_write_early_data(ssl_, options_.early_text.data(), options_.early_text.size(),
                                      &sent) == 1;
    for (;;) {
        ERR_clear_error();
        int rc = is_client_ ? SSL_connect(ssl_) : SSL_accept(ssl_);
        if (rc == 1) {
            early_accepted_ = early && SSL_get_early_data_status(ssl_) == SSL_EARLY_DATA_ACCEPTED;
            return true;
        }
        Io io = wait_for(rc, deadline);
        if (io == Io::timeout)
            failure_ = "timeout";
        if (io != Io::ok)
            return false;
    }
}

Io TlsEnd::read_some(std::string& into, Deadline deadline)
{
    char bytes[65536];
    for (;;) {
        ERR_clear_error();
        int n = SSL_read(ssl_, bytes, sizeof bytes);
        if (n > 0) {
            into.append(bytes, static_cast<size_t>(n));
            return Io::ok;
        }
        Io io = wait_for(n, deadline);
        if (io != Io::ok)
            return io;
    }
}

Io TlsEnd::write_all(std::string_view bytes, Deadline deadline)
{
    while (!bytes.empty()) {
        ERR_clear_error();
        int n = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
        if (n > 0) {
            bytes.remove_prefix(static_cast<size_t>(n));
            continue;
        }
        Io io = wait_for(n, deadline);
        if (io != Io::ok)
            return io;
    }
    return Io::ok;
}

void TlsEnd::say_goodbye()
{
    if (failure_.empty() && end_ != cut)
        SSL_shutdown(ssl_);
    ERR_clear_error();
}

std::string TlsEnd::describe() const
{
    if (!failure_.empty())
        return "failed: " + failure_;
    std::string subject = "no certificate";
    if (X509* peer = SSL_get0_peer_certificate(ssl_)) {
        BIO* out = BIO_new(BIO_s_mem());
        X509_NAME_print_ex(out, X509_get_subject_name(peer), 0, XN_FLAG_RFC2253);
        char* data = nullptr;
        long size = BIO_get_mem_data(out, &data);
        subject.assign(data, static_cast<size_t>(size));
        BIO_free(out);
    }
    const unsigned char* alpn = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &alpn, &size);
    const unsigned char* staple = nullptr;
    bool stapled = SSL_get_tlsext_status_ocsp_resp(ssl_, &staple) > 0;
    std::string protocol = size > 0 ? " alpn=" + std::string(alpn, alpn + size) : "";
    return std::string(SSL_get_version(ssl_)) + " " + SSL_get_cipher_name(ssl_) + " " + subject +
           (SSL_session_reused(ssl_) ? " resumed" : " new") + protocol +
           (stapled ? " stapled" : "") + (early_accepted_ ? " early" : "") +
           (end_ == notified ? ", close_notify"
            : end_ == cut    ? ", cut"
                             : ", open");
}

}  // namespace sluice::runner
