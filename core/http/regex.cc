// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/http/regex.h"

#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>

#include "core/base/check.h"

namespace sluice::http {
namespace {

// A pattern that needs more steps than this on one subject is answered "error" and logged by the
// caller.
constexpr uint32_t match_limit = 100000;
constexpr uint8_t runs_before_jit = 8;

struct Scratch {
    pcre2_match_data* data = pcre2_match_data_create(Captures::max, nullptr);
    pcre2_match_context* context = pcre2_match_context_create(nullptr);
    Scratch() { pcre2_set_match_limit(context, match_limit); }
    ~Scratch()
    {
        pcre2_match_data_free(data);
        pcre2_match_context_free(context);
    }
};
Scratch& scratch()
{
    static Scratch one;  // a worker has one thread
    return one;
}

std::vector<std::pair<std::string, uint32_t>> group_names(pcre2_code* code)
{
    uint32_t count = 0, size = 0;
    PCRE2_SPTR table = nullptr;
    pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
    std::vector<std::pair<std::string, uint32_t>> names;
    for (uint32_t i = 0; i < count; ++i) {
        PCRE2_SPTR entry = table + static_cast<size_t>(i) * size;
        names.emplace_back(reinterpret_cast<const char*>(entry + 2),
                           static_cast<uint32_t>(entry[0]) << 8 | entry[1]);
    }
    return names;
}

}  // namespace

Result<Regex, RegexError> Regex::compile(const std::string& pattern, bool caseless)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code* compiled =
        pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                      caseless ? PCRE2_CASELESS : 0, &code, &offset, nullptr);
    if (!compiled) {
        PCRE2_UCHAR text[128];
        pcre2_get_error_message(code, text, sizeof text);
        offset = std::min(offset, pattern.size());
        auto why = reinterpret_cast<const char*>(text);
        std::string what = fmt::format("pcre2_compile() failed: {} in \"{}\"", why, pattern);
        if (offset < pattern.size())
            what += fmt::format(" at \"{}\"", pattern.substr(offset));
        return fail(RegexError{std::move(what), offset});
    }
    Regex regex;
    regex.code_ = {compiled, [](pcre2_code* p) { pcre2_code_free(p); }};
    pcre2_pattern_info(compiled, PCRE2_INFO_CAPTURECOUNT, &regex.groups_);
    regex.names_ = group_names(compiled);
    return regex;
}

Regex::Outcome Regex::run(std::string_view subject, Captures* captures) const
{
    // Compiled to machine code once it turns out to be used: that takes longer than many matches.
    // Where the system does not allow it PCRE2 interprets, with the same answers.
    if (runs_ < runs_before_jit && ++runs_ == runs_before_jit)
        pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE);
    Scratch& s = scratch();
    int n =
        pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(subject.data() ? subject.data() : ""),
                    subject.size(), 0, 0, s.data, s.context);
    if (n == PCRE2_ERROR_NOMATCH)
        return no_match;
    if (n < 0)
        return error;
    if (!captures)
        return match;
    if (n == 0)
        n = Captures::max;  // more groups than we keep
    const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(s.data);
    captures->subject = subject;
    captures->count =
        static_cast<uint32_t>(std::min<size_t>(static_cast<size_t>(n), Captures::max));
    for (uint32_t i = 0; i < 2 * captures->count; ++i)
        captures->offsets[i] =
            offsets[i] == PCRE2_UNSET ? UINT32_MAX : static_cast<uint32_t>(offsets[i]);
    return match;
}

bool compile_regex(conf::Apply& apply, size_t arg, size_t skip, bool caseless, Regex& out)
{
    auto regex = Regex::compile(apply.arg(arg).substr(skip), caseless);
    if (regex)
        out = std::move(*regex);
    else
        apply.fail_inside(arg, skip + regex.error().offset, regex.error().text);
    return regex.has_value();
}

}  // namespace sluice::http
