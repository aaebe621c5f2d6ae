// SPDX-License-Identifier: Apache-2.0
// The text format of Prometheus: per metric HELP, TYPE, then all its samples.
// https://prometheus.io/docs/instrumenting/exposition_formats/
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
            out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out + '"';
}

class Page
{
public:
    /// `each` calls its argument with the labels and the thing for every sample.
    template <class T, class Each>
    void family(const Metric<T>& metric, Each each)
    {
        bool counter = metric.kind == Kind::counter;
        std::string name = fmt::format("sluice_{}{}", metric.name, counter ? "_total" : "");
        head(name, counter ? "counter" : "gauge", metric.help);
        each([&](const std::string& labels, const T& of) {
            text_ += fmt::format("{}{{{}}} {}\n", name, labels,
                                 number_text(metric.get(of), metric.micro));
        });
    }
    void head(std::string_view name, std::string_view type, std::string_view help)
    {
        text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    }
    void line(std::string_view name, const std::string& labels)
    {
        text_ += fmt::format("{}{{{}}} 1\n", name, labels);
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

void write_workers(Page& page, const Source& s)
{
    page.head("sluice_worker_info", "gauge",
              "Process of a line; generations count configurations.");
    int n = 0;
    for (const net::WorkerLine& line : s.board.lines()) {
        if (line.pid > 0)
            page.line("sluice_worker_info",
                      fmt::format("worker=\"{}\",pid=\"{}\",generation=\"{}\",index=\"{}\"", n,
                                  line.pid.load(), line.generation.load(), line.index.load()));
        ++n;
    }
    for (const auto& metric : worker_metrics())
        page.family(metric, [&](auto sample) {
            int i = 0;
            for (const net::WorkerLine& line : s.board.lines())
                sample(fmt::format("worker=\"{}\"", i++), Worker{line, s.now});
        });
    for (const auto& metric : listener_metrics())
        page.family(metric, [&](auto sample) {
            int i = 0;
            for (const net::WorkerLine& line : s.board.lines()) {
                for (size_t l = 0; l < s.board.listener_count(); ++l)
                    sample(fmt::format("worker=\"{}\",listener={}", i,
                                       quoted(s.board.listener_name(l))),
                           line.listeners[l]);
                ++i;
            }
        });
}

void write_peers(Page& page, const Source& s)
{
    for (const auto& metric : peer_metrics())
        page.family(metric, [&](auto sample) {
            for (const upstream::Group* group : s.groups)
                for (const auto& peer : group->peers())
                    sample(fmt::format("upstream={},peer={},backup=\"{}\"", quoted(group->name()),
                                       quoted(peer->name), static_cast<int>(peer->backup)),
                           PeerView{*peer, s.peers.sum(*peer), s.now});
        });
}

}  // namespace

std::string prometheus(const Source& s)
{
    Page page;
    page.head("sluice_build_info", "gauge", "What runs here.");
    page.line("sluice_build_info", "version=\"" SLUICE_VERSION "\"");
    write_workers(page, s);
    for (const auto& metric : zone_metrics())
        page.family(metric, [&](auto sample) {
            for (const auto& zone : s.zones.all())
                sample(fmt::format("zone={}", quoted(zone->name())), *zone);
        });
    write_peers(page, s);
    return page.take();
}

}  // namespace sluice::status
