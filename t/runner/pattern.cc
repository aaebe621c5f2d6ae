// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include "pattern.h"

#include <pcre2.h>

#include "perl.h"

namespace sluice::runner {

namespace {

uint32_t options_of(std::string_view flags)
{
    uint32_t options = 0;
    for (char flag : flags) {
        switch (flag) {
        case 'i': options |= PCRE2_CASELESS; break;
        case 'm': options |= PCRE2_MULTILINE; break;
        case 's': options |= PCRE2_DOTALL; break;
        case 'x': options |= PCRE2_EXTENDED; break;
        default: throw SpecError(std::string("regex flag not supported: ") + flag);
        }
    }
    return options;
}

}  // namespace

Regex::Regex(std::string_view pattern, std::string_view flags) : pattern_(pattern)
{
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern_.data()), pattern_.size(),
                                     options_of(flags), &error, &offset, nullptr);
    if (code == nullptr)
        throw SpecError("bad regex at byte " + std::to_string(offset) + ": " + pattern_);
    code_ =
        std::shared_ptr<void>(code, [](void* p) { pcre2_code_free(static_cast<pcre2_code*>(p)); });
}

bool Regex::match_at(std::string_view subject, size_t from, size_t& begin, size_t& end) const
{
    auto* code = static_cast<pcre2_code*>(code_.get());
    pcre2_match_data* data = pcre2_match_data_create_from_pattern(code, nullptr);
    int rc = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), from,
                         0, data, nullptr);
    if (rc >= 0) {
        begin = pcre2_get_ovector_pointer(data)[0];
        end = pcre2_get_ovector_pointer(data)[1];
    }
    pcre2_match_data_free(data);
    if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
        throw SpecError("regex failed with " + std::to_string(rc) + ": " + pattern_);
    return rc >= 0;
}

bool Regex::found_in(std::string_view subject) const
{
    size_t begin = 0;
    size_t end = 0;
    return match_at(subject, 0, begin, end);
}

std::vector<std::string> Regex::all_in(std::string_view subject) const
{
    std::vector<std::string> found;
    size_t from = 0;
    size_t begin = 0;
    size_t end = 0;
    while (from <= subject.size() && match_at(subject, from, begin, end)) {
        found.emplace_back(subject.substr(begin, end - begin));
        from = end > begin ? end : end + 1;
    }
    return found;
}

}  // namespace sluice::runner
