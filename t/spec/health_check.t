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



=== TEST 14: a uri for grpc
--- config
    location / { proxy_pass http://127.0.0.1:1; health_check uri=/x type=grpc; }
--- must_die
--- error_log: "uri" and "match" do not go with "type=grpc"
--- not_nginx: sold with NGINX Plus



=== TEST 15: gRPC's parameters without gRPC
--- config
    location / { proxy_pass http://127.0.0.1:1; health_check grpc_service=a; }
    location /b { proxy_pass http://127.0.0.1:1; health_check type=grpc grpc_status=17; }
--- must_die
--- error_log
"grpc_service" and "grpc_status" go with "type=grpc"
invalid parameter "grpc_status=17"
--- not_nginx: sold with NGINX Plus



=== TEST 16: who speaks no HTTP/2 is not healthy by gRPC
--- http_config
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; location / { return 200 ok; } }
--- config
    location /t { proxy_pass http://u; health_check type=grpc interval=50ms; }
    location /first { return 200 "first\n"; }
--- raw_request eval
["GET /first HTTP/1.1\r\nHost: a\r\n\r\n", "GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]
--- raw_request_middle_delay: 1.5
--- response_raw_like: (?s)first.*502 Bad Gateway
--- error_log: of "u" is unhealthy: no HTTP/2 is spoken there
--- not_nginx: sold with NGINX Plus



=== TEST 17: match: what is required must be a variable that there is
--- http_config
    match a { require $no_such_thing; }
--- config
--- must_die
--- error_log: unknown "no_such_thing" variable
--- not_nginx: sold with NGINX Plus



=== TEST 18: match: a word is no variable
--- http_config
    match a { require yes; }
--- config
--- must_die
--- error_log: invalid variable "yes"
--- not_nginx: sold with NGINX Plus



=== TEST 19: require: each variable has a value that is not 0
--- http_config
    map $upstream_http_x_load $calm { ~^[0-7]\d?$ yes; default 0; }
    map "$upstream_status $upstream_cookie_ready" $ready { "200 now" 1; }
    match able { status 200; header X-Load; require $calm $ready; require $upstream_addr; }
    upstream calm { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    upstream busy { server 127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    upstream young { server 127.0.0.1:$TEST_NGINX_RAND_PORT_3; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; add_header Set-Cookie "ready=now; Path=/"; add_header X-Load 5; return 200 calm; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_2; add_header Set-Cookie ready=now; add_header X-Load 93; return 200 busy; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_3; add_header X-Load 5; return 200 young; }
--- config
    location /calm { proxy_pass http://calm; health_check match=able interval=50ms mandatory; }
    location /busy { proxy_pass http://busy; health_check match=able interval=50ms; }
    location /young { proxy_pass http://young; health_check match=able interval=50ms; }
    location /first { return 200 "first\n"; }
--- raw_request eval
["GET /first HTTP/1.1\r\nHost: a\r\n\r\n", "GET /calm HTTP/1.1\r\nHost: a\r\n\r\nGET /busy HTTP/1.1\r\nHost: a\r\n\r\nGET /young HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]
--- raw_request_middle_delay: 1.5
--- response_raw_like: (?s)first.*200 OK.*calm.*502 Bad Gateway.*502 Bad Gateway
--- error_log
of "busy" is unhealthy: $calm is "0"
of "young" is unhealthy: $ready is ""
--- not_nginx: sold with NGINX Plus



=== TEST 20: require: variables of a request that nobody sent are empty, whichever they are
--- http_config
    map $request_method$uri$args$http_x$cookie_x$content_length$request_body$ssl_protocol$arg_x $empty { "" 1; }
    map "$remote_addr $server_addr $server_port $connection $request_id $tcpinfo_rtt $msec $document_root $request $request_uri $scheme $status $request_time $body_bytes_sent $upstream_response_time $upstream_trailer_x $remote_user $limit_rate $server_name $hostname $pid $server_protocol $realpath_root $request_filename $request_completion" $any { default 1; }
    match able { require $any; }
    match bare { require $empty; }
    upstream u { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    upstream v { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; return 200 fine; }
--- config
    location /u { proxy_pass http://u; health_check match=able interval=50ms mandatory; }
    location /v { proxy_pass http://v; health_check match=bare interval=50ms mandatory; }
    location /first { return 200 "first\n"; }
--- raw_request eval
["GET /first HTTP/1.1\r\nHost: a\r\n\r\n", "GET /u HTTP/1.1\r\nHost: a\r\n\r\nGET /v HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]
--- raw_request_middle_delay: 1.5
--- response_raw_like: (?s)first.*200 OK.*fine.*200 OK.*fine
--- not_nginx: sold with NGINX Plus
