// SPDX-License-Identifier: Apache-2.0
// Presenter: what one server shows in full handshakes: its certificates, those whose names are
// known beforehand or have variables, and what is stapled to them.
//
// Names with variables are read by the worker, for each full handshake, or kept for a while
// (ssl_certificate_cache). Who is not to be asked for by name does not get a certificate: the
// handshake fails, and the log says why.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/http/module.h"
#include "modules/ssl/certificates.h"
#include "modules/ssl/ssl.h"
#include "modules/ssl/stapling.h"

namespace sluice::ssl {

/// Pairs that were read not long ago, by their names; the one that was used longest ago goes first.
class KeptPairs
{
public:
    explicit KeptPairs(const PairCache& rules) : rules_(rules) {}
    struct Kept {
        std::string name;
        std::shared_ptr<const net::TlsPair> pair;
        std::vector<os::FileInfo> files;
        Instant used{0}, checked{0};
    };
    /// Null: it must be read.
    std::shared_ptr<const net::TlsPair> find(const std::string& name, const PairName& files);
    void keep(const std::string& name, const PairName& files,
              std::shared_ptr<const net::TlsPair> pair);

private:
    const PairCache rules_;
    std::list<Kept> pairs_;  // the newest in front
    std::unordered_map<std::string_view, std::list<Kept>::iterator> by_name_;
};

class Presenter final : public http::Certifier
{
public:
    explicit Presenter(std::shared_ptr<Certificates> all, const PairCache& cache)
        : all_(std::move(all)), kept_(cache)
    {
    }
    bool certify(http::Connection& c, net::TlsSession& session) override;
    std::string_view staple(net::TlsSession& session) override;

    void set(CertificateSet& set) { set_ = &set; }
    /// `folder`: where relative names begin.
    void add(Template certificate, Template key, std::string folder)
    {
        named_.push_back({std::move(certificate), std::move(key)});
        folder_ = std::move(folder);
    }
    void set_passwords(net::TlsPasswords passwords) { passwords_ = std::move(passwords); }
    void set_stapler(std::shared_ptr<Stapler> stapler) { stapler_ = std::move(stapler); }

private:
    struct Named {
        Template certificate, key;
    };
    std::string full(std::string_view name) const;
    bool show(http::Connection& c, net::TlsSession& session, const PairName& name);
    std::string load(const PairName& name, std::shared_ptr<const net::TlsPair>& pair);

    std::shared_ptr<Certificates> all_;
    CertificateSet* set_ = nullptr;
    std::vector<Named> named_;
    std::string folder_;
    net::TlsPasswords passwords_;
    KeptPairs kept_;
    std::shared_ptr<Stapler> stapler_;  // null: nothing is stapled
};

}  // namespace sluice::ssl
