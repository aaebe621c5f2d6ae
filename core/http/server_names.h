// SPDX-License-Identifier: Apache-2.0
// Choosing a server by name among those of one address, in nginx's order (server_name): exact name,
// longest wildcard at the beginning (*.example.com, .example.com), longest wildcard at the end
// (mail.*), first regular expression. Names are lower case.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/hash.h"
#include "core/http/regex.h"

namespace sluice::http {

struct Server;

struct ServerName {
    std::string text;  // lower case, without the ~ of a regex
    bool is_regex = false;
    Regex pattern;
    NamedGroups groups;
};

class ServerNames
{
public:
    /// False when the name is there already (nginx: `conflicting server name`, a warning).
    bool add(const ServerName& name, Server& server);
    /// Null: none fits, the default server's turn. `matched` is the regex that did, or null.
    Server* find(std::string_view host, Captures& captures, const ServerName*& matched) const;

private:
    using Table = std::unordered_map<std::string, Server*, ViewHash, std::equal_to<>>;
    Table exact_;
    Table suffix_;  // ".example.com"
    Table prefix_;  // "mail."
    std::vector<std::pair<const ServerName*, Server*>> regexes_;
};

}  // namespace sluice::http
