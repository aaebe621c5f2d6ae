// SPDX-License-Identifier: Apache-2.0
#include "spec_file.h"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace sluice::runner {

namespace {

struct RawSection {
    std::string name;
    std::vector<std::string> filters;
    std::string text;
    bool one_line = false;
};

std::string trimmed(const std::string& s)
{
    size_t from = s.find_first_not_of(" \t\r\n");
    size_t to = s.find_last_not_of(" \t\r\n");
    return from == std::string::npos ? "" : s.substr(from, to - from + 1);
}

void normalise(std::string& s)
{
    std::string out;
    for (size_t i = 0; i < s.size(); i++) {
        if (s[i] != '\r')
            out += s[i];
        else if (i + 1 == s.size() || s[i + 1] != '\n')
            out += '\n';
    }
    s = out;
}

void trim_blank_lines(std::string& s)
{
    size_t from = 0;
    for (;;) {
        size_t i = s.find_first_not_of(" \t", from);
        if (i == std::string::npos || s[i] != '\n')
            break;
        from = i + 1;
    }
    s.erase(0, from);
    size_t last = s.find_last_not_of(" \t\r\n");
    size_t eol = last == std::string::npos ? std::string::npos : s.find('\n', last);
    if (eol != std::string::npos)
        s.erase(eol + 1);
}

bool without(std::vector<std::string>& filters, const std::string& name)
{
    return std::erase(filters, name) > 0;
}

Value filtered(RawSection raw, const Vars& vars)
{
    if (!raw.one_line && !without(raw.filters, "-norm"))
        normalise(raw.text);
    if (!raw.one_line && !without(raw.filters, "-trim"))
        trim_blank_lines(raw.text);
    Value v = Value::of(raw.text);
    for (const std::string& filter : raw.filters) {
        if (v.kind != Value::Kind::text)
            throw SpecError("filter after a list or regex: " + filter);
        if (filter == "chomp") {
            if (v.text.ends_with('\n'))
                v.text.pop_back();
        } else if (filter == "chop") {
            if (!v.text.empty())
                v.text.pop_back();
        } else if (filter == "eval") {
            v = eval_perl(v.text, vars);
        } else if (filter == "trim") {
            trim_blank_lines(v.text);
        } else if (filter == "norm") {
            normalise(v.text);
        } else {
            throw SpecError("filter not supported: " + filter);
        }
    }
    return v;
}

// "--- name filter filter" or "--- name filter: value"
RawSection section_head(const std::string& line)
{
    RawSection raw;
    std::string head = line.substr(4);
    size_t colon = head.find(':');
    while (colon != std::string::npos && colon + 1 < head.size() && head[colon + 1] != ' ' &&
           head[colon + 1] != '\t')
        colon = head.find(':', colon + 1);
    if (colon != std::string::npos) {
        raw.one_line = true;
        raw.text = trimmed(head.substr(colon + 1));
        head = head.substr(0, colon);
    }
    std::istringstream in(head);
    in >> raw.name;
    for (std::string filter; in >> filter;)
        raw.filters.push_back(filter);
    return raw;
}

class Reader
{
public:
    explicit Reader(Vars vars) : vars_(std::move(vars)) {}

    void line(int number, const std::string& text)
    {
        if (text.starts_with("===")) {
            finish_section();
            Block block;
            block.title = trimmed(text.substr(3));
            block.line = number;
            blocks_.push_back(block);
        } else if (text.starts_with("--- ") && !blocks_.empty()) {
            finish_section();
            raw_ = section_head(text);
            open_ = true;
        } else if (open_ && !raw_.one_line) {
            raw_.text += text + "\n";
        } else if (open_ && text.find_first_not_of(" \t\r") != std::string::npos) {
            fail("line after '--- " + raw_.name + ": value': " + text);
        }
    }

    std::vector<Block> blocks()
    {
        finish_section();
        return std::move(blocks_);
    }

private:
    void fail(const std::string& what)
    {
        if (blocks_.back().error.empty())
            blocks_.back().error = what;
    }

    void finish_section()
    {
        if (!open_)
            return;
        open_ = false;
        Block& block = blocks_.back();
        if (block.has(raw_.name))
            fail("section given twice: " + raw_.name);
        std::string name = raw_.name;
        try {
            block.sections.push_back({name, filtered(std::move(raw_), vars_)});
        } catch (const std::exception& e) {
            fail("section " + name + ": " + e.what());
        }
        raw_ = {};
    }

    Vars vars_;
    std::vector<Block> blocks_;
    RawSection raw_;
    bool open_ = false;
};

std::vector<Block> chosen(std::vector<Block> blocks)
{
    std::vector<Block> out;
    for (Block& block : blocks) {
        block.skip = block.has("SKIP");
        if (block.has("ONLY"))
            return {block};
    }
    for (Block& block : blocks) {
        out.push_back(block);
        if (block.has("LAST"))
            break;
    }
    return out;
}

}  // namespace

const Value* Block::find(std::string_view name) const
{
    for (const Section& section : sections) {
        if (section.name == name)
            return &section.value;
    }
    return nullptr;
}

std::string Block::text(std::string_view name, std::string_view otherwise) const
{
    const Value* v = find(name);
    if (v == nullptr)
        return std::string(otherwise);
    if (v->is_list())
        throw SpecError("section " + std::string(name) + ": a text is expected, not a list");
    return v->text;
}

double Block::number(std::string_view name, double otherwise) const
{
    return has(name) ? std::stod(text(name)) : otherwise;
}

std::vector<Block> parse_spec(std::string_view source)
{
    std::string text(source);
    size_t data = text.starts_with("__DATA__\n") ? 0 : text.find("\n__DATA__\n");
    Vars vars;
    std::istringstream in(text);
    std::string line;
    int number = 0;
    if (data != std::string::npos) {
        vars = parse_prologue(std::string_view(text).substr(0, data + 1));
        while (std::getline(in, line) && line != "__DATA__")
            number++;
        number++;
    }
    Reader reader(std::move(vars));
    while (std::getline(in, line))
        reader.line(++number, line);
    return chosen(reader.blocks());
}

std::string test_name(int index, std::string_view title)
{
    size_t colon = title.find(':');
    if (title.starts_with("TEST") && colon != std::string_view::npos)
        title.remove_prefix(colon + 1);
    char number[16];
    std::snprintf(number, sizeof number, "%03d", index);
    std::string name = number;
    for (char c : title) {
        if (std::isalnum(static_cast<unsigned char>(c))) {
            if (name.back() == '_' || name.size() > 3)
                name += c;
            else
                (name += '_') += c;
        } else if (name.back() != '_') {
            name += '_';
        }
    }
    while (name.ends_with('_'))
        name.pop_back();
    return name;
}

}  // namespace sluice::runner
