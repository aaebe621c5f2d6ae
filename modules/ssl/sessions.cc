// SPDX-License-Identifier: Apache-2.0
#include "modules/ssl/sessions.h"

#include <openssl/crypto.h>

#include <cstring>

#include "core/base/bytes.h"
#include "core/os/file.h"
#include "core/os/sys.h"
#include "modules/ssl/ssl.h"

namespace sluice::ssl {
namespace {

using net::TlsTicketKey;

constexpr size_t key_bytes = TlsTicketKey::name_size + 64;
constexpr int expire_at_once = 2;  // old ones that go with each new one

uint32_t steady_seconds()
{
    return static_cast<uint32_t>(Clock::now().ticks / 1000);
}

bool parse_shared(Apply& apply, size_t i, std::string_view word, Cache& out)
{
    std::string_view text = word.substr(7);
    size_t colon = text.find(':');
    auto size =
        colon == text.npos || colon == 0 ? std::nullopt : conf::parse_size(text.substr(colon + 1));
    if (!size || *size > zone::Table::max_memory) {
        apply.fail_at(i, fmt::format("invalid session cache \"{}\"", word), "shared:NAME:SIZE");
        return false;
    }
    if (*size < zone::Table::min_memory) {
        apply.fail_at(i, fmt::format("session cache \"{}\" is too small", word),
                      "the least is 32k");
        return false;
    }
    bool again = false;
    auto zone = http::http_block(apply).main.zones.declare(text.substr(0, colon), &module, *size,
                                                           "sessions", again);
    if (!zone) {
        apply.fail_at(i, zone.error());
        return false;
    }
    out.zone = *zone;
    return true;
}

}  // namespace

bool parse(Apply& apply, size_t arg, Cache& out)
{
    using Rules = net::TlsSessionRules;
    out = {};
    for (size_t i = arg; i < apply.size(); ++i) {
        std::string_view word = apply.arg(i);
        if (word == "off" || word == "none") {
            out.builtin = word == "off" ? Rules::off : Rules::none;
        } else if (word == "builtin") {
            out.builtin = 20480;  // OpenSSL's own limit
        } else if (word.starts_with("builtin:")) {
            auto n = parse_decimal(word.substr(8));
            if (!n || *n > INT32_MAX) {
                apply.fail_at(i, fmt::format("invalid session cache \"{}\"", word));
                return false;
            }
            out.builtin = static_cast<int>(*n);
        } else if (word.starts_with("shared:")) {
            if (!parse_shared(apply, i, word, out))
                return false;
        } else {
            apply.fail_at(i, fmt::format("invalid session cache \"{}\"", word),
                          "off, none, builtin[:N] or shared:NAME:SIZE");
            return false;
        }
    }
    return true;
}

const zone::Zone& ticket_zone(http::Main& main)
{
    bool again = false;
    // No name that ssl_session_cache could give.
    auto zone = main.zones.declare("ssl ticket keys", &module, zone::Table::min_memory, "", again);
    SLUICE_CHECK(zone.has_value());
    return **zone;
}

// ---- sessions -----------------------------------------------------------------------------------

ZoneStore::ZoneStore(const zone::Zone& zone, std::chrono::seconds timeout)
    : zone_(zone), timeout_(static_cast<uint32_t>(timeout.count()))
{
}

void ZoneStore::add(std::string_view id, std::string_view session)
{
    zone::Lock lock(zone_);
    if (!lock)
        return;  // a stopped process keeps it: the next handshake is a full one
    std::string key(id);
    key += session;
    uint32_t now = steady_seconds();
    zone::Table& table = zone_.table();
    for (int i = 0; i < expire_at_once; ++i)
        if (zone::Node* old = table.oldest(); old && old->value<Entry>().expires <= now)
            table.remove(*old);
    while (!table.has_room(key.size()) && table.oldest()) {
        table.remove(*table.oldest());
        ++table.counts().evicted;
    }
    table.add(key, table.hash(id), 0, Entry{now + timeout_}, now);
    OPENSSL_cleanse(key.data(), key.size());
}

std::string ZoneStore::find(std::string_view id)
{
    zone::Lock lock(zone_);
    zone::Table& table = zone_.table();
    zone::Node* node = lock ? table.find_prefix(id, table.hash(id)) : nullptr;
    if (!node)
        return {};
    if (node->value<Entry>().expires <= steady_seconds()) {
        table.remove(*node);
        return {};
    }
    return table.key_of(*node, id.size());
}

void ZoneStore::remove(std::string_view id)
{
    zone::Lock lock(zone_);
    if (!lock)
        return;  // it expires
    zone::Table& table = zone_.table();
    if (zone::Node* node = table.find_prefix(id, table.hash(id)))
        table.remove(*node);
}

// ---- ticket keys --------------------------------------------------------------------------------

ZoneKeys::ZoneKeys(const zone::Zone& zone, std::chrono::seconds lifetime)
    : zone_(zone), lifetime_(std::max<int64_t>(lifetime.count(), 1))
{
}

ZoneKeys::~ZoneKeys()
{
    OPENSSL_cleanse(keys_, sizeof keys_);
}

std::string ZoneKeys::prefix(int64_t span) const
{
    return fmt::format("{} {} ", lifetime_, span);
}

bool ZoneKeys::load(int64_t span, TlsTicketKey& out)
{
    zone::Table& table = zone_.table();
    std::string name = prefix(span);
    zone::Node* node = table.find_prefix(name, table.hash(name));
    std::string bytes = node ? table.key_of(*node, name.size()) : std::string();
    if (bytes.size() != key_bytes)
        return false;
    std::memcpy(out.name, bytes.data(), sizeof out.name);
    std::memcpy(out.aes, bytes.data() + sizeof out.name, sizeof out.aes);
    std::memcpy(out.hmac, bytes.data() + sizeof out.name + sizeof out.aes, sizeof out.hmac);
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return true;
}

void ZoneKeys::look()
{
    int64_t span = Clock::wall_seconds() / lifetime_;
    if (span == span_ && known_[0])
        return;
    zone::Lock lock(zone_);
    if (!lock)
        return;  // a stopped process keeps it: with the keys that we have, and asked again
    span_ = span;
    zone::Table& table = zone_.table();
    known_[1] = load(span - 1, keys_[1]);
    known_[0] = load(span, keys_[0]);
    if (known_[0])
        return;
    for (int64_t old : {span - 2, span - 3}) {
        std::string name = prefix(old);
        if (zone::Node* node = table.find_prefix(name, table.hash(name)))
            table.remove(*node);
    }
    std::string name = prefix(span), key = name;
    unsigned char bytes[key_bytes];
    os::random_bytes(bytes, sizeof bytes);
    key.append(reinterpret_cast<char*>(bytes), sizeof bytes);
    while (!table.has_room(key.size()) && table.oldest())
        table.remove(*table.oldest());  // of lifetimes that nobody uses any more
    table.add(key, table.hash(name), 0, uint64_t{0}, steady_seconds());
    OPENSSL_cleanse(bytes, sizeof bytes);
    OPENSSL_cleanse(key.data(), key.size());
    known_[0] = load(span, keys_[0]);
}

const TlsTicketKey* ZoneKeys::current()
{
    look();
    return known_[0] ? &keys_[0] : nullptr;
}

const TlsTicketKey* ZoneKeys::find(std::string_view name, bool& renew)
{
    look();
    for (int i = 0; i < 2; ++i)
        if (known_[i] && std::memcmp(keys_[i].name, name.data(), sizeof keys_[i].name) == 0) {
            renew = i > 0;
            return &keys_[i];
        }
    return nullptr;
}

FileKeys::~FileKeys()
{
    OPENSSL_cleanse(keys_.data(), keys_.size() * sizeof(TlsTicketKey));
}

std::string FileKeys::add(const std::string& path)
{
    auto text = os::read_file(path);
    if (!text)
        return fmt::format("open() \"{}\" failed {}", path, errno_text(text.error()));
    bool small = text->size() == 48;
    if (!small && text->size() != 80)
        return fmt::format("\"{}\" must be 48 or 80 bytes", path);
    TlsTicketKey key{};
    key.key_size = small ? 16 : 32;
    const char* from = text->data();
    std::memcpy(key.name, from, sizeof key.name);
    from += sizeof key.name;
    // The order of the two is nginx's: of short keys AES comes first, of long ones HMAC.
    std::memcpy(small ? key.aes : key.hmac, from, key.key_size);
    std::memcpy(small ? key.hmac : key.aes, from + key.key_size, key.key_size);
    OPENSSL_cleanse(text->data(), text->size());
    keys_.push_back(key);
    OPENSSL_cleanse(&key, sizeof key);
    return {};
}

const TlsTicketKey* FileKeys::current()
{
    return &keys_.front();
}

const TlsTicketKey* FileKeys::find(std::string_view name, bool& renew)
{
    for (const TlsTicketKey& key : keys_)
        if (std::memcmp(key.name, name.data(), sizeof key.name) == 0) {
            renew = &key != &keys_.front();
            return &key;
        }
    return nullptr;
}

}  // namespace sluice::ssl
