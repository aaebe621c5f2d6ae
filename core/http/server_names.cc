// SPDX-License-Identifier: Apache-2.0
#include "core/http/server_names.h"

namespace sluice::http {

bool ServerNames::add(const ServerName& name, Server& server)
{
    if (name.is_regex) {
        regexes_.emplace_back(&name, &server);
        return true;
    }
    const std::string& text = name.text;
    if (text.starts_with("*."))
        return suffix_.emplace(text.substr(1), &server).second;
    if (text.starts_with(".")) {
        // `.example.com` is `example.com *.example.com`.
        bool added = exact_.emplace(text.substr(1), &server).second;
        return suffix_.emplace(text, &server).second && added;
    }
    if (text.ends_with(".*"))
        return prefix_.emplace(text.substr(0, text.size() - 1), &server).second;
    return exact_.emplace(text, &server).second;
}

Server* ServerNames::find(std::string_view host, Captures& captures,
                          const ServerName*& matched) const
{
    if (auto it = exact_.find(host); it != exact_.end())
        return it->second;
    if (!suffix_.empty())
        for (size_t dot = host.find('.', 1); dot != std::string_view::npos;
             dot = host.find('.', dot + 1))
            if (auto it = suffix_.find(host.substr(dot)); it != suffix_.end())
                return it->second;
    if (!prefix_.empty() && !host.empty())
        for (size_t dot = host.rfind('.', host.size() - 1);
             dot != std::string_view::npos && dot > 0; dot = host.rfind('.', dot - 1))
            if (dot + 1 < host.size())
                if (auto it = prefix_.find(host.substr(0, dot + 1)); it != prefix_.end())
                    return it->second;
    for (const auto& [name, server] : regexes_)
        if (name->pattern.run(host, &captures) == Regex::match) {
            matched = name;
            return server;
        }
    return nullptr;
}

}  // namespace sluice::http
