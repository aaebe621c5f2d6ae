// SPDX-License-Identifier: Apache-2.0
// Configurations that cannot work: each is refused with the line that is to blame, by -t and by the
// running master, which serves on as before.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "certs.h"
#include "fleet.h"

namespace sluice::fault {
namespace {

struct Broken {
    const char* name;
    const char* text;   // PORT, TAKEN and ROOT are put in
    const char* error;  // what the first message says
    int line;           // of conf/nginx.conf; 0: it has no place
};

// HEAD: what a good configuration begins with, on line 1.
#define HEAD "pid logs/nginx.pid; error_log logs/error.log info; events {}\n"
#define SERVER HEAD "http {\nserver { listen 127.0.0.1:PORT;\n"

#define TLS HEAD "http {\nserver { listen 127.0.0.1:PORT ssl;\n"

const Broken table[] = {
    // Text
    {"includes_itself", HEAD "include ROOT/conf/nginx.conf;\n", "includes itself", 2},
    {"includes_itself_by_pattern", HEAD "include ROOT/conf/nginx.con?;\n", "includes itself", 2},
    {"includes_a_ring", HEAD "include ring.conf;\n", "includes itself", 0},
    {"include_missing", HEAD "include none.conf;\n",
     "open() \"ROOT/conf/none.conf\" failed (2:", 2},
    {"include_folder", HEAD "include ROOT/conf;\n", "ROOT/conf", 2},
    {"quote_not_closed", SERVER "location / {\nreturn 200 \"ok;\n}\n}\n}\n\n",
     "the \" of line 5 is never closed", 5},
    {"single_quote_not_closed", SERVER "add_header a 'b;\n}\n}\n\n",
     "the ' of line 4 is never closed", 4},
    {"block_not_closed", SERVER "location / {\nreturn 200;\n}\n", "unexpected end of file", 7},
    {"brace_too_many", SERVER "}\n}\n}\n", "unexpected \"}\"", 6},
    {"no_semicolon", SERVER "return 200\n}\n}\n", "", 5},
    {"empty", "", "no \"events\" section in configuration", 0},
    {"no_events", "http {}\n", "no \"events\" section in configuration", 0},
    {"binary", HEAD "\x01\x02\x03;\n", "unknown directive", 2},
    // Names and places
    {"unknown_directive", SERVER "foo bar;\n}\n}\n", "unknown directive \"foo\"", 4},
    {"not_here", HEAD "listen 80;\n", "\"listen\" directive is not allowed here", 2},
    {"duplicate", HEAD "worker_processes 1;\nworker_processes 2;\n", "is duplicate", 3},
    {"too_few", HEAD "worker_processes;\n", "invalid number of arguments", 2},
    {"too_many", HEAD "worker_processes 1 2;\n", "invalid number of arguments", 2},
    {"load_module", HEAD "load_module x.so;\n", "module \"x.so\" cannot be loaded", 2},
    // Values
    {"workers_negative", HEAD "worker_processes -1;\n", "invalid value", 2},
    {"workers_too_many", HEAD "worker_processes 100000;\n", "invalid value", 2},
    {"master_maybe", HEAD "master_process maybe;\n", "invalid value \"maybe\"", 2},
    {"time_wrong", HEAD "worker_shutdown_timeout soon;\n", "invalid value", 2},
    {"watchdog_wrong", HEAD "worker_watchdog 1x;\n", "invalid value", 2},
    {"graceful_term_wrong", HEAD "graceful_term 1;\n", "invalid value \"1\"", 2},
    {"priority_wrong", HEAD "worker_priority x;\n", "invalid number", 2},
    {"cpu_mask_wrong", HEAD "worker_cpu_affinity 012;\n", "invalid character \"2\"", 2},
    {"log_level_wrong", HEAD "error_log logs/e loud;\n", "invalid log level \"loud\"", 2},
    {"size_wrong", SERVER "client_max_body_size 1x;\n}\n}\n", "invalid value", 4},
    {"size_too_large", SERVER "client_max_body_size 99999999999999999999;\n}\n}\n", "invalid value",
     4},
    {"timeout_wrong", SERVER "keepalive_timeout forever;\n}\n}\n", "invalid value", 4},
    {"status_wrong", SERVER "return 1000 x;\n}\n}\n", "invalid return code", 4},
    {"error_page_wrong", SERVER "error_page 200 /x;\n}\n}\n", "value \"200\" must be between", 4},
    {"port_too_large", HEAD "http {\nserver {\nlisten 65536;\n}\n}\n", "invalid port", 4},
    {"address_wrong", HEAD "http {\nserver {\nlisten 1.2.3.4.5:80;\n}\n}\n", "host not found", 4},
    {"listen_option_wrong", SERVER "listen 127.0.0.1:80 fast;\n}\n}\n", "invalid parameter", 4},
    {"listen_twice", SERVER "listen 127.0.0.1:PORT;\n}\n}\n", "a duplicate listen", 4},
    {"unknown_variable", SERVER "return 200 $nothing;\n}\n}\n", "unknown \"nothing\" variable", 4},
    {"unknown_variable_in_log", HEAD "http {\nlog_format a '$nothing';\n}\n",
     "unknown \"nothing\" variable", 3},
    {"unknown_log_format", SERVER "access_log logs/a none;\n}\n}\n", "unknown log format \"none\"",
     4},
    {"location_twice", SERVER "location / {}\nlocation / {}\n}\n}\n", "duplicate location \"/\"",
     5},
    {"location_modifier_wrong", SERVER "location ! / {}\n}\n}\n", "invalid location modifier", 4},
    {"location_outside", SERVER "location /a {\nlocation /b {}\n}\n}\n}\n", "is outside location",
     5},
    {"regex_wrong", SERVER "location ~ ( {}\n}\n}\n", "(", 4},
    {"server_name_regex_wrong", SERVER "server_name ~(;\n}\n}\n", "(", 4},
    {"upstream_port_wrong", SERVER "location / {\nproxy_pass http://a:99999;\n}\n}\n}\n",
     "invalid port in upstream", 5},
    {"upstream_prefix_wrong", SERVER "location / {\nproxy_pass none;\n}\n}\n}\n",
     "invalid URL prefix", 5},
    {"upstream_empty", HEAD "http {\nupstream a {\n}\n}\n", "no servers are inside upstream", 4},
    {"upstream_weight_wrong", HEAD "http {\nupstream a {\nserver 127.0.0.1 weight=x;\n}\n}\n",
     "invalid parameter", 4},
    {"default_server_twice",
     HEAD "http {\nserver { listen 127.0.0.1:PORT default_server; }\n"
          "server { listen 127.0.0.1:PORT default_server; }\n}\n",
     "a duplicate default server", 4},
    {"connections_too_few",
     "pid logs/nginx.pid; error_log logs/error.log info;\n"
     "events { worker_connections 1; }\n"
     "http { server { listen 127.0.0.1:PORT; } }\n",
     "worker_connections are not enough", 0},
    // What only opening tells
    {"error_log_unreadable", HEAD "error_log none/error.log;\n", "open() \"ROOT/none/error.log\"",
     2},
    {"error_log_is_a_folder", HEAD "error_log logs;\n", "open() \"ROOT/logs\" failed (21:", 2},
    {"access_log_unreadable", SERVER "access_log none/a.log;\n}\n}\n",
     "open() \"ROOT/none/a.log\" failed (2:", 4},
    {"port_in_use", SERVER "listen 127.0.0.1:TAKEN;\n}\n}\n",
     "bind() to 127.0.0.1:TAKEN failed (98: Address already in use)", 4},
    {"certificate_missing",
     TLS "ssl_certificate none.pem; ssl_certificate_key localhost.key;\n}\n}\n",
     "cannot load certificate \"ROOT/conf/none.pem\": BIO_new_file() failed", 4},
    {"certificate_is_a_folder", TLS "ssl_certificate .; ssl_certificate_key localhost.key;\n}\n}\n",
     "cannot load certificate \"ROOT/conf/.\": ", 4},
    {"certificate_is_none",
     TLS "ssl_certificate localhost.key; ssl_certificate_key localhost.key;\n}\n}\n",
     "cannot load certificate \"ROOT/conf/localhost.key\": PEM_read_bio_X509_AUX() failed", 4},
    {"certificate_is_cut",
     TLS "ssl_certificate cut.pem; ssl_certificate_key localhost.key;\n}\n}\n",
     "cannot load certificate \"ROOT/conf/cut.pem\": ", 4},
    {"key_missing", TLS "ssl_certificate localhost.pem; ssl_certificate_key none.key;\n}\n}\n",
     "cannot load certificate key \"ROOT/conf/none.key\": BIO_new_file() failed", 4},
    {"key_is_none", TLS "ssl_certificate localhost.pem; ssl_certificate_key localhost.pem;\n}\n}\n",
     "cannot load certificate key \"ROOT/conf/localhost.pem\": ", 4},
    {"key_of_another", TLS "ssl_certificate localhost.pem; ssl_certificate_key self.key;\n}\n}\n",
     "SSL_CTX_use_PrivateKey(\"ROOT/conf/self.key\") failed", 4},
    {"key_locked", TLS "ssl_certificate localhost.pem; ssl_certificate_key locked.key;\n}\n}\n",
     "cannot load certificate key \"ROOT/conf/locked.key\": ", 4},
    {"no_certificate", TLS "}\n}\n", "no \"ssl_certificate\" is defined", 0},
    {"not_our_address", SERVER "listen 203.0.113.1:80;\n}\n}\n",
     "bind() to 203.0.113.1:80 failed (99:", 4},
};

std::string replace(std::string text, const std::string& what, const std::string& with)
{
    for (size_t at = text.find(what); at != std::string::npos;
         at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

// One server survives them all.
TEST(BrokenConfiguration, IsRefusedWithItsLineAndTheOldOneServesOn)
{
    Fleet fleet("worker_processes 2;", "location / { return 200 good; }");
    ASSERT_TRUE(fleet.start()) << fleet.read("logs/out");
    std::vector<int> workers = fleet.workers();
    runner::Socket taken = runner::Socket::listen(std::to_string(fleet.port(1)));
    fleet.write("conf/ring.conf", "include ring2.conf;");
    fleet.write("conf/ring2.conf", "include ring.conf;");
    runner::write_certificates(fleet.root() + "/conf", false);
    fleet.write("conf/cut.pem", fleet.read("conf/localhost.pem").substr(0, 300));
    auto put = [&](const char* text) {
        std::string out = replace(text, "PORT", std::to_string(fleet.port()));
        out = replace(out, "TAKEN", std::to_string(fleet.port(1)));
        return replace(out, "ROOT", fleet.root());
    };
    ASSERT_GE(std::size(table), 50u);
    for (const Broken& b : table) {
        SCOPED_TRACE(b.name);
        fleet.write("conf/nginx.conf", put(b.text));
        std::string place;
        if (b.line > 0)
            place = fleet.root() + "/conf/nginx.conf:" + std::to_string(b.line);
        std::string error = put(b.error);

        bool in_use = std::string(b.error).find("TAKEN") != std::string::npos;
        Said said = fleet.run({"-t"});
        if (!in_use) {  // -t does not take the addresses of a running server for a fault
            EXPECT_EQ(said.code, 1);
            EXPECT_NE(said.text.find("[emerg] "), std::string::npos) << said.text;
            size_t at = std::min(said.text.find("[emerg] "), said.text.size());
            std::string first = said.text.substr(at);  // to where the next one begins
            first = first.substr(0, first.find("nginx: ["));
            EXPECT_NE(first.find(error), std::string::npos) << first;
            EXPECT_NE(first.find(place), std::string::npos) << first;
        }

        // The master's own look.
        size_t seen = fleet.log().size();
        fleet.signal(SIGHUP);
        EXPECT_TRUE(eventually([&] {
            std::string news = fleet.log().substr(seen);
            size_t at = news.find("[emerg]");
            return at != std::string::npos && news.find(error, at) != std::string::npos &&
                   news.find(place, at) != std::string::npos;
        })) << fleet.log().substr(seen);
        EXPECT_EQ(fleet.ask(), "200 good");
    }
    // The only one that waits gave way to the next.
    EXPECT_EQ(count(fleet.log(), "another reload has come, this one is given up"), 1u);
    EXPECT_EQ(fleet.workers(), workers);
    // And a good one is taken after all of them.
    fleet.configure("worker_processes 2;", "location / { return 200 better; }");
    EXPECT_EQ(fleet.run({"-s", "reload"}).code, 0);
    EXPECT_EQ(fleet.ask(), "200 better");
    for (const char* bad : {"Sanitizer", "runtime error", "exited on signal"})
        EXPECT_EQ(fleet.log().find(bad), std::string::npos);
}

}  // namespace
}  // namespace sluice::fault
