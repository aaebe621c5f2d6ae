# SPDX-License-Identifier: Apache-2.0
# health_check and match: what may be written. What they do: t/fault/health_test.cc.
use Test::Nginx::Socket 'no_plan';

our $Back = <<'_EOC_';
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 ssl;
        ssl_certificate $TEST_NGINX_CERTS/localhost.pem;
        ssl_certificate_key $TEST_NGINX_CERTS/localhost.key;
        location / { return 200 "ok\n"; }
        location /health { return 204; }
    }
_EOC_

run_tests();

__DATA__

=== TEST 1: no group to check
--- config
    location / { health_check; }
--- must_die
--- error_log eval
qr/\[emerg\] .*no upstream group to check in \S+nginx\.conf:\d+/
--- not_nginx: sold with NGINX Plus



=== TEST 2: a match that is not there
--- config
    location / { proxy_pass http://127.0.0.1:1; health_check match=none; }
--- must_die
--- error_log: unknown match "none"
--- not_nginx: sold with NGINX Plus



=== TEST 3: an interval that is none
--- config
    location / { proxy_pass http://127.0.0.1:1; health_check interval=0; }
--- must_die
--- error_log: invalid parameter "interval=0"
--- not_nginx: sold with NGINX Plus



=== TEST 4: an unknown type
--- config
    location / { proxy_pass http://127.0.0.1:1; health_check type=icmp; }
--- must_die
--- error_log: invalid parameter "type=icmp"
--- not_nginx: sold with NGINX Plus



=== TEST 5: a uri for tcp
--- config
    location / { proxy_pass http://127.0.0.1:1; health_check type=tcp uri=/x; }
--- must_die
--- error_log: "uri" and "match" do not go with "type=tcp"
--- not_nginx: sold with NGINX Plus



=== TEST 6: more checks of a group than four
--- config
    location / { proxy_pass http://127.0.0.1:1; health_check uri=/1; health_check uri=/2; health_check uri=/3; health_check uri=/4; health_check uri=/5; }
--- must_die
--- error_log: more than 4 health checks of upstream
--- not_nginx: sold with NGINX Plus



=== TEST 7: match: a status that is none
--- http_config
    match a { status 20x; }
--- config
--- must_die
--- error_log: invalid status "20x"
--- not_nginx: sold with NGINX Plus



=== TEST 8: match: twice the same name
--- http_config
    match a { status 200; }
    match a { status 200; }
--- config
--- must_die
--- error_log: duplicate match "a"
--- not_nginx: sold with NGINX Plus



=== TEST 9: match: unknown words
--- http_config
    match a { colour red; }
--- config
--- must_die
--- error_log: unknown parameter "colour"
--- not_nginx: sold with NGINX Plus



=== TEST 10: mandatory: nobody answers, nobody is asked
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    server { listen $TEST_NGINX_RAND_PORT_1; location / { return 200 ok; } location /health { return 503; } }
    server { listen $TEST_NGINX_RAND_PORT_2; location / { return 200 ok; } location /health { return 404; } }
--- config
    location / { proxy_pass http://u; health_check uri=/health mandatory; }
--- request
GET /t
--- error_code: 502
--- error_log: no live upstreams while connecting to upstream
--- not_nginx: sold with NGINX Plus



=== TEST 11: over TLS: who answers is healthy
--- http_config eval: $::Back
--- config
    location /t { proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1; health_check uri=/health interval=50ms mandatory; }
    location /first { return 200 "first\n"; }
--- raw_request eval
["GET /first HTTP/1.1\r\nHost: a\r\n\r\n", "GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]
--- raw_request_middle_delay: 1.5
--- response_raw_like: (?s)first.*200 OK.*ok\n$
--- not_nginx: sold with NGINX Plus



=== TEST 12: over TLS: who cannot prove who he is is not
--- http_config eval: $::Back
--- config
    location /t { proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1; proxy_ssl_verify on; proxy_ssl_name other.test;
                  proxy_ssl_trusted_certificate $TEST_NGINX_CERTS/ca.pem; health_check uri=/health interval=50ms; }
    location /first { return 200 "first\n"; }
--- raw_request eval
["GET /first HTTP/1.1\r\nHost: a\r\n\r\n", "GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]
--- raw_request_middle_delay: 1.5
--- response_raw_like: (?s)first.*502 Bad Gateway
--- error_log: is unhealthy: upstream SSL certificate
--- not_nginx: sold with NGINX Plus



=== TEST 13: who speaks no HTTP is probed by TCP only
--- config
    location / { fastcgi_pass 127.0.0.1:1; health_check; }
--- must_die
--- error_log: no HTTP is spoken with this upstream group
--- not_nginx: sold with NGINX Plus
