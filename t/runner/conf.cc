// SPDX-License-Identifier: Apache-2.0
//
// The nginx.conf around a block's sections, as stock Test::Nginx lays it out.
#include "pattern.h"
#include "spec_case.h"

namespace sluice::runner {

namespace {

// What stock sets, unless the block does.
std::string http_defaults(const std::string& http)
{
    std::string out;
    if (http.find("client_max_body_size") == std::string::npos)
        out += "    client_max_body_size 30M;\n";
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
        std::string directive = std::string(kind) + "_temp_path";
        if (http.find(directive) == std::string::npos)
            out += "    " + directive + " tmp/" + kind + ";\n";
    }
    return out;
}

bool has_root_location(const std::string& config)
{
    return Regex(R"(location\s+(=\s+)?/\s*\{)", "").found_in(config);
}

}  // namespace

std::string nginx_conf(const Block& block, const Expander& names)
{
    std::string main = names.text(block.text("main_config"));
    std::string http = names.text(block.text("http_config"));
    std::string config = names.text(block.text("config"));
    if (block.has("nginx_conf"))
        return names.text(block.text("nginx_conf"));
    std::string out =
        "daemon off;\nmaster_process off;\nworker_processes 1;\nerror_log logs/error.log " +
        block.text("log_level", "info") + ";\npid logs/nginx.pid;\n" + main;
    out +=
        "\nhttp {\n    access_log logs/access.log;\n    default_type text/plain;\n"
        "    keepalive_timeout 68;\n" +
        http_defaults(http) + http;
    out += "\n    server {\n        listen " + names.text("$TEST_NGINX_SERVER_PORT") +
           ";\n        server_name localhost;\n" + config;
    if (!has_root_location(config))
        out += "\n        location / {\n            root " + names.text("$TEST_NGINX_HTML_DIR") +
               ";\n            index index.html index.htm;\n        }\n";
    out += "    }\n" + names.text(block.text("post_server_config")) + "}\n";
    if (main.find("events") == std::string::npos)
        out += "\nevents {\n    accept_mutex off;\n    worker_connections 128;\n}\n";
    return out;
}

}  // namespace sluice::runner
