// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/version.h"
#include "modules/status/metrics.h"

namespace sluice::status {
namespace {

std::string quoted(std::string_view text)
{
    std::string out = "\"";
    for (char c : valid_utf8(text)) {
        if (c == '\\' || c == '"')
            out += fmt::format("\\{}", c);
        else if (static_cast<unsigned char>(c) < 0x20)
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
            out += c;
    }
    return out + '"';
}

/// Objects and arrays that put commas where they belong.
class Writer
{
public:
    void open(char bracket)
    {
        separate();
        text_ += bracket;
        first_ = true;
    }
    void close(char bracket)
    {
        text_ += bracket;
        first_ = false;
    }
    void key(std::string_view name)
    {
        separate();
        text_ += quoted(name) + ":";
        first_ = true;  // its value follows without a comma
    }
    void value(const std::string& raw)
    {
        separate();
        text_ += raw;
    }
    void pair(std::string_view name, const std::string& raw)
    {
        key(name);
        value(raw);
    }
    template <class T>
    void metrics(std::span<const Metric<T>> all, const T& of)
    {
        for (const Metric<T>& m : all)
            pair(m.name, number_text(m.get(of), m.micro));
    }
    std::string take() { return std::move(text_) + "\n"; }

private:
    void separate()
    {
        if (!first_)
            text_ += ',';
        first_ = false;
    }
    std::string text_;
    bool first_ = true;
};

void write_worker(Writer& w, const Source& s, const net::WorkerLine& line, int number)
{
    w.open('{');
    w.pair("worker", fmt::format("{}", number));
    w.pair("pid", fmt::format("{}", std::max(0, line.pid.load())));
    w.pair("generation", fmt::format("{}", line.generation.load()));
    w.pair("index", fmt::format("{}", line.index.load()));
    w.metrics(worker_metrics(), Worker{line, s.now});
    w.key("listeners");
    w.open('[');
    for (size_t i = 0; i < s.board.listener_count(); ++i) {
        w.open('{');
        w.pair("listener", quoted(s.board.listener_name(i)));
        w.metrics(listener_metrics(), line.listeners[i]);
        w.close('}');
    }
    w.close(']');
    w.close('}');
}

void write_group(Writer& w, const Source& s, const upstream::Group& group)
{
    w.open('{');
    w.pair("upstream", quoted(group.name()));
    w.key("peers");
    w.open('[');
    for (const auto& peer : group.peers()) {
        w.open('{');
        w.pair("peer", quoted(peer->name));
        w.pair("backup", peer->backup ? "true" : "false");
        w.metrics(peer_metrics(), PeerView{*peer, s.peers.sum(*peer), s.now});
        w.close('}');
    }
    w.close(']');
    w.close('}');
}

}  // namespace

std::string json(const Source& s)
{
    Writer w;
    w.open('{');
    w.pair("version", quoted(SLUICE_VERSION));
    w.pair("worker", fmt::format("{}", s.own_line()));
    w.key("workers");
    w.open('[');
    int n = 0;
    for (const net::WorkerLine& line : s.board.lines())
        write_worker(w, s, line, n++);
    w.close(']');
    w.key("zones");
    w.open('[');
    for (const auto& zone : s.zones.all()) {
        w.open('{');
        w.pair("zone", quoted(zone->name()));
        w.metrics(zone_metrics(), *zone);
        w.close('}');
    }
    w.close(']');
    w.key("upstreams");
    w.open('[');
    for (const upstream::Group* group : s.groups)
        write_group(w, s, *group);
    w.close(']');
    w.close('}');
    return w.take();
}

}  // namespace sluice::status
