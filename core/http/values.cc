// SPDX-License-Identifier: Apache-2.0
#include "core/http/values.h"

#include "core/http/config.h"
#include "core/http/request.h"

namespace sluice::http {

uint64_t SizeValue::eval(Request& r) const
{
    if (text.is_constant())
        return constant;
    std::string_view value = text.eval(r);
    auto size = conf::parse_size(value);
    if (!size && !value.empty())
        r.log(Level::error, "invalid size \"{}\"", value);
    return size.value_or(0);
}

bool parse(conf::Apply& apply, size_t arg, SizeValue& out)
{
    if (!parse(apply, arg, out.text))
        return false;
    if (!out.text.is_constant())
        return true;
    auto size = conf::parse_size(out.text.literal());
    if (!size) {
        apply.fail_directive_at(arg, "invalid value");
        return false;
    }
    out.constant = *size;
    return true;
}

bool Predicates::any(Request& r) const
{
    for (const Template& text : texts) {
        std::string_view value = text.eval(r);
        if (!value.empty() && value != "0")
            return true;
    }
    return false;
}

bool parse(conf::Apply& apply, size_t arg, Predicates& out)
{
    for (size_t i = arg; i < apply.size(); ++i) {
        Template text;
        if (!parse(apply, i, text))
            return false;
        out.texts.push_back(std::move(text));
    }
    return true;
}

}  // namespace sluice::http
