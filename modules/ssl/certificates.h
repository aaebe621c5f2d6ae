// SPDX-License-Identifier: Apache-2.0
// Certificates with their keys, as servers name them: loaded while the configuration is read, or
// when a client first asks for one of very many; followed on disk, without a reload.
//
//   CertificateSet   the pairs that one or more servers name (RSA beside ECDSA)
//   Certificates     all sets of a configuration, and who looks after their files
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/http/config.h"
#include "core/net/tls_context.h"
#include "core/net/tls_keys.h"
#include "core/os/disk.h"
#include "modules/ssl/vault.h"

namespace sluice::ssl {

struct PairName {
    std::string certificate, key;  // full paths, or `data:` and the text
};

/// Texts of pairs, parsed. Keys may stand in another order than certificates. "" or why not, in
/// nginx's words; `at`: the pair that is to blame.
std::string parse_pairs(const std::vector<PairName>& names, std::span<const net::PemText> texts,
                        const net::TlsPasswords* passwords, std::vector<net::TlsPair>& out,
                        size_t& at);

class CertificateSet
{
public:
    CertificateSet(std::vector<PairName> names, std::string password_path, size_t place)
        : names_(std::move(names)), password_path_(std::move(password_path)), place_(place)
    {
    }
    /// Reads the files, and `parses` them or leaves that for the first client. "" or why not.
    std::string load(const net::TlsPasswords* passwords, bool parses, size_t& at);
    /// What is presented now; empty: nothing can be, and the log has been told why.
    const std::vector<net::TlsPair>& pairs(const Vault& vault, const Log& log);
    bool parsed() const { return !pairs_.empty(); }
    const std::vector<PairName>& names() const { return names_; }
    size_t files() const { return 2 * names_.size(); }

    /// The master: have the files changed? Good ones are put into the vault.
    void look(Vault& vault, const Log& log);

private:
    using Texts = std::vector<net::PemText>;
    std::vector<os::FileInfo> states() const;
    std::string read(Texts& texts, size_t& at) const;
    void take_newer(const Vault& vault, const Log& log);
    void publish(const Texts& texts, const std::vector<net::TlsPair>& pairs, Vault& vault,
                 const Log& log) const;

    std::vector<PairName> names_;
    std::string password_path_;
    size_t place_;  // in the vault
    Texts texts_;   // not parsed yet
    std::vector<net::TlsPair> pairs_;
    bool failed_ = false;
    uint64_t changes_ = 0, version_ = 0;  // of the vault, as last seen
    // Of the master:
    std::vector<os::FileInfo> seen_;
    uint64_t content_ = 0;  // hash of what is presented
    uint64_t bad_ = 0;      // of what was there at the last look, and was not good
};

class Certificates final : public http::Chore
{
public:
    explicit Certificates(const Log& log) : log_(log) {}
    /// The set of these names; `fresh`: it is not loaded yet.
    CertificateSet& of(std::vector<PairName> names, const std::string& password_path, bool& fresh);
    /// So many are parsed at once, however many there are: what is wrong with a few is found out
    /// while the configuration is read. Of others when they are first used, and by -t.
    static constexpr size_t parsed_at_once = 100;
    bool parses_now() const { return sets_.size() <= parsed_at_once || log_.empty(); }

    /// All sets are known. False: there is nothing to look after.
    bool open();
    void tend() override;
    const Vault& vault() const { return vault_; }
    const Log& log() const { return log_; }

private:
    static constexpr size_t files_at_once = 2000;  // stat(2) of so many takes the master some 2 ms
    const Log& log_;
    std::vector<std::unique_ptr<CertificateSet>> sets_;
    std::map<std::string, CertificateSet*> by_name_;
    Vault vault_;
    size_t next_ = 0;  // to be looked at
};

}  // namespace sluice::ssl
