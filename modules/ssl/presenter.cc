// SPDX-License-Identifier: Apache-2.0
#include "modules/ssl/presenter.h"

#include <algorithm>

#include "core/http/connection.h"
#include "core/http/request.h"
#include "core/net/tls.h"
#include "core/net/tls_error.h"

namespace sluice::ssl {
namespace {

std::vector<os::FileInfo> states_of(const PairName& name)
{
    std::vector<os::FileInfo> states(2);
    size_t i = 0;
    for (const std::string& path : {name.certificate, name.key}) {
        os::FileInfo& info = states[i++];
        if (!path.starts_with("data:") && os::file_info(path.c_str(), {}, info) != 0)
            info = {};
    }
    return states;
}

}  // namespace

std::shared_ptr<const net::TlsPair> KeptPairs::find(const std::string& name, const PairName& files)
{
    auto it = by_name_.find(name);
    if (it == by_name_.end())
        return nullptr;
    Kept& kept = *it->second;
    Instant now = Clock::now();
    bool good = now - kept.used < rules_.inactive;
    if (good && now - kept.checked >= rules_.valid) {
        std::vector<os::FileInfo> states = states_of(files);
        good = std::equal(states.begin(), states.end(), kept.files.begin(), kept.files.end(),
                          [](const auto& a, const auto& b) { return a.same_state(b); });
        kept.checked = now;
    }
    if (!good) {
        auto gone = it->second;
        by_name_.erase(it);
        pairs_.erase(gone);
        return nullptr;
    }
    kept.used = now;
    pairs_.splice(pairs_.begin(), pairs_, it->second);
    return kept.pair;
}

void KeptPairs::keep(const std::string& name, const PairName& files,
                     std::shared_ptr<const net::TlsPair> pair)
{
    if (rules_.max == 0)
        return;
    if (pairs_.size() >= rules_.max) {
        by_name_.erase(pairs_.back().name);
        pairs_.pop_back();
    }
    Instant now = Clock::now();
    pairs_.push_front({name, std::move(pair), states_of(files), now, now});
    by_name_[pairs_.front().name] = pairs_.begin();
}

std::string Presenter::full(std::string_view name) const
{
    for (std::string_view prefix : {"/", "data:", "engine:", "store:"})
        if (name.starts_with(prefix))
            return std::string(name);
    return folder_ + std::string(name);
}

std::string_view Presenter::staple(net::TlsSession& session)
{
    return stapler_ ? stapler_->staple(session.handle()) : std::string_view();
}

bool Presenter::certify(http::Connection& c, net::TlsSession& session)
{
    if (set_) {
        const auto& pairs = set_->pairs(all_->vault(), all_->log());
        for (const net::TlsPair& pair : pairs)
            if (!net::present(session.handle(), pair))
                return false;
        if (pairs.empty())
            return false;
    }
    if (named_.empty())
        return true;
    std::vector<PairName> names;
    Request& r = c.borrow_request();
    for (const Named& named : named_) {
        PairName& name = names.emplace_back();
        name.certificate = full(named.certificate.eval(r));
        name.key = full(named.key.eval(r));
    }
    c.return_request();
    return std::all_of(names.begin(), names.end(),
                       [&](const PairName& name) { return show(c, session, name); });
}

bool Presenter::show(http::Connection& c, net::TlsSession& session, const PairName& name)
{
    // A name of one line; `data:` may be long, and is a secret: by its text all the same, as it is
    // not kept anywhere else.
    std::string both = name.certificate + "\n" + name.key;
    std::shared_ptr<const net::TlsPair> pair = kept_.find(both, name);
    if (!pair) {
        std::string why = load(name, pair);
        if (!why.empty()) {
            all_->log().write(Level::error, c.number,
                              fmt::format("{} while SSL handshaking, client: {}, server: {}", why,
                                          c.peer_host(), c.listener.spec.text));
            return false;
        }
        kept_.keep(both, name, pair);
    }
    return net::present(session.handle(), *pair);
}

std::string Presenter::load(const PairName& name, std::shared_ptr<const net::TlsPair>& pair)
{
    net::TlsPair made;
    std::string why;
    made.chain = net::read_certificates(name.certificate, why);
    if (!made.chain.leaf)
        return fmt::format("cannot load certificate \"{}\": {}", name.certificate, why);
    made.key = net::read_key(name.key, &passwords_, why);
    if (!made.key)
        return fmt::format("cannot load certificate key \"{}\": {}", name.key, why);
    pair = std::make_shared<const net::TlsPair>(std::move(made));
    return {};
}

}  // namespace sluice::ssl
