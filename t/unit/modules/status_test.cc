// SPDX-License-Identifier: Apache-2.0
// The status page against strict readers of both formats.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "core/http/regex.h"
#include "modules/status/metrics.h"

namespace sluice::status {
namespace {

/// The whole text.
bool matches(const std::string& text, const std::string& pattern)
{
    http::Captures captures;
    return http::Regex::compile("\\A(?:" + pattern + ")\\z", false)->run(text, &captures) ==
           http::Regex::match;
}

// ---- Prometheus' text format, version 0.0.4 -----------------------------------------------------

struct Sample {
    std::map<std::string, std::string> labels;
    std::string value;
};

/// Reads a page as promtool's check does: families in one piece, HELP and TYPE once and first,
/// names and labels of the allowed characters, known escapes, no sample twice.
class Prometheus
{
public:
    explicit Prometheus(const std::string& page)
    {
        EXPECT_TRUE(page.ends_with('\n'));
        std::istringstream in(page);
        for (std::string line; std::getline(in, line);) {
            if (line.starts_with("# "))
                comment(line);
            else
                sample(line);
        }
    }
    std::map<std::string, std::vector<Sample>> families;

    std::string value(const std::string& name, const std::map<std::string, std::string>& with) const
    {
        std::string found = "none";
        auto family = families.find(name);
        if (family == families.end())
            return found;
        for (const Sample& s : family->second) {
            bool all = true;
            for (const auto& [label, text] : with) {
                auto it = s.labels.find(label);
                all = all && it != s.labels.end() && it->second == text;
            }
            if (all)
                found = s.value;
        }
        return found;
    }

private:
    void comment(const std::string& line)
    {
        // "# HELP name text" or "# TYPE name type"
        std::string kind = line.substr(2, 5), rest = line.substr(7), name, text;
        name = rest.substr(0, rest.find(' '));
        text = rest.substr(std::min(rest.size(), name.size() + 1));
        EXPECT_TRUE(matches(name, "[a-zA-Z_:][a-zA-Z0-9_:]*")) << line;
        if (kind == "HELP ") {
            EXPECT_TRUE(helped_.insert(name).second) << line;
            EXPECT_TRUE(matches(text, "[^ \\\\][^\\\\]*")) << line;
            current_ = name;
            return;
        }
        ASSERT_EQ(kind, "TYPE ") << line;
        EXPECT_EQ(name, current_) << line;
        EXPECT_EQ(text, name.ends_with("_total") ? "counter" : "gauge") << line;
        families[name];
        typed_ = name;
    }

    void sample(const std::string& line)
    {
        size_t brace = line.find('{');
        ASSERT_NE(brace, line.npos) << line;
        EXPECT_EQ(line.substr(0, brace), current_) << "outside of its family: " << line;
        EXPECT_EQ(typed_, current_) << line;
        Sample s;
        size_t at = brace + 1;
        while (line.at(at) != '}') {
            size_t equals = line.find('=', at);
            std::string label = line.substr(at, equals - at);
            EXPECT_TRUE(matches(label, "[a-zA-Z_][a-zA-Z0-9_]*")) << line;
            ASSERT_EQ(line.at(equals + 1), '"') << line;
            std::string text;
            for (at = equals + 2; line.at(at) != '"'; ++at) {
                if (line[at] == '\\') {
                    ++at;
                    ASSERT_NE(std::string("\\\"n").find(line.at(at)), std::string::npos) << line;
                    text += line[at] == 'n' ? '\n' : line[at];
                } else {
                    text += line[at];
                }
            }
            EXPECT_TRUE(s.labels.emplace(label, text).second) << line;
            ++at;
            if (line.at(at) == ',')
                ++at;
            else
                ASSERT_EQ(line.at(at), '}') << line;
        }
        ASSERT_EQ(line.at(at + 1), ' ') << line;
        s.value = line.substr(at + 2);
        EXPECT_TRUE(matches(s.value, "[0-9]+(\\.[0-9]+)?")) << line;
        EXPECT_TRUE(seen_.insert(line.substr(0, at + 1)).second) << "twice: " << line;
        families[current_].push_back(std::move(s));
    }

    std::string current_, typed_;
    std::set<std::string> helped_, seen_;
};

// ---- JSON, RFC 8259 -----------------------------------------------------------------------------

/// Flattens to "workers.0.requests" → "5"; anything that is not JSON fails the test.
class Json
{
public:
    explicit Json(const std::string& text) : text_(text)
    {
        value("");
        space();
        EXPECT_EQ(at_, text_.size()) << "something behind the value";
    }
    std::map<std::string, std::string> values;

private:
    void space()
    {
        while (at_ < text_.size() && std::string(" \t\r\n").find(text_[at_]) != std::string::npos)
            ++at_;
    }
    char peek()
    {
        space();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool take(char c)
    {
        bool there = peek() == c;
        at_ += there;
        return there;
    }
    std::string string()
    {
        std::string out;
        EXPECT_TRUE(take('"')) << "at " << at_;
        while (at_ < text_.size() && text_[at_] != '"') {
            EXPECT_GE(static_cast<unsigned char>(text_[at_]), 0x20);
            if (text_[at_] != '\\') {
                out += text_[at_++];
                continue;
            }
            char c = text_.at(at_ + 1);
            EXPECT_NE(std::string("\\\"u").find(c), std::string::npos);
            out += c == 'u' ? text_.substr(at_, 6) : std::string(1, c);
            at_ += c == 'u' ? 6 : 2;
        }
        ++at_;
        return out;
    }
    void value(const std::string& path)
    {
        auto join = [&](const std::string& name) {
            return path.empty() ? name : path + "." + name;
        };
        if (take('{')) {
            if (take('}'))
                return;
            do {
                peek();
                std::string name = string();
                EXPECT_TRUE(take(':')) << "at " << at_;
                value(join(name));
            } while (take(','));
            EXPECT_TRUE(take('}')) << "at " << at_;
        } else if (take('[')) {
            if (take(']'))
                return;
            int n = 0;
            do
                value(join(std::to_string(n++)));
            while (take(','));
            EXPECT_TRUE(take(']')) << "at " << at_;
        } else if (peek() == '"') {
            EXPECT_TRUE(values.emplace(path, string()).second) << path << " twice";
        } else {
            size_t end = std::min(text_.find_first_of(",]}", at_), text_.size());
            std::string word = text_.substr(at_, end - at_);
            ASSERT_TRUE(matches(word, "true|false|null|-?(0|[1-9][0-9]*)(\\.[0-9]+)?")) << word;
            at_ = end;
            EXPECT_TRUE(values.emplace(path, word).second) << path << " twice";
        }
    }
    std::string text_;
    size_t at_ = 0;
};

// ---- what is shown ------------------------------------------------------------------------------

class StatusPage : public testing::Test
{
protected:
    StatusPage()
    {
        for (int i = 0; i < 2; ++i) {
            net::WorkerLine* line = board.take(3, static_cast<uint32_t>(i));
            line->pid = 100 + i;
            line->connections.accepted += static_cast<uint64_t>(10 + i);
            line->connections.active += 2;
            line->loop.longest_turn.set(1500);
            line->loop.turn_began.set(4000);
        }
        size_t listener = board.listener("unix:/a \"b\"\\c");
        board.lines()[1].listeners[listener].accepted += 7;
        bool again = false;
        EXPECT_TRUE(zones.declare("z\x80\n", &board, 32768, "", again));
        EXPECT_EQ(zones.open(nullptr, log), "");
        zone::Zone& zone = *zones.all().front();
        zone::Lock lock(zone);
        EXPECT_TRUE(zone.table().add("k", zone.table().hash("k"), 0, 1, 0));
        upstream::PeerSpec peer;
        peer.name = "127.0.0.1:80";
        peer.weight = 5;
        group.add(peer);
        peer.name = "127.0.0.1:81";
        peer.down = peer.backup = true;
        group.add(peer);
    }
    Source source() { return {board, zones, {&group}, peers, 101, Instant{5000}}; }

    Log log;
    net::Scoreboard board;
    zone::Set zones;
    upstream::Board peers;
    upstream::Group group{"app"};
};

TEST_F(StatusPage, IsWhatPrometheusReads)
{
    Prometheus page(prometheus(source()));
    EXPECT_EQ(page.value("sluice_connections_accepted_total", {{"worker", "0"}}), "10");
    EXPECT_EQ(page.value("sluice_connections_accepted_total", {{"worker", "1"}}), "11");
    EXPECT_EQ(page.value("sluice_connections_active", {{"worker", "0"}}), "2");
    EXPECT_EQ(page.value("sluice_worker_info",
                         {{"worker", "1"}, {"pid", "101"}, {"generation", "3"}, {"index", "1"}}),
              "1");
    EXPECT_EQ(page.value("sluice_loop_longest_turn_seconds", {{"worker", "0"}}), "0.001500");
    EXPECT_EQ(page.value("sluice_loop_turn_age_seconds", {{"worker", "0"}}), "1.000000");
    EXPECT_EQ(page.value("sluice_listener_accepted_total",
                         {{"worker", "1"}, {"listener", "unix:/a \"b\"\\c"}}),
              "7");
    EXPECT_EQ(
        page.value("sluice_listener_accepted_total", {{"worker", "1"}, {"listener", "other"}}),
        "0");
    EXPECT_EQ(page.value("sluice_zone_states", {{"zone", "z\xEF\xBF\xBD\n"}}), "1");
    EXPECT_EQ(page.value("sluice_zone_used_bytes", {}), "64");
    EXPECT_EQ(page.value("sluice_zone_size_bytes", {}), "32768");
    EXPECT_EQ(page.value("sluice_upstream_peer_up",
                         {{"upstream", "app"}, {"peer", "127.0.0.1:80"}}),
              "1");
    EXPECT_EQ(page.value("sluice_upstream_peer_up", {{"peer", "127.0.0.1:81"}, {"backup", "1"}}),
              "0");
    // Every metric of every table, for each thing that there is.
    EXPECT_EQ(page.families.size(), 2 + worker_metrics().size() + listener_metrics().size() +
                                        zone_metrics().size() + peer_metrics().size());
    for (const auto& [name, samples] : page.families)
        EXPECT_FALSE(samples.empty()) << name;
}

TEST_F(StatusPage, IsJson)
{
    Json page(json(source()));
    EXPECT_EQ(page.values["worker"], "1");
    EXPECT_EQ(page.values["workers.0.pid"], "100");
    EXPECT_EQ(page.values["workers.1.connections_accepted"], "11");
    EXPECT_EQ(page.values["workers.1.generation"], "3");
    EXPECT_EQ(page.values["workers.0.loop_longest_turn_seconds"], "0.001500");
    EXPECT_EQ(page.values["workers.1.listeners.1.listener"], "unix:/a \"b\"\\c");
    EXPECT_EQ(page.values["workers.1.listeners.1.listener_accepted"], "7");
    EXPECT_EQ(page.values["zones.0.zone"], "z\xEF\xBF\xBD\\u000a");
    EXPECT_EQ(page.values["zones.0.zone_states"], "1");
    EXPECT_EQ(page.values["upstreams.0.upstream"], "app");
    EXPECT_EQ(page.values["upstreams.0.peers.0.upstream_peer_weight"], "5");
    EXPECT_EQ(page.values["upstreams.0.peers.1.backup"], "true");
}

TEST_F(StatusPage, CountsStayWhenAWorkerEnds)
{
    board.give_back(100);
    Prometheus page(prometheus(source()));
    EXPECT_EQ(page.value("sluice_connections_accepted_total", {{"worker", "0"}}), "10");
    EXPECT_EQ(page.value("sluice_connections_active", {{"worker", "0"}}), "0");
    EXPECT_EQ(page.value("sluice_up", {{"worker", "0"}}), "0");
    EXPECT_EQ(page.value("sluice_worker_info", {{"worker", "0"}}), "none");
    EXPECT_EQ(Json(json(source())).values["workers.0.pid"], "0");
}

TEST(StatusText, OnlyUtf8IsKept)
{
    EXPECT_EQ(valid_utf8("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"),
              "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
    const std::string bad = "\xEF\xBF\xBD";
    EXPECT_EQ(valid_utf8("\xC3"), bad);
    EXPECT_EQ(valid_utf8("\xC0\xAF"), bad + bad);            // overlong
    EXPECT_EQ(valid_utf8("\xED\xA0\x80"), bad + bad + bad);  // a surrogate
    EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80x"), bad + bad + bad + bad + "x");
}

}  // namespace
}  // namespace sluice::status
