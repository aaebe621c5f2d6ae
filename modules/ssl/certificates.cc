// SPDX-License-Identifier: Apache-2.0
#include "modules/ssl/certificates.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

#include "core/base/hash.h"
#include "core/net/tls_error.h"

namespace sluice::ssl {
namespace {

bool is_file(const std::string& name)
{
    return !name.starts_with("data:");
}

// In the vault a set's texts stand one after the other, each behind its size. Keys are not
// encrypted there: passwords are the master's.
void pack(std::string& to, const std::string& text)
{
    uint64_t size = text.size();
    to.append(reinterpret_cast<const char*>(&size), sizeof size);
    to += text;
}

std::vector<net::PemText> unpack(const std::string& from)
{
    std::vector<net::PemText> texts;
    for (size_t at = 0; at < from.size();) {
        uint64_t size = 0;
        std::memcpy(&size, from.data() + at, sizeof size);
        at += sizeof size;
        texts.emplace_back().set(from.substr(at, size));
        at += size;
    }
    return texts;
}

uint64_t hash_of(const std::vector<net::PemText>& texts)
{
    uint64_t hash = 1;
    for (const net::PemText& text : texts)
        hash = hash_bytes(text.text(), hash);
    return hash;
}

}  // namespace

std::string parse_pairs(const std::vector<PairName>& names, std::span<const net::PemText> texts,
                        const net::TlsPasswords* passwords, std::vector<net::TlsPair>& out,
                        size_t& at)
{
    std::vector<net::TlsPair> pairs(names.size());
    std::string why;
    for (at = 0; at < names.size(); ++at) {
        pairs[at].chain = net::read_certificates(texts[2 * at], why);
        if (!pairs[at].chain.leaf)
            return fmt::format("cannot load certificate \"{}\": {}", names[at].certificate, why);
        pairs[at].key = net::read_key(texts[2 * at + 1], passwords, why);
        if (!pairs[at].key)
            return fmt::format("cannot load certificate key \"{}\": {}", names[at].key, why);
    }
    for (at = 0; at < pairs.size(); ++at) {
        for (size_t other = at; !net::fits(pairs[at]) && ++other < pairs.size();) {
            std::swap(pairs[at].key, pairs[other].key);
            if (!net::fits(pairs[at]))
                std::swap(pairs[at].key, pairs[other].key);
        }
        net::forget_tls_errors();
        if (!net::fits(pairs[at]))
            return fmt::format("SSL_CTX_use_PrivateKey(\"{}\") failed {}", names[at].key,
                               net::take_tls_error());
    }
    out = std::move(pairs);
    return {};
}

// ---- of a worker --------------------------------------------------------------------------------

std::string CertificateSet::read(Texts& texts, size_t& at) const
{
    std::string why;
    for (at = 0; at < names_.size(); ++at) {
        if (!texts.emplace_back().read(names_[at].certificate, why))
            return fmt::format("cannot load certificate \"{}\": {}", names_[at].certificate, why);
        if (!texts.emplace_back().read(names_[at].key, why))
            return fmt::format("cannot load certificate key \"{}\": {}", names_[at].key, why);
    }
    return {};
}

std::string CertificateSet::load(const net::TlsPasswords* passwords, bool parses, size_t& at)
{
    seen_ = states();
    std::string why = read(texts_, at);
    if (!why.empty())
        return why;
    content_ = hash_of(texts_);
    if (parses || !password_path_.empty()) {
        why = parse_pairs(names_, texts_, passwords, pairs_, at);
        texts_.clear();
    }
    return why;
}

const std::vector<net::TlsPair>& CertificateSet::pairs(const Vault& vault, const Log& log)
{
    if (uint64_t now = vault.changes(); now != changes_) {
        changes_ = now;
        take_newer(vault, log);
    }
    if (!pairs_.empty() || failed_)
        return pairs_;
    size_t at = 0;
    std::string why = parse_pairs(names_, texts_, nullptr, pairs_, at);
    failed_ = !why.empty();
    if (failed_)
        log(Level::error, "{}", why);
    texts_.clear();
    return pairs_;
}

void CertificateSet::take_newer(const Vault& vault, const Log& log)
{
    uint64_t version = vault.version(place_);
    if (version == version_)
        return;
    net::PemText packed;
    if (!vault.get(place_, packed)) {
        changes_ = 0;  // again, with the next client
        return;
    }
    version_ = version;
    Texts texts = unpack(packed.text());
    std::vector<net::TlsPair> pairs;
    size_t at = 0;
    std::string why = parse_pairs(names_, texts, nullptr, pairs, at);
    if (!why.empty()) {  // the master has tried: it was short of memory
        log(Level::error, "{}", why);
        return;
    }
    pairs_ = std::move(pairs);
    texts_.clear();
    failed_ = false;
}

// ---- of the master ------------------------------------------------------------------------------

std::vector<os::FileInfo> CertificateSet::states() const
{
    std::vector<os::FileInfo> states;
    for (const PairName& name : names_)
        for (const std::string& path : {name.certificate, name.key}) {
            os::FileInfo& info = states.emplace_back();
            if (is_file(path) && os::file_info(path.c_str(), {}, info) != 0)
                info = {};
        }
    return states;
}

void CertificateSet::look(Vault& vault, const Log& log)
{
    std::vector<os::FileInfo> now = states();
    bool same = std::equal(now.begin(), now.end(), seen_.begin(), seen_.end(),
                           [](const auto& a, const auto& b) { return a.same_state(b); });
    if (same)
        return;
    Texts texts;
    size_t at = 0;
    std::string why = read(texts, at);
    uint64_t content = why.empty() ? hash_of(texts) : hash_bytes(why);
    if (why.empty() && content == content_) {
        seen_ = std::move(now);
        bad_ = 0;
        return;
    }
    net::TlsPasswords passwords;
    if (!password_path_.empty())
        passwords.read(password_path_);
    std::vector<net::TlsPair> pairs;
    if (why.empty())
        why = parse_pairs(names_, texts, &passwords, pairs, at);
    if (!why.empty()) {
        // A certificate and its key are two files: between them the pair is not good. It is said
        // when it is still so at the next look.
        if (std::exchange(bad_, content) != content)
            return;
        log(Level::error, "{}: the certificates before it are still in use", why);
        seen_ = std::move(now);
        return;
    }
    publish(texts, pairs, vault, log);
    seen_ = std::move(now);
    content_ = content;
    bad_ = 0;
}

void CertificateSet::publish(const Texts& texts, const std::vector<net::TlsPair>& pairs,
                             Vault& vault, const Log& log) const
{
    std::string packed;
    packed.reserve(Vault::place_size);  // or it would leave keys behind where it grows
    for (size_t i = 0; i < names_.size(); ++i) {
        pack(packed, texts[2 * i].text());
        pack(packed, net::text_of_key(pairs[i].key).text());
    }
    if (vault.put(place_, packed))
        log(Level::notice, "certificate \"{}\" has changed, new connections get it",
            names_.front().certificate);
    else
        log(Level::error, "certificate \"{}\" has changed, and is too large: reload",
            names_.front().certificate);
    OPENSSL_cleanse(packed.data(), packed.size());
}

// ---- all of them --------------------------------------------------------------------------------

CertificateSet& Certificates::of(std::vector<PairName> names, const std::string& password_path,
                                 bool& fresh)
{
    std::string all = password_path;
    for (const PairName& name : names)
        all += "\n" + name.certificate + "\n" + name.key;
    CertificateSet*& set = by_name_[all];
    fresh = set == nullptr;
    if (fresh) {
        sets_.push_back(
            std::make_unique<CertificateSet>(std::move(names), password_path, sets_.size()));
        set = sets_.back().get();
    }
    return *set;
}

bool Certificates::open()
{
    by_name_.clear();
    if (sets_.empty())
        return false;
    if (int error = vault_.open(sets_.size()))
        log_(Level::warn, "certificates that change will not be noticed: mmap() failed {}",
             errno_text(error));
    return vault_.is_open();
}

void Certificates::tend()
{
    size_t files = 0;
    for (size_t i = 0; i < sets_.size() && files < files_at_once; ++i) {
        CertificateSet& set = *sets_[next_];
        next_ = (next_ + 1) % sets_.size();
        files += set.files();
        set.look(vault_, log_);
    }
}

}  // namespace sluice::ssl
