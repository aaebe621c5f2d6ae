// SPDX-License-Identifier: Apache-2.0
#include "checks.h"

#include <sstream>

#include "pattern.h"

namespace sluice::runner {

namespace {

void differ(Findings& out, const std::string& section, const std::string& expected,
            const std::string& actual)
{
    out.push_back("--- " + section + "\n    expected: " + visible(expected) +
                  "\n    actual:   " + visible(actual));
}

const Value* pick(const Block& block, const std::string& name, size_t index, size_t requests)
{
    const Value* v = block.find(name);
    if (v == nullptr || !v->is_list())
        return v;
    if (v->items.size() != requests)
        throw SpecError(name + ": " + std::to_string(v->items.size()) + " values for " +
                        std::to_string(requests) + " responses");
    return &v->items[index];
}

Regex regex_of(const Value& v, std::string_view flags)
{
    return Regex(v.text, v.is_regex() ? std::string_view(v.flags) : flags);
}

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (!line.empty())
            lines.push_back(line);
    }
    return lines;
}

std::vector<Value> patterns_of(const Value& v)
{
    if (v.is_list())
        return v.items;
    if (v.is_regex())
        return {v};
    std::vector<Value> patterns;
    for (const std::string& line : lines_of(v.text))
        patterns.push_back(Value::of(line));
    return patterns;
}

bool on_line(const Value& pattern, const std::string& line)
{
    return pattern.is_regex() ? regex_of(pattern, "").found_in(line)
                              : line.find(pattern.text) != std::string::npos;
}

bool is_absence(const std::string& line)
{
    return line.starts_with("!");
}

void check_headers(const std::string& section, const Value& expected, const Response& response,
                   bool like, Findings& out)
{
    for (const std::string& line : lines_of(expected.text)) {
        size_t colon = line.find(':');
        if (is_absence(line)) {
            std::string name = line.substr(1, colon == std::string::npos ? colon : colon - 1);
            if (response.header(name))
                differ(out, section + " " + line, "(none)", *response.header(name));
            continue;
        }
        if (colon == std::string::npos)
            throw SpecError(section + ": no colon in: " + line);
        std::string name = line.substr(0, colon);
        size_t from = line.find_first_not_of(' ', colon + 1);
        std::string value = from == std::string::npos ? "" : line.substr(from);
        std::string actual = response.header(name).value_or("");
        bool ok = like ? Regex("^(?:" + value + ")$", "").found_in(actual) : actual == value;
        if (!ok)
            differ(out, section + " " + name, value, actual);
    }
}

void check_pattern(const std::string& section, const Value& pattern, const std::string& actual,
                   bool wanted, Findings& out)
{
    if (regex_of(pattern, "s").found_in(actual) != wanted)
        differ(out, section, (wanted ? "like " : "unlike ") + pattern.text, actual);
}

}  // namespace

std::string visible(const std::string& bytes)
{
    static constexpr size_t longest = 2000;
    std::string out = "\"";
    for (char c : bytes.substr(0, longest)) {
        auto u = static_cast<unsigned char>(c);
        char hex[8];
        std::snprintf(hex, sizeof hex, "\\x%02x", u);
        if (c == '\n')
            out += "\\n";
        else if (c == '\r')
            out += "\\r";
        else if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (u < 0x20 || u == 0x7f)
            out += hex;
        else
            out += c;
    }
    return out +
           (bytes.size() > longest ? "\"... (" + std::to_string(bytes.size()) + " bytes)" : "\"");
}

void check_response(const Block& block, const Response& response, size_t index, size_t requests,
                    Findings& out)
{
    if (block.has("error_code_like")) {
        check_pattern("error_code_like", *pick(block, "error_code_like", index, requests),
                      response.code, true, out);
    } else {
        const Value* code = pick(block, "error_code", index, requests);
        std::string expected = code == nullptr ? "200" : code->text;
        if (expected != response.code)
            differ(out, "error_code", expected, response.code);
    }
    for (const char* name : {"response_headers", "response_headers_like"}) {
        if (const Value* v = pick(block, name, index, requests))
            check_headers(name, *v, response, std::string_view(name).ends_with("like"), out);
    }
    const Value* v = pick(block, "raw_response_headers_like", index, requests);
    if (v != nullptr)
        check_pattern("raw_response_headers_like", *v, response.head, true, out);
    v = pick(block, "raw_response_headers_unlike", index, requests);
    if (v != nullptr)
        check_pattern("raw_response_headers_unlike", *v, response.head, false, out);
    v = pick(block, "response_body", index, requests);
    if (v != nullptr && v->is_regex())
        throw SpecError("response_body cannot be a regex");
    if (v != nullptr && v->text != response.body)
        differ(out, "response_body", v->text, response.body);
    v = pick(block, "response_body_like", index, requests);
    if (v != nullptr)
        check_pattern("response_body_like", *v, response.body, true, out);
    v = pick(block, "response_body_unlike", index, requests);
    if (v != nullptr)
        check_pattern("response_body_unlike", *v, response.body, false, out);
}

void check_raw(const Block& block, const std::string& bytes, Findings& out)
{
    check_text(block, "response_raw", bytes, out);
    check_text(block, "response_raw_like", bytes, out);
}

void check_lines(const Block& block, const std::string& section, bool wanted,
                 const std::string& log, Findings& out)
{
    const Value* v = block.find(section);
    if (v == nullptr)
        return;
    std::vector<std::string> lines = lines_of(log);
    for (const Value& pattern : patterns_of(*v)) {
        const std::string* hit = nullptr;
        for (const std::string& line : lines) {
            if (on_line(pattern, line))
                hit = &line;
        }
        if (pattern.kind != Value::Kind::undef && (hit != nullptr) != wanted)
            differ(out, section, pattern.text, hit != nullptr ? *hit : "(no such line)");
    }
}

void check_grep(const Block& block, const std::string& log, Findings& out)
{
    const Value* pattern = block.find("grep_error_log");
    if (pattern == nullptr)
        return;
    std::string found;
    for (const std::string& line : lines_of(log)) {
        if (!pattern->is_regex()) {
            if (on_line(*pattern, line))
                found += pattern->text + "\n";
            continue;
        }
        for (const std::string& match : regex_of(*pattern, "").all_in(line))
            found += match + "\n";
    }
    const Value* expected = block.find("grep_error_log_out");
    if (expected != nullptr && expected->is_list())
        expected = &expected->items.at(0);
    if (expected != nullptr && expected->is_regex())
        check_pattern("grep_error_log_out", *expected, found, true, out);
    else if (found != (expected == nullptr ? "" : expected->text))
        differ(out, "grep_error_log_out", expected == nullptr ? "" : expected->text, found);
}

void check_text(const Block& block, const std::string& section, const std::string& actual,
                Findings& out)
{
    const Value* v = block.find(section);
    if (v == nullptr)
        return;
    if (section.ends_with("_like"))
        check_pattern(section, *v, actual, true, out);
    else if (v->text != actual)
        differ(out, section, v->text, actual);
}

}  // namespace sluice::runner
