// SPDX-License-Identifier: Apache-2.0
#include "modules/map/table.h"

#include <algorithm>

#include "core/base/bytes.h"

namespace sluice::map {

bool Table::add_exact(std::string_view text, size_t entry)
{
    return exact_.emplace(lower(text), entry).second;
}

std::optional<bool> Table::add_mask(std::string_view mask, size_t entry)
{
    std::string name = lower(mask);
    if (name.find("..") != std::string::npos || std::count(name.begin(), name.end(), '*') > 1)
        return std::nullopt;
    if (name.starts_with("*.") && name.size() > 2)
        return suffix_.emplace(name.substr(1), entry).second;
    if (name.starts_with('.') && name.size() > 1 && name.find('*') == std::string::npos)
        // The name itself too; what is said of it exactly wins.
        return exact_.emplace(name.substr(1), entry).second & suffix_.emplace(name, entry).second;
    if (name.ends_with(".*") && name.size() > 2)
        return prefix_.emplace(name.substr(0, name.size() - 1), entry).second;
    if (name.find('*') != std::string::npos || name.starts_with('.'))
        return std::nullopt;
    return add_exact(name, entry);
}

size_t Table::find_mask(std::string_view text) const
{
    if (!suffix_.empty())
        for (size_t dot = text.find('.', 1); dot != std::string_view::npos;
             dot = text.find('.', dot + 1))
            if (auto it = suffix_.find(text.substr(dot)); it != suffix_.end())
                return it->second;
    if (!prefix_.empty())
        for (size_t dot = text.rfind('.'); dot != std::string_view::npos && dot > 0;
             dot = text.rfind('.', dot - 1))
            if (auto it = prefix_.find(text.substr(0, dot + 1)); it != prefix_.end())
                return it->second;
    return none;
}

Table::Found Table::find(std::string_view text, bool hostnames, http::Captures& captures) const
{
    if (hostnames && text.ends_with('.'))
        text.remove_suffix(1);
    char small[256];
    std::string large;
    std::string_view key;
    if (text.size() <= sizeof small) {
        std::transform(text.begin(), text.end(), small, to_lower);
        key = {small, text.size()};
    } else {
        large = lower(text);
        key = large;
    }
    if (auto it = exact_.find(key); it != exact_.end())
        return {it->second};
    if (hostnames)
        if (size_t entry = find_mask(key); entry != none)
            return {entry};
    failed_ = false;
    for (size_t i = 0; i < regexes_.size(); ++i)
        switch (regexes_[i].regex.run(text, &captures)) {
        case http::Regex::match: return {regexes_[i].entry, i};
        case http::Regex::error: failed_ = true; break;
        default: break;
        }
    return {};
}

}  // namespace sluice::map
