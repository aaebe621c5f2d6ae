// SPDX-License-Identifier: Apache-2.0
#include "modules/log/format.h"

namespace sluice::log {
namespace {

constexpr char digits[] = "0123456789ABCDEF";

bool is_special(unsigned char c, Escape how)
{
    if (c == '"' || c == '\\' || c < 0x20)
        return true;
    return how == Escape::text && c >= 0x7f;
}

void append_hex(std::string& out, const char* prefix, unsigned char c)
{
    out += prefix;
    out += digits[c >> 4];
    out += digits[c & 15];
}

void append_json(std::string& out, unsigned char c)
{
    switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    default: append_hex(out, "\\u00", c);
    }
}

}  // namespace

void append_escaped(std::string& out, std::string_view s, Escape how)
{
    if (how == Escape::none) {
        out += s;
        return;
    }
    size_t begin = 0;
    for (size_t i = 0; i < s.size(); ++i) {
        auto c = static_cast<unsigned char>(s[i]);
        if (!is_special(c, how))
            continue;
        out += s.substr(begin, i - begin);
        begin = i + 1;
        if (how == Escape::json)
            append_json(out, c);
        else
            append_hex(out, "\\x", c);
    }
    out += s.substr(begin);
}

void Format::add_text(std::string_view text)
{
    tail_ += text;
}

void Format::add(const Template& part)
{
    add_text(part.literal());
    for (const Template::Part& p : part.parts()) {
        if (p.kind == Template::Part::text)
            add_text(p.text_);
        else if (p.kind == Template::Part::variable)
            ops_.push_back({std::exchange(tail_, {}), p.index});
    }
}

void Format::render(Request& r, std::string& out) const
{
    for (const Op& op : ops_) {
        out += op.before;
        http::Value value = r.variables.get(r, op.variable);
        if (value)
            append_escaped(out, *value, escape_);
        else if (escape_ == Escape::text)
            out += '-';
    }
    out += tail_;
    out += '\n';
}

}  // namespace sluice::log
