// SPDX-License-Identifier: Apache-2.0
#include "expand.h"

#include <cctype>
#include <cstdlib>

namespace sluice::runner {

std::string Expander::text(const std::string& in) const
{
    std::string out;
    for (size_t i = 0; i < in.size();) {
        if (in[i] != '$') {
            out += in[i++];
            continue;
        }
        size_t end = i + 1;
        bool braces = end < in.size() && in[end] == '{';
        end += braces;
        size_t from = end;
        while (end < in.size() &&
               (std::isalnum(static_cast<unsigned char>(in[end])) || in[end] == '_'))
            end++;
        std::string name = in.substr(from, end - from);
        auto found = values_.find(name);
        const char* env = std::getenv(name.c_str());
        bool ours = expands_later(name) && (!braces || (end < in.size() && in[end] == '}'));
        if (!ours) {
            out += in[i++];
            continue;
        }
        if (found == values_.end() && env == nullptr)
            throw SpecError("unknown variable $" + name);
        out += found != values_.end() ? found->second : env;
        i = end + braces;
    }
    return out;
}

Value Expander::value(Value in) const
{
    in.text = text(in.text);
    for (Value& item : in.items)
        item = value(std::move(item));
    return in;
}

}  // namespace sluice::runner
