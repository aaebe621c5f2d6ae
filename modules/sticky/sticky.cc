// SPDX-License-Identifier: Apache-2.0
// sticky: a client goes to the same server again.
#include "modules/sticky/sticky.h"

#include <openssl/evp.h>

#include "core/base/arena_text.h"
#include "modules/lib/limit.h"

namespace sluice::sticky {
namespace {

constexpr size_t max_session = 255;

// The first that says anything.
std::string_view first_of(Request& r, const std::vector<Template>& templates)
{
    for (const Template& t : templates)
        if (std::string_view text = t.eval(r); !text.empty())
            return text;
    return {};
}

std::string http_time(int64_t seconds)
{
    char text[30];
    format_http_time(seconds, text);
    return {text, 29};
}

}  // namespace

std::string name_of(const Peer& peer)
{
    if (!peer.route.empty())
        return peer.route;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!EVP_Digest(peer.name.data(), peer.name.size(), digest, &size, EVP_md5(), nullptr))
        return fmt::format("{:016x}", hash_bytes(peer.name));  // where MD5 is forbidden (FIPS)
    std::string text;
    for (unsigned i = 0; i < size; ++i)
        text += fmt::format("{:02x}", digest[i]);
    return text;
}

// ---- cookie -------------------------------------------------------------------------------------

Peer* Cookie::find(const Choice& choice, const std::vector<Peer*>& peers)
{
    index_.refresh(peers, name_of);
    http::Value cookie = http::cookie_value(choice.request(), name_);
    Peer* peer = cookie ? index_.find(*cookie) : nullptr;
    return peer && choice.usable_if_bound(*peer) ? peer : nullptr;
}

void Cookie::answered(Request& r, Peer& peer)
{
    std::string name = name_of(peer);
    http::Value cookie = http::cookie_value(r, name_);
    if (cookie && *cookie == name)
        return;
    const Attributes& a = attributes_;
    std::string text = name_ + "=" + name;
    // As browsers count at most (2^31 seconds), nginx's "max".
    if (a.for_ever)
        text += "; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000";
    else if (a.expires)
        text +=
            fmt::format("; expires={}; max-age={}",
                        http_time(Clock::wall_seconds() + a.expires->count()), a.expires->count());
    if (std::string_view domain = a.domain.eval(r); !domain.empty())
        text += fmt::format("; domain={}", domain);
    if (a.httponly)
        text += "; httponly";
    if (std::string_view samesite = a.samesite.eval(r); !samesite.empty())
        text += fmt::format("; samesite={}", samesite);
    if (a.secure)
        text += "; secure";
    if (std::string_view path = a.path.eval(r); !path.empty())
        text += fmt::format("; path={}", path);
    r.out.headers.add(r.arena(), http::HeaderId::set_cookie,
                      http::one_line(r.arena().copy(text), r.arena()));
}

// ---- route --------------------------------------------------------------------------------------

Peer* Route::find(const Choice& choice, const std::vector<Peer*>& peers)
{
    index_.refresh(peers, [](const Peer& p) { return p.route; });
    std::string_view route = first_of(choice.request(), from_);
    Peer* peer = route.empty() ? nullptr : index_.find(route);
    return peer && choice.usable_if_bound(*peer) ? peer : nullptr;
}

// ---- learn --------------------------------------------------------------------------------------

void Learn::forget_old(zone::Table& table, uint32_t now) const
{
    for (int i = 0; i < 2; ++i)
        if (zone::Node* node = table.oldest())
            if (node->value<Session>().is_over(now, rules_.timeout))
                table.remove(*node);
}

Peer* Learn::find(const Choice& choice, const std::vector<Peer*>& peers)
{
    index_.refresh(peers, [](const Peer& p) { return p.key; });
    std::string_view session = first_of(choice.request(), rules_.lookup);
    if (session.empty() || session.size() > max_session)
        return nullptr;
    zone::Table& table = rules_.zone->table();
    uint32_t now = limit::now_seconds();
    uint64_t key = 0;
    {
        zone::Lock lock(*rules_.zone);
        if (!lock)
            return nullptr;  // a stopped process keeps it: as a client without a session
        forget_old(table, now);
        if (zone::Node* node = table.find(session, table.hash(session))) {
            table.touch(*node, now);
            node->value<Session>().used = now;
            key = node->value<Session>().peer;
        }
    }
    Peer* peer = key ? index_.find(key) : nullptr;
    return peer && choice.usable_if_bound(*peer) ? peer : nullptr;
}

void Learn::answered(Request& r, Peer& peer)
{
    std::string_view session = first_of(r, rules_.create);
    if (session.empty() || session.size() > max_session)
        return;
    zone::Table& table = rules_.zone->table();
    uint32_t now = limit::now_seconds(), hash = table.hash(session);
    zone::Lock lock(*rules_.zone);
    if (!lock)
        return;  // its next answer teaches it again
    forget_old(table, now);
    if (zone::Node* node = table.find(session, hash)) {
        table.touch(*node, now);
        node->value<Session>() = {peer.key, now};
        return;
    }
    // Who has been away for longest makes room.
    while (!table.has_room(session.size()) && table.oldest()) {
        table.remove(*table.oldest());
        ++table.counts().evicted;
    }
    table.add(session, hash, 0, Session{peer.key, now}, now);
}

}  // namespace sluice::sticky
