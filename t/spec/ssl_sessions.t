# SPDX-License-Identifier: Apache-2.0
# Resuming sessions of clients.
use Test::Nginx::Socket 'no_plan';

our $Server = <<'_EOC_';
    ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
    ssl_certificate_key $TEST_NGINX_CERTS/localhost.key;
    ssl_protocols TLSv1.2 TLSv1.3;
_EOC_

our $Port = <<'_EOC_';
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    location /t { return 200 "$ssl_protocol $ssl_session_reused\n"; }
_EOC_

run_tests();

__DATA__

=== TEST 1: tickets, TLS 1.3
--- http_config eval: $::Server
--- config eval: $::Port
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: resume
--- request eval
["GET /t", "GET /t", "GET /t"]
--- response_body eval
["TLSv1.3 .\n", "TLSv1.3 r\n", "TLSv1.3 r\n"]
--- tls_is_like: (?s)new.*resumed.*resumed



=== TEST 2: tickets, TLS 1.2
--- http_config eval: $::Server
--- config eval: $::Port
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: resume version=1.2
--- request eval
["GET /t", "GET /t", "GET /t"]
--- response_body eval
["TLSv1.2 .\n", "TLSv1.2 r\n", "TLSv1.2 r\n"]



=== TEST 3: neither tickets nor a cache
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_session_tickets off;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: resume
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["TLSv1.3 .\n", "TLSv1.3 .\n"]



=== TEST 4: a shared cache, TLS 1.2
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_session_tickets off; ssl_session_cache shared:one:1m;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: resume version=1.2
--- request eval
["GET /t", "GET /t", "GET /t"]
--- response_body eval
["TLSv1.2 .\n", "TLSv1.2 r\n", "TLSv1.2 r\n"]



=== TEST 5: a shared cache, TLS 1.3
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_session_tickets off; ssl_session_cache shared:one:1m;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: resume version=1.3
--- request eval
["GET /t", "GET /t", "GET /t"]
--- response_body eval
["TLSv1.3 .\n", "TLSv1.3 r\n", "TLSv1.3 r\n"]



=== TEST 6: the worker's own cache
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_session_tickets off; ssl_session_cache builtin;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: resume version=1.2
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["TLSv1.2 .\n", "TLSv1.2 r\n"]



=== TEST 7: cache off
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_session_tickets off; ssl_session_cache off;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: resume version=1.2
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["TLSv1.2 .\n", "TLSv1.2 .\n"]



=== TEST 8: what is too old is not resumed
--- http_config eval: $::Server
--- config eval
$::Port . "
    ssl_session_tickets off; ssl_session_cache shared:one:1m; ssl_session_timeout 1s;
"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: resume version=1.2 pause=2.1
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["TLSv1.2 .\n", "TLSv1.2 .\n"]



=== TEST 9: nor are tickets
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_session_timeout 1s;"
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: resume version=1.2 pause=3.1
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["TLSv1.2 .\n", "TLSv1.2 .\n"]



=== TEST 10: ssl_session_ticket_key
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_session_ticket_key $TEST_NGINX_HTML_DIR/key80; ssl_session_ticket_key $TEST_NGINX_HTML_DIR/key48;"
--- user_files eval
[["key80", "n" x 16 . "h" x 32 . "a" x 32], ["key48", "m" x 16 . "h" x 16 . "a" x 16]]
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: resume
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["TLSv1.3 .\n", "TLSv1.3 r\n"]



=== TEST 11: a key of another size
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_session_ticket_key $TEST_NGINX_HTML_DIR/index.html;"
--- must_die
--- error_log eval: qr/\[emerg\] .*"[^"]*index\.html" must be 48 or 80 bytes in .*nginx\.conf:\d+/



=== TEST 12: a key that is not there
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_session_ticket_key none;"
--- must_die
--- error_log eval: qr/open\(\) ".*none" failed \(2: No such file or directory\) in .*nginx\.conf:\d+/



=== TEST 13: a cache that is none
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_session_cache foo;"
--- must_die
--- error_log: invalid session cache "foo" in



=== TEST 14: a cache that is too small
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_session_cache shared:one:1k;"
--- must_die
--- error_log: session cache "shared:one:1k" is too small in



=== TEST 15: without a size
--- http_config eval: $::Server
--- config eval
$::Port . "ssl_session_cache shared:one;"
--- must_die
--- error_log: invalid session cache "shared:one" in



=== TEST 16: a session is of no use at a server that asks for a certificate
--- http_config eval
$::Server . '
    server { listen $TEST_NGINX_RAND_PORT_0 ssl; server_name a.test; return 200 "$ssl_session_reused\n"; }
    server {
        listen $TEST_NGINX_RAND_PORT_0 ssl; server_name b.test; return 200 "$ssl_session_reused $ssl_client_verify\n";
        ssl_verify_client optional;
        ssl_client_certificate $TEST_NGINX_CERTS/ca.pem;
    }
'
--- config
--- not_nginx: 1.22 resumes it
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: resume sni=a.test,b.test
--- more_headers eval
["Host: a.test", "Host: b.test"]
--- request eval
["GET /", "GET /"]
--- response_body eval
[".\n", ". NONE\n"]



=== TEST 17: early data
--- http_config eval: $::Server
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_early_data on;
    location /t { return 200 "[$ssl_early_data] $ssl_session_reused\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: early
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["[] .\n", "[1] r\n"]
--- tls_is_like: (?s)new,.* resumed early,



=== TEST 18: early data with a body, to an upstream
--- http_config eval: $::Server
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_early_data on;
    location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/u; proxy_set_header Early-Data $ssl_early_data; }
    location /u { return 200 "$request_method [$http_early_data]\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: early
--- request eval
["GET /t", "POST /t
" . "x" x 10000]
--- response_body eval
["GET []\n", "POST [1]\n"]



=== TEST 19: no early data unless it is asked for
--- http_config eval: $::Server
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    location /t { return 200 "[$ssl_early_data] $ssl_session_reused\n"; }
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: early
--- request eval
["GET /t", "GET /t"]
--- response_body eval
["[] .\n", "[] r\n"]



=== TEST 20: early data again and again, each time ended with close_notify
--- http_config eval: $::Server
--- config
    listen $TEST_NGINX_RAND_PORT_0 ssl;
    ssl_early_data on;
    location /t { return 200 "[$ssl_early_data] $ssl_session_reused\n"; }
--- not_nginx: it closes before the client's part of the handshake has come
--- connect: $TEST_NGINX_RAND_PORT_0
--- tls: early
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t"]
--- response_body eval
["[] .\n", "[1] r\n", "[1] r\n", "[1] r\n"]
--- tls_is_like: (?s)resumed early, close_notify.*resumed early, close_notify.*resumed early, close_notify
