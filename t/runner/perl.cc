// SPDX-License-Identifier: Apache-2.0
#include "perl.h"

#include <cctype>

namespace sluice::runner {

namespace {

bool is_word(char c)
{
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

class Parser
{
public:
    Parser(std::string_view source, const Vars& vars) : in_(source), vars_(vars) {}

    Value whole()
    {
        Value v = concat();
        skip_space();
        while (at_ < in_.size() && in_[at_] == ';') {
            at_++;
            skip_space();
        }
        if (at_ != in_.size())
            fail("trailing code");
        return v;
    }

    Value concat()
    {
        Value left = repeat();
        while (eat('.')) {
            Value right = repeat();
            left = Value::of(plain(left) + plain(right));
        }
        return left;
    }

    size_t at() const { return at_; }

private:
    [[noreturn]] void fail(const std::string& what) const
    {
        throw SpecError("eval: " + what + " at: " + std::string(in_.substr(at_, 40)));
    }

    std::string plain(const Value& v) const
    {
        if (v.kind != Value::Kind::text)
            fail("text expected");
        return v.text;
    }

    void skip_space()
    {
        while (at_ < in_.size()) {
            if (std::isspace(static_cast<unsigned char>(in_[at_])))
                at_++;
            else if (in_[at_] == '#')
                at_ = std::min(in_.find('\n', at_), in_.size());
            else
                return;
        }
    }

    bool eat(char c)
    {
        skip_space();
        if (at_ >= in_.size() || in_[at_] != c)
            return false;
        at_++;
        return true;
    }

    std::string word()
    {
        size_t from = at_;
        while (at_ < in_.size() && (is_word(in_[at_]) || in_.substr(at_, 2) == "::"))
            at_ += in_[at_] == ':' ? 2 : 1;
        return std::string(in_.substr(from, at_ - from));
    }

    Value repeat()
    {
        Value left = primary();
        skip_space();
        while (at_ + 1 < in_.size() && in_[at_] == 'x' && !std::isalpha(in_[at_ + 1])) {
            at_++;
            long times = std::stol(plain(primary()));
            std::string once = plain(left);
            std::string all;
            for (long i = 0; i < times; i++)
                all += once;
            left = Value::of(all);
            skip_space();
        }
        return left;
    }

    Value primary()
    {
        skip_space();
        if (at_ >= in_.size())
            fail("expression expected");
        char c = in_[at_];
        if (c == '"')
            return Value::of(interpolate(delimited(), true));
        if (c == '\'')
            return Value::of(single(delimited(), '\''));
        if (c == '[')
            return list();
        if (c == '$')
            return Value::of(variable());
        if (std::isdigit(static_cast<unsigned char>(c)))
            return number();
        if (eat('(')) {
            Value v = concat();
            if (!eat(')'))
                fail("')' expected");
            return v;
        }
        return named(word());
    }

    Value number()
    {
        std::string digits;
        while (at_ < in_.size() && std::isdigit(static_cast<unsigned char>(in_[at_])))
            digits += in_[at_++];
        if (at_ + 1 < in_.size() && in_[at_] == '.' &&
            std::isdigit(static_cast<unsigned char>(in_[at_ + 1]))) {
            digits += in_[at_++];
            while (at_ < in_.size() && std::isdigit(static_cast<unsigned char>(in_[at_])))
                digits += in_[at_++];
        }
        return Value::of(digits);
    }

    Value list()
    {
        eat('[');
        Value v;
        v.kind = Value::Kind::list;
        while (!eat(']')) {
            v.items.push_back(concat());
            if (!eat(',')) {
                if (!eat(']'))
                    fail("']' expected");
                break;
            }
        }
        return v;
    }

    Value named(const std::string& name)
    {
        if (name == "undef")
            return {Value::Kind::undef, {}, {}, {}};
        if (name == "chr") {
            Value code = primary();
            return Value::of(std::string(1, static_cast<char>(std::stoi(plain(code)))));
        }
        skip_space();
        if (name == "q")
            return Value::of(single(delimited(), close_));
        if (name == "qq")
            return Value::of(interpolate(delimited(), true));
        if (name == "qr") {
            std::string pattern = interpolate(delimited(), false);
            std::string flags;
            while (at_ < in_.size() && std::isalpha(static_cast<unsigned char>(in_[at_])))
                flags += in_[at_++];
            return {Value::Kind::regex, pattern, flags, {}};
        }
        fail("not understood: '" + name + "'");
    }

    // The raw text between delimiters; brackets nest. Escapes stay.
    std::string delimited()
    {
        char open = in_[at_++];
        static constexpr std::string_view opens = "([{<";
        static constexpr std::string_view closes = ")]}>";
        size_t bracket = opens.find(open);
        close_ = bracket == std::string_view::npos ? open : closes[bracket];
        std::string raw;
        int depth = 1;
        while (at_ < in_.size()) {
            char c = in_[at_++];
            if (c == '\\' && at_ < in_.size()) {
                if (in_[at_] != close_ || bracket != std::string_view::npos || close_ == '\'' ||
                    close_ == '"')
                    raw += c;
                raw += in_[at_++];
                continue;
            }
            if (c == close_ && --depth == 0)
                return raw;
            if (bracket != std::string_view::npos && c == open)
                depth++;
            raw += c;
        }
        fail("unterminated string");
    }

    static std::string single(const std::string& raw, char close)
    {
        std::string out;
        for (size_t i = 0; i < raw.size(); i++) {
            if (raw[i] == '\\' && i + 1 < raw.size() && (raw[i + 1] == '\\' || raw[i + 1] == close))
                i++;
            out += raw[i];
        }
        return out;
    }

    std::string variable()
    {
        at_++;
        std::string name = word();
        return lookup(name);
    }

    std::string lookup(std::string name) const
    {
        if (name.starts_with("main::"))
            name.erase(0, 6);
        else if (name.starts_with("::"))
            name.erase(0, 2);
        auto found = vars_.find(name);
        if (found != vars_.end())
            return found->second;
        if (expands_later(name))
            return "$" + name;
        throw SpecError("eval: unknown variable $" + name);
    }

    // Replaces variables, and in strings (not patterns) the escapes.
    std::string interpolate(const std::string& raw, bool escapes)
    {
        std::string out;
        for (size_t i = 0; i < raw.size();) {
            char c = raw[i];
            if (c == '\\' && i + 1 < raw.size()) {
                if (escapes) {
                    i = escape(raw, i + 1, out);
                } else {
                    out.append(raw, i, 2);
                    i += 2;
                }
                continue;
            }
            if (c == '$' && i + 1 < raw.size() &&
                (is_word(raw[i + 1]) || raw[i + 1] == ':' || (raw[i + 1] == '{' && escapes))) {
                i = interpolate_name(raw, i + 1, out);
                continue;
            }
            out += c;
            i++;
        }
        return out;
    }

    size_t interpolate_name(const std::string& raw, size_t i, std::string& out) const
    {
        bool braces = raw[i] == '{';
        size_t from = braces ? i + 1 : i;
        size_t end = from;
        while (end < raw.size() && (is_word(raw[end]) || raw.compare(end, 2, "::") == 0))
            end += raw[end] == ':' ? 2 : 1;
        out += lookup(raw.substr(from, end - from));
        return braces ? end + 1 : end;
    }

    static size_t escape(const std::string& raw, size_t i, std::string& out)
    {
        char c = raw[i++];
        static constexpr std::string_view names = "nrt0eafb";
        static constexpr std::string_view bytes("\n\r\t\0\x1b\a\f\b", 8);
        size_t known = names.find(c);
        if (known != std::string_view::npos) {
            out += bytes[known];
            return i;
        }
        if (c != 'x') {
            if (std::isalnum(static_cast<unsigned char>(c)))
                throw SpecError(std::string("eval: escape not supported: \\") + c);
            out += c;
            return i;
        }
        bool braces = i < raw.size() && raw[i] == '{';
        i += braces;
        std::string hex;
        while (i < raw.size() && hex.size() < 2 &&
               std::isxdigit(static_cast<unsigned char>(raw[i])))
            hex += raw[i++];
        out += static_cast<char>(hex.empty() ? 0 : std::stoi(hex, nullptr, 16));
        return i + braces;
    }

    std::string_view in_;
    const Vars& vars_;
    size_t at_ = 0;
    char close_ = 0;
};

// `our $Name = <<'END';` : the text of the lines after it up to END.
bool here_document(std::string_view source, size_t eq, std::string& text)
{
    size_t i = source.find_first_not_of(" \t", eq + 1);
    if (i == std::string_view::npos || source.substr(i, 2) != "<<")
        return false;
    i += 2;
    if (source[i] == '\'' || source[i] == '"')
        i++;
    size_t end = i;
    while (end < source.size() && is_word(source[end]))
        end++;
    std::string mark = "\n" + std::string(source.substr(i, end - i)) + "\n";
    size_t line = source.find('\n', end);
    size_t stop = line == std::string_view::npos ? line : source.find(mark, line);
    if (stop == std::string_view::npos)
        throw SpecError("prologue: here-document without end");
    text = source.substr(line + 1, stop - line);
    return true;
}

}  // namespace

bool expands_later(std::string_view name)
{
    return name.starts_with("TEST_NGINX_") || name == "ServerPort" || name == "ServerRoot" ||
           name == "ServerPortForClient" || name == "HtmlDir" || name == "RandPort";
}

Value eval_perl(std::string_view source, const Vars& vars)
{
    return Parser(source, vars).whole();
}

Vars parse_prologue(std::string_view source)
{
    Vars vars;
    for (size_t at = source.find("our $"); at != std::string_view::npos;
         at = source.find("our $", at + 1)) {
        size_t from = at + 5;
        size_t end = from;
        while (end < source.size() && is_word(source[end]))
            end++;
        std::string name(source.substr(from, end - from));
        size_t eq = source.find_first_not_of(" \t", end);
        if (eq == std::string_view::npos || source[eq] != '=')
            continue;
        std::string text;
        if (here_document(source, eq, text)) {
            vars[name] = text;
            continue;
        }
        Parser parser(source.substr(eq + 1), vars);
        vars[name] = parser.concat().text;
    }
    return vars;
}

}  // namespace sluice::runner
